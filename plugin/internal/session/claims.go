package session

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// claims is what a session needs to know of a token.
type claims struct {
	json               string
	subject, originJTI string
	expires            time.Time
	lifetime           time.Duration
}

// readClaims reads the claims of a JWT. It forgives a padded or otherwise
// unusual encoding, which whoever verifies the token may refuse.
func readClaims(token Secret) (claims, error) {
	parts := strings.Split(string(token), ".")
	if len(token) > verifier.MaxTokenSize || len(parts) != 3 {
		return claims{}, fmt.Errorf("%w: not a JWT", ErrTokens)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}, fmt.Errorf("%w: claims are not base64url", ErrTokens)
	}
	return parseClaims(string(text))
}

func parseClaims(text string) (claims, error) {
	// A map, since the fields of a struct would also match "SUB".
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil {
		return claims{}, fmt.Errorf("%w: claims are not JSON", ErrTokens)
	}
	c := claims{json: text}
	_ = json.Unmarshal(members["sub"], &c.subject)
	_ = json.Unmarshal(members["origin_jti"], &c.originJTI)
	expires, ok := timeClaim(members["exp"])
	if c.subject == "" || !ok {
		return claims{}, fmt.Errorf("%w: claim sub or exp is missing", ErrTokens)
	}
	c.expires = expires
	if issued, ok := timeClaim(members["iat"]); ok && issued.Before(expires) {
		c.lifetime = expires.Sub(issued)
	}
	return c, nil
}

// maxTime is in the year 5138; later times are rubbish that would overflow.
const maxTime = 1e11

func timeClaim(raw json.RawMessage) (time.Time, bool) {
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || seconds <= 0 || seconds > maxTime {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
