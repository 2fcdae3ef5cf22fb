package cognitolocal

import "errors"

type refreshInput struct {
	ClientID     string `json:"ClientId"`
	ClientSecret string
	RefreshToken string
	DeviceKey    string
}

// refreshAuth is the flow REFRESH_TOKEN_AUTH: new ID and access tokens, and no
// refresh token.
func (p *Pool) refreshAuth(c Client, params map[string]string) (grant, error) {
	raw := params["REFRESH_TOKEN"]
	if raw == "" {
		return grant{}, invalidParameter("Missing required parameter REFRESH_TOKEN")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t, u, err := p.redeem(raw, c, params["DEVICE_KEY"])
	if err != nil {
		return grant{}, err
	}
	// At refresh the hash covers the real username, never the alias that the
	// user signed in with.
	if err := c.checkSecretHash(params["SECRET_HASH"], u.Username); err != nil {
		return grant{}, err
	}
	return p.grant(u, c, t.family), nil
}

// getTokensFromRefreshToken works with and without rotation, and takes the
// plain client secret.
func (p *Pool) getTokensFromRefreshToken(in refreshInput) (any, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return nil, err
	}
	if in.RefreshToken == "" {
		return nil, invalidParameter("Missing required parameter RefreshToken")
	}
	if !c.secretMatches(in.ClientSecret) {
		return nil, notAuthorized("Unable to verify client secret for client " + c.ID)
	}
	g, err := p.rotatingGrant(in.RefreshToken, c, in.DeviceKey)
	if err != nil {
		return nil, err
	}
	return p.tokens(g)
}

func (p *Pool) rotatingGrant(raw string, c Client, deviceKey string) (grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, u, err := p.redeem(raw, c, deviceKey)
	if err != nil {
		return grant{}, err
	}
	g := p.grant(u, c, t.family)
	if c.RotateRefreshTokens {
		g.refresh = p.sessions.rotate(t, g.now)
	}
	return g, nil
}

// redeem finds the token and the user as they are now: a disabled user cannot
// refresh. The caller holds the lock.
func (p *Pool) redeem(raw string, c Client, deviceKey string) (*refreshToken, *User, error) {
	t, err := p.sessions.redeem(raw, c, p.now())
	if err != nil {
		return nil, nil, refreshError(err)
	}
	u := p.userBySub(t.sub)
	if u == nil {
		return nil, nil, refreshError(errTokenRevoked)
	}
	if err := u.maySignIn(); err != nil {
		return nil, nil, err
	}
	if err := p.checkDeviceOf(t.family, u, deviceKey); err != nil {
		return nil, nil, err
	}
	return t, u, nil
}

func refreshError(err error) error {
	switch {
	case errors.Is(err, errTokenReused):
		return &apiError{refreshTokenReuse, "Refresh token has been invalidated by rotation"}
	case errors.Is(err, errTokenRevoked):
		return notAuthorized("Refresh Token has been revoked")
	case errors.Is(err, errTokenExpired):
		return notAuthorized("Refresh Token has expired")
	}
	return notAuthorized("Invalid Refresh Token")
}
