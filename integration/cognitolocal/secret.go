package cognitolocal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// SecretHash returns the SECRET_HASH parameter for a username, as a client of
// Cognito computes it: base64 of HMAC-SHA256 over username and client ID.
func SecretHash(secret, username, clientID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// checkSecretHash checks SECRET_HASH for the username that the operation
// demands. A hash sent to a client without a secret is an error too.
func (c Client) checkSecretHash(hash, username string) error {
	if len(c.Secrets) == 0 {
		if hash == "" {
			return nil
		}
		return notAuthorized("Unable to verify secret hash for client " + c.ID)
	}
	if hash == "" {
		return notAuthorized("Client " + c.ID + " is configured with secret but SECRET_HASH was not received")
	}
	matches := func(secret string) bool {
		return hmac.Equal([]byte(hash), []byte(SecretHash(secret, username, c.ID)))
	}
	if !slices.ContainsFunc(c.Secrets, matches) {
		return notAuthorized("Unable to verify secret hash for client " + c.ID)
	}
	return nil
}

// secretMatches checks a plain client secret, which the newer operations take
// instead of a hash.
func (c Client) secretMatches(secret string) bool {
	if len(c.Secrets) == 0 {
		return secret == ""
	}
	return slices.ContainsFunc(c.Secrets, func(s string) bool {
		return hmac.Equal([]byte(secret), []byte(s))
	})
}
