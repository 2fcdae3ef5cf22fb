package cognitolocal

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

type getIDInput struct {
	IdentityPoolID string `json:"IdentityPoolId"`
	Logins         map[string]string
}

type getCredentialsInput struct {
	IdentityID    string `json:"IdentityId"`
	CustomRoleARN string `json:"CustomRoleArn"`
	Logins        map[string]string
}

type identityOutput struct {
	IdentityID  string             `json:"IdentityId"`
	Credentials *credentialsOutput `json:",omitempty"`
	Token       string             `json:",omitempty"`
}

// credentialsOutput spells the secret as this service does, unlike STS.
type credentialsOutput struct {
	AccessKeyID  string `json:"AccessKeyId"`
	SecretKey    string
	SessionToken string
	Expiration   json.RawMessage
}

// enhancedSession is the session name of the enhanced flow.
const enhancedSession = "CognitoIdentityCredentials"

// holder is somebody whose identity is proven: by login tokens, or, for a
// guest, by knowing its ID.
type holder struct {
	pool       *IdentityPool
	identityID string
	proofs     []proof
}

// getID answers with the identity of the logins, and with a new one for every
// guest.
func (a *account) getID(in getIDInput) (any, error) {
	pool, err := a.identityPool(in.IdentityPoolID)
	if err != nil {
		return nil, err
	}
	proofs, err := pool.verifyAll(in.Logins)
	if err != nil {
		return nil, err
	}
	if len(proofs) == 0 {
		if !pool.opts.Guests {
			return nil, guestsRefused()
		}
		return identityOutput{IdentityID: pool.store.guest()}, nil
	}
	id, err := pool.store.of(loginsOf(proofs))
	if err != nil {
		return nil, err
	}
	return identityOutput{IdentityID: id}, nil
}

// getCredentials is the enhanced flow.
func (a *account) getCredentials(in getCredentialsInput) (any, error) {
	pool, err := a.poolOfIdentity(in.IdentityID)
	if err != nil {
		return nil, err
	}
	who, err := pool.prove(in.IdentityID, in.Logins)
	if err != nil {
		return nil, err
	}
	role, err := pool.role(who.proofs, in.CustomRoleARN)
	if err != nil {
		return nil, err
	}
	session, err := a.enhanced(who, role)
	if err != nil {
		return nil, err
	}
	return identityOutput{IdentityID: who.identityID, Credentials: &credentialsOutput{
		AccessKeyID: session.AccessKeyID, SecretKey: session.SecretAccessKey,
		SessionToken: session.SessionToken, Expiration: epochSeconds(session.Expires),
	}}, nil
}

// enhanced issues credentials for the role, if it trusts the pool.
func (a *account) enhanced(who holder, role string) (Session, error) {
	arn, ok := assumedRoleARN(role, enhancedSession)
	if !ok || !a.trustsHolder(role, who) {
		return Session{}, invalidConfiguration()
	}
	return a.issue(Session{
		Expires: a.now().Add(who.pool.opts.CredentialsLifetime), RoleARN: role, SessionARN: arn,
		IdentityID: who.identityID, Subject: who.subject(),
	}), nil
}

// getOpenIDToken is the basic flow: it only vouches for the identity.
func (a *account) getOpenIDToken(in getCredentialsInput) (any, error) {
	pool, err := a.poolOfIdentity(in.IdentityID)
	if err != nil {
		return nil, err
	}
	// Both were seen as InvalidParameterException (aws-cli issue 7652).
	if !pool.opts.Classic {
		return nil, invalidParameter("Basic (classic) flow is not enabled, please use enhanced flow.")
	}
	if len(pool.opts.RoleMappings) > 0 {
		return nil, invalidParameter("Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.")
	}
	who, err := pool.prove(in.IdentityID, in.Logins)
	if err != nil {
		return nil, err
	}
	token, err := who.openIDToken()
	if err != nil {
		return nil, err
	}
	return identityOutput{IdentityID: who.identityID, Token: token}, nil
}

// prove finds out who asks for the identity.
func (ip *IdentityPool) prove(identityID string, logins map[string]string) (holder, error) {
	proofs, err := ip.verifyAll(logins)
	switch {
	case err != nil:
		return holder{}, err
	case len(proofs) > 0:
		id, err := ip.store.prove(identityID, loginsOf(proofs))
		return holder{ip, id, proofs}, err
	case !ip.opts.Guests:
		return holder{}, guestsRefused()
	case !ip.store.isGuest(identityID):
		return holder{}, notAuthorized("Access to Identity '" + identityID + "' is forbidden.")
	}
	return holder{pool: ip, identityID: identityID}, nil
}

func guestsRefused() error {
	return notAuthorized("Unauthenticated access is not supported for this identity pool.")
}

func loginsOf(proofs []proof) []login {
	out := make([]login, 0, len(proofs))
	for _, p := range proofs {
		out = append(out, p.login)
	}
	return out
}

// subject is the user pool's subject, "" for a guest.
func (h holder) subject() string {
	if len(h.proofs) == 0 {
		return ""
	}
	return h.proofs[0].sub
}

func (a *account) identityPool(id string) (*IdentityPool, error) {
	if !identityIDPattern.MatchString(id) {
		return nil, badIdentityID(id, "identityPoolId")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	pool := a.pools[id]
	if pool == nil {
		return nil, resourceNotFound("IdentityPool '" + id + "' not found.")
	}
	return pool, nil
}

// poolOfIdentity finds the pool of an identity: these operations do not name it.
func (a *account) poolOfIdentity(id string) (*IdentityPool, error) {
	if !identityIDPattern.MatchString(id) {
		return nil, badIdentityID(id, "identityId")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pool := range a.pools {
		if pool.store.has(id) {
			return pool, nil
		}
	}
	return nil, identityNotFound(id)
}

func badIdentityID(id, member string) error {
	return constraint(id, member, `satisfy regular expression pattern: [\w-]+:[0-9a-f-]+`)
}

// constraint is the text AWS makes of its service models. The service answers
// with it as ValidationException, which its model does not list.
func constraint(value, member, rule string) error {
	return validationException("1 validation error detected: " + violation(value, member, rule))
}

func violation(value, member, rule string) string {
	return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// epochSeconds is a number as the service writes it, with an exponent: a client
// that expects an integer must notice.
func epochSeconds(t time.Time) json.RawMessage {
	return json.RawMessage(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'E', -1, 64))
}
