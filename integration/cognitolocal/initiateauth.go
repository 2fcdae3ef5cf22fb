package cognitolocal

import "slices"

type initiateAuthInput struct {
	AuthFlow       string
	ClientID       string `json:"ClientId"`
	AuthParameters map[string]string
	Session        string
}

// authOutput is the answer of every operation that issues tokens.
type authOutput struct {
	AuthenticationResult authResult
	// ChallengeParameters is an empty object when there is no challenge; a
	// nil map, as for GetTokensFromRefreshToken, is left out.
	ChallengeParameters map[string]string `json:",omitzero"`
}

type authResult struct {
	AccessToken  string
	ExpiresIn    int64
	IDToken      string `json:"IdToken"`
	RefreshToken string `json:",omitempty"`
	TokenType    string

	NewDeviceMetadata *newDeviceMetadata `json:",omitempty"`
}

// authFlow is one value of AuthFlow: the setting that allows it, and its first
// step.
type authFlow struct {
	allowedBy string
	run       func(*Pool, Client, initiateAuthInput) (outcome, error)
}

var authFlows = map[string]authFlow{
	"USER_PASSWORD_AUTH": {AllowUserPasswordAuth, (*Pool).passwordAuth},
	"USER_SRP_AUTH":      {AllowUserSRPAuth, (*Pool).srpAuth},
	"USER_AUTH":          {AllowUserAuth, (*Pool).userAuth},
	"CUSTOM_AUTH":        {AllowCustomAuth, (*Pool).customAuth},
	"REFRESH_TOKEN_AUTH": {AllowRefreshTokenAuth, refreshFlow},
	"REFRESH_TOKEN":      {AllowRefreshTokenAuth, refreshFlow},
}

func refreshFlow(p *Pool, c Client, in initiateAuthInput) (outcome, error) {
	return granted(p.refreshAuth(c, in.AuthParameters))
}

func (p *Pool) initiateAuth(in initiateAuthInput) (any, error) {
	flow, ok := authFlows[in.AuthFlow]
	if !ok {
		return nil, invalidParameter("Initiate Auth method not supported.")
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.AuthFlows, flow.allowedBy) {
		return nil, invalidParameter(in.AuthFlow + " flow not enabled for this client")
	}
	next, err := flow.run(p, c, in)
	if err != nil {
		return nil, err
	}
	return p.answer(next)
}

func (p *Pool) client(id string) (Client, error) {
	if id == "" {
		return Client{}, invalidParameter("Missing required parameter ClientId")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[id]
	if !ok {
		return Client{}, noSuchClient(id)
	}
	return c, nil
}

// tokens signs what the grant allows. It runs without the lock: signing takes
// most of the time of a request.
func (p *Pool) tokens(g grant) (*authOutput, error) {
	if g.issuer == "" {
		return nil, errNoIssuer
	}
	id, err := p.signClaims(IDToken, g.idClaims())
	if err != nil {
		return nil, err
	}
	access, err := p.signClaims(AccessToken, g.accessClaims())
	if err != nil {
		return nil, err
	}
	return &authOutput{AuthenticationResult: authResult{
		AccessToken: access, IDToken: id, RefreshToken: g.refresh,
		ExpiresIn: int64(g.client.AccessTokenLifetime.Seconds()), TokenType: "Bearer",
	}}, nil
}
