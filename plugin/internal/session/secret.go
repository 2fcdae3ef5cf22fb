package session

import (
	"fmt"
	"io"
)

// Secret is a token. It prints as a placeholder, however it is printed or
// marshaled, so that no log or error gets it by accident: cognito-at-edge logs
// whole tokens at level info. Convert it to a string where it is used.
type Secret string

const redacted = "[redacted]"

// String is a placeholder.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format implements [fmt.Formatter]: no verb prints the token.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText is a placeholder too; encoding/json and log/slog ask for it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String names nothing of the session.
func (s Session) String() string { return "session " + redacted }

// Format implements [fmt.Formatter]: no verb prints claims or tokens.
func (s Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText is a placeholder.
func (s Session) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
