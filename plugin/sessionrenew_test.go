package plugin

import (
	"fmt"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// What lacks only its key is no bad token: with rotation, there would be no other.
func TestTokensThatLackTheirKey(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want bool
	}{
		{"one that is good", nil, false},
		{"one that expired", &verifier.TokenError{Reason: verifier.ErrExpired}, false},
		{"one with a wrong signature", &verifier.TokenError{Reason: verifier.ErrSignature}, false},
		{"one of another issuer", fmt.Errorf("the ID token: %w", &verifier.TokenError{Reason: verifier.ErrIssuer}), false},
		{"one with a key that is not there yet", fmt.Errorf("the ID token: %w", &verifier.TokenError{Reason: verifier.ErrUnknownKey}), true},
		{"one whose keys cannot be fetched", fmt.Errorf("the ID token: %w", &verifier.UnavailableError{}), true},
	} {
		if got := lacksKey(row.err); got != row.want {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
	if re := refusalOf(errKeyToCome); re.status == 401 {
		t.Errorf("expected nobody to be sent to sign in, got %d", re.status)
	}
}
