package cognitolocal

import (
	"fmt"
	"time"
)

// assumeRole is AssumeRoleWithWebIdentity: a token becomes credentials.
func (a *account) assumeRole(in assumeRoleInput) (assumeRoleResult, error) {
	duration, err := in.validate()
	if err != nil {
		return assumeRoleResult{}, err
	}
	who, err := a.openWebIdentity(in.WebIdentityToken)
	if err != nil {
		return assumeRoleResult{}, err
	}
	role, err := a.roleFor(in.RoleARN, who)
	if err != nil {
		return assumeRoleResult{}, err
	}
	if duration > role.MaxDuration {
		return assumeRoleResult{}, stsValidation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	arn, _ := assumedRoleARN(role.ARN, in.RoleSessionName) // AddRole checked it
	session := Session{Expires: a.now().Add(duration), RoleARN: role.ARN, SessionARN: arn, Policy: in.Policy}
	session.IdentityID, session.Subject = who.names()
	return assumeRoleResult{
		SubjectFromWebIdentityToken: who.subject, Audience: who.audience, Provider: who.provider,
		AssumedRoleUser: assumedRoleUser{arn, role.id + ":" + in.RoleSessionName},
		Credentials:     stsCredentialsOf(a.issue(session)),
	}, nil
}

// names are the identity of the identity pool and the subject of the user pool,
// as far as the token tells.
func (w webIdentity) names() (identityID, subject string) {
	if w.userPool != nil {
		return "", w.subject
	}
	return w.subject, subjectOfAMR(w.amr)
}

// roleFor does not tell a role that does not exist from one that may not be
// assumed.
func (a *account) roleFor(arn string, who webIdentity) (storedRole, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	role, ok := a.roles[arn]
	if !ok || !role.trusts(who) {
		return storedRole{}, &apiError{"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	return role, nil
}

func invalidIdentityToken(message string) error {
	return &apiError{"InvalidIdentityToken", message}
}

// openWebIdentity verifies the token. Whether a role wants it is not asked.
func (a *account) openWebIdentity(raw string) (webIdentity, error) {
	claims, err := peekToken(raw)
	if err != nil {
		return webIdentity{}, invalidIdentityToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	who, keyOf, err := a.issuerOf(text(claims, "iss"))
	if err != nil {
		return webIdentity{}, err
	}
	if _, err := openToken(raw, keyOf); err != nil {
		return webIdentity{}, invalidIdentityToken("Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements")
	}
	return a.checkWebIdentity(who, claims)
}

// issuerOf finds who vouches with which keys.
func (a *account) issuerOf(issuer string) (webIdentity, func(string) *signingKey, error) {
	if issuer == openIDIssuer {
		key, err := openIDKey()
		return webIdentity{provider: withoutScheme(issuer)}, func(string) *signingKey { return key }, err
	}
	if p := a.trustedUserPool(issuer); p != nil {
		return webIdentity{provider: issuer, userPool: p}, p.trustedKey, nil
	}
	return webIdentity{}, nil, invalidIdentityToken("No OpenIDConnect provider found in your account for " + issuer)
}

// trustedUserPool finds the pool of an issuer among those that any role trusts.
func (a *account) trustedUserPool(issuer string) *Pool {
	for _, t := range a.userPoolTrust() {
		if t.UserPool.Issuer() == issuer {
			return t.UserPool
		}
	}
	return nil
}

// userPoolTrust are the statements about user pools of all roles: together they
// are the account's OIDC providers with their audiences.
func (a *account) userPoolTrust() []Trust {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Trust
	for _, role := range a.roles {
		for _, t := range role.Trust {
			if t.UserPool != nil {
				out = append(out, t)
			}
		}
	}
	return out
}

// checkWebIdentity judges the claims of a token with a good signature. As in
// IAM the use of the token does not matter: an access token fails because it
// has no audience.
func (a *account) checkWebIdentity(who webIdentity, claims map[string]any) (webIdentity, error) {
	for _, name := range []string{"aud", "exp", "sub"} {
		if claims[name] == nil {
			return webIdentity{}, invalidIdentityToken("Missing a required claim: " + name)
		}
	}
	who.audience, who.subject = text(claims, "aud"), text(claims, "sub")
	who.expires = time.Unix(number(claims, "exp"), 0)
	who.amr = texts(claims, "amr")
	if now := a.now(); !now.Before(who.expires) {
		return webIdentity{}, &apiError{"ExpiredTokenException", fmt.Sprintf(
			"Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), who.expires.Unix())}
	}
	if who.userPool != nil && !a.knownAudience(who) {
		return webIdentity{}, invalidIdentityToken("Incorrect token audience")
	}
	return who, nil
}

func (a *account) knownAudience(who webIdentity) bool {
	for _, t := range a.userPoolTrust() {
		if t.covers(who) {
			return true
		}
	}
	return false
}
