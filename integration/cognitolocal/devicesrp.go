package cognitolocal

import "math/big"

// checkDeviceKey refuses a key that is none of the user's confirmed devices.
// The caller holds the lock.
func (p *Pool) checkDeviceKey(a *attempt, u *User) error {
	if a.deviceKey == "" || p.auth.settings.Devices == DevicesOff {
		return nil
	}
	if d := p.auth.factorsOf(u).device(a.deviceKey); d == nil || !d.confirmed {
		return noSuchDevice()
	}
	return nil
}

// rememberedDevice is the device of the attempt that can prove itself, or nil.
// The caller holds the lock.
func (p *Pool) rememberedDevice(a *attempt, u *User) *device {
	d := p.auth.factorsOf(u).device(a.deviceKey)
	if p.auth.settings.Devices == DevicesOff || d == nil || !d.remembered {
		return nil
	}
	return d
}

// deviceStage makes a remembered device prove itself.
func (p *Pool) deviceStage(a *attempt, u *User, c Client) (*outcome, error) {
	d := p.rememberedDevice(a, u)
	if d == nil || a.deviceDone || a.first != FactorPassword {
		return nil, nil
	}
	next := p.ask(a, c, pending{challenge: challengeDevice}, map[string]string{"DEVICE_KEY": d.key})
	return &next, nil
}

// answerDevice starts SRP about the device's secret.
func (p *Pool) answerDevice(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "DEVICE_KEY", "SRP_A"); err != nil {
		return outcome{}, err
	}
	publicA, err := parseSRPA(answers["SRP_A"])
	if err != nil {
		return outcome{}, invalidParameter("Invalid SRP_A")
	}
	d, err := p.attemptDevice(a)
	if err != nil {
		return outcome{}, err
	}
	x := &srpExchange{identity: d.group + d.key, salt: d.salt, verifier: d.verifier, a: publicA}
	x.start(new(big.Int).SetBytes(randomBytes(srpSecret)), p.now())
	params := x.params()
	params["DEVICE_KEY"], params["USERNAME"] = d.key, a.userID
	return p.ask(a, c, pending{challenge: challengeDeviceVerifier, srp: x}, params), nil
}

// attemptDevice is the remembered device of the attempt. The caller holds the
// lock.
func (p *Pool) attemptDevice(a *attempt) (*device, error) {
	u := p.userBySub(a.sub)
	if u == nil {
		return nil, notAuthorized(invalidSession)
	}
	if d := p.rememberedDevice(a, u); d != nil {
		return d, nil
	}
	return nil, noSuchDevice()
}

// answerDeviceVerifier checks the proof of the device's secret.
func (p *Pool) answerDeviceVerifier(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "DEVICE_KEY"); err != nil {
		return outcome{}, err
	}
	d, err := p.attemptDevice(a)
	if err != nil {
		return outcome{}, err
	}
	ok, err := a.pending.srp.accepts(answers, p.now())
	switch {
	case err != nil:
		return outcome{}, err
	// The key may have been exchanged between the two answers.
	case !ok || a.pending.srp.identity != d.group+d.key:
		return outcome{}, notAuthorized(wrongPassword)
	}
	a.deviceDone = true
	return p.advance(a, c)
}
