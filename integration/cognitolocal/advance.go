package cognitolocal

// stage is one thing a user may have to do between the first factor and the
// tokens. It returns nil when there is nothing to do. It is called with the
// lock held.
type stage func(p *Pool, a *attempt, u *User, c Client) (*outcome, error)

// stages in their order. The device comes last, also where it stands for the
// second factor: clients take what follows its proof for tokens.
var stages = []stage{
	(*Pool).newPasswordStage, (*Pool).mfaStage, (*Pool).customStage, (*Pool).deviceStage,
}

// pass records the first factor and goes on. The caller holds the lock.
func (p *Pool) pass(a *attempt, c Client, factor string) (outcome, error) {
	a.first = factor
	return p.advance(a, c)
}

// advance finds out what the user has to do next, or issues tokens. It judges
// from the start each time, so that what changes meanwhile counts: a device that
// is forgotten stands for no second factor. The caller holds the lock.
func (p *Pool) advance(a *attempt, c Client) (outcome, error) {
	u := p.userBySub(a.sub)
	if u == nil { // removed meanwhile
		return outcome{}, notAuthorized(wrongPassword)
	}
	if err := u.maySignIn(); err != nil {
		return outcome{}, err
	}
	if err := p.checkDeviceKey(a, u); err != nil {
		return outcome{}, err
	}
	for _, run := range stages {
		next, err := run(p, a, u, c)
		if err != nil {
			return outcome{}, err
		}
		if next != nil {
			return *next, nil
		}
	}
	return p.finish(a, u, c), nil
}

// finish opens a session of the user: of the browser, where the sign-in is one
// at the hosted pages. The caller holds the lock.
func (p *Pool) finish(a *attempt, u *User, c Client) outcome {
	if a.hosted {
		signIn, cookie := p.startHosted(u.Sub, ProviderCognito)
		return outcome{atPage: &signIn, cookie: cookie}
	}
	f, refresh := p.sessions.start(u.Sub, c, p.now())
	fresh := p.bindDevice(f, a, u)
	g := p.grant(u, c, f)
	g.refresh = refresh
	return outcome{signedIn: &g, newDevice: fresh}
}
