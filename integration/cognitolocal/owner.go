package cognitolocal

// asOwner runs an operation for the owner of the access token, with the pool
// locked.
func (p *Pool) asOwner(token string, run func(*User, Client) (any, error)) (any, error) {
	claims, err := p.checkAccessToken(token)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, c, err := p.tokenOwner(claims)
	if err != nil {
		return nil, err
	}
	return run(u, c)
}

// globalSignOut ends every session of the owner.
func (p *Pool) globalSignOut(in getUserInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		p.sessions.revokeUser(u.Sub)
		return struct{}{}, nil
	})
}

type changePasswordInput struct {
	AccessToken      string
	PreviousPassword string
	ProposedPassword string
}

// changePassword takes the old password and the new one.
func (p *Pool) changePassword(in changePasswordInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, c Client) (any, error) {
		if err := p.auth.spend(quotaChangePassword, u.Username, p.now()); err != nil {
			return nil, err
		}
		// A passwordless user sets the first one this way.
		if u.Password != "" {
			if err := p.checkPassword(u, c, u.Username, in.PreviousPassword); err != nil {
				return nil, err
			}
		}
		if err := p.auth.settings.Passwords.check(in.ProposedPassword); err != nil {
			return nil, err
		}
		u.Password = in.ProposedPassword
		return struct{}{}, nil
	})
}
