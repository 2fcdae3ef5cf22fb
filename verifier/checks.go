package verifier

import (
	"slices"
	"strconv"
	"time"
)

// checkTokenUse keeps ID and access tokens apart: they are signed alike, and an
// ID token that passed for an access token would carry rights it was not given.
func checkTokenUse(claims *object) (TokenUse, error) {
	use, _, err := claims.stringMember("token_use")
	if err != nil {
		return "", err
	}
	if use := TokenUse(use); use == Access || use == ID {
		return use, nil
	}
	return "", refuse(ErrTokenUse, "token_use", use, string(Access), string(ID))
}

// maxTime is the end of the year 9999: beyond it, arithmetic with times is off.
const maxTime = 253_402_300_799

// checkTimes requires exp; RFC 7519 makes it optional, Cognito always sets it,
// and a token without it would be valid for ever.
func checkTimes(claims *object, leeway time.Duration, now time.Time) (expiry int64, err error) {
	expiry, ok, err := intMember(claims, "exp")
	if err != nil || !ok || expiry > maxTime {
		return 0, malformed("exp")
	}
	if expired(expiry, leeway, now) {
		return 0, refuse(ErrExpired, "exp", strconv.FormatInt(expiry, 10))
	}
	notBefore, ok, err := intMember(claims, "nbf")
	if err != nil {
		return 0, err
	}
	if ok && now.Add(leeway).Unix() < notBefore {
		return 0, refuse(ErrNotYetValid, "nbf", strconv.FormatInt(notBefore, 10))
	}
	return expiry, nil
}

// expired follows RFC 7519 §4.1.4: on or after exp, the token must not be used.
func expired(expiry int64, leeway time.Duration, now time.Time) bool {
	return now.Add(-leeway).Unix() >= expiry
}

// checkClient: an ID token names its client in aud, an access token in client_id.
func (v *Verifier) checkClient(claims *object, use TokenUse) error {
	name := "client_id"
	if use == ID {
		name = "aud"
	}
	client, ok, err := claims.stringMember(name)
	if err != nil {
		return err
	}
	if !ok || !v.acceptsClient(client) {
		return refuse(ErrClient, name, client, v.opts.Clients...)
	}
	if use == Access {
		return v.checkAudience(claims)
	}
	return nil
}

func (v *Verifier) acceptsClient(client string) bool {
	return slices.Contains(v.opts.Clients, client) || v.opts.SkipClientCheck && client != ""
}

// checkAudience: an access token has an aud only when it was bound to a resource
// or a trigger added its client ID. A token bound to another resource is not for
// us (RFC 8707 §2).
func (v *Verifier) checkAudience(claims *object) error {
	raw, ok := claims.get("aud")
	if !ok {
		return nil
	}
	accepted, last := false, ""
	client, _, _ := claims.stringMember("client_id")
	eachString(raw, func(aud string) bool {
		last = aud
		accepted = aud == client || slices.Contains(v.opts.Clients, aud) || slices.Contains(v.opts.Audiences, aud)
		return !accepted
	})
	if !accepted {
		return refuse(ErrClient, "aud", last, v.opts.Audiences...)
	}
	return nil
}

// checkTypes refuses registered claims of the wrong type, so that nothing after
// this has to think about them.
func checkTypes(claims *object) error {
	if sub, _, err := claims.stringMember("sub"); err != nil || sub == "" {
		return malformed("sub")
	}
	for _, name := range [...]string{"username", "cognito:username", "scope", "client_id", "jti", "origin_jti"} {
		if raw, ok := claims.get(name); ok && raw[0] != '"' {
			return malformed(name)
		}
	}
	for _, name := range [...]string{"iat", "auth_time"} {
		if _, _, err := intMember(claims, name); err != nil {
			return err
		}
	}
	if raw, ok := claims.get("cognito:groups"); ok && !isStringArray(raw) {
		return malformed("cognito:groups")
	}
	if raw, ok := claims.get("aud"); ok && raw[0] != '"' && !isStringArray(raw) {
		return malformed("aud")
	}
	return nil
}

// intMember is a NumericDate as Cognito writes it: a plain integer.
func intMember(claims *object, name string) (value int64, ok bool, err error) {
	raw, ok := claims.get(name)
	if !ok {
		return 0, false, nil
	}
	value, err = strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return 0, true, malformed(name)
	}
	return value, true, nil
}

func isStringArray(raw string) bool {
	if raw[0] != '[' {
		return false
	}
	for element := range Elements(raw) {
		if element[0] != '"' {
			return false
		}
	}
	return true
}
