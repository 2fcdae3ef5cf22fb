package hosted

import (
	"errors"
	"net/url"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Bounds of a callback, in bytes. The codes of Cognito are UUIDs.
const (
	maxQuery = 8 << 10
	maxCode  = 512
)

// Callback is what a browser came back with: a code or a refusal. Nothing of it
// is to be believed before [Client.Exchange] compared the state.
type Callback struct {
	// State is that of the [Flow]. It is empty when the user came from a provider's
	// own page or through a link in a mail: begin a new sign-in.
	State string
	// Code is the authorization code; empty when the sign-in was refused.
	Code signin.Secret

	fault func() fault // nil with a code; a function, so that the foreign words are not printed
}

// fault is an error response: RFC 6749 §4.1.2.1.
type fault struct{ code, description string }

// ParseCallback reads the query of a callback. It is [ErrCallback] when a
// parameter is repeated (RFC 6749 §3.1), when there are a code and an error, or
// neither, and when the state or the code can be none. Parameters of other names
// are ignored, tokens among them: there is no implicit grant here.
func ParseCallback(rawQuery string) (Callback, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil || len(rawQuery) > maxQuery || repeats(query) {
		return Callback{}, refuse(ErrCallback, "", signin.Cause{})
	}
	callback := Callback{State: query.Get("state"), Code: signin.Secret(query.Get("code"))}
	if query.Has("error") {
		callback.fault = func() fault { return fault{query.Get("error"), query.Get("error_description")} }
	}
	if !callback.possible() {
		return Callback{}, refuse(ErrCallback, "", signin.Cause{})
	}
	return callback, nil
}

func repeats(query url.Values) bool {
	for _, values := range query {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

func (c Callback) possible() bool {
	switch {
	case c.State != "" && !isState(c.State):
		return false
	case c.fault != nil:
		return c.Code == ""
	}
	return isCode(string(c.Code))
}

// isCode allows the characters of RFC 6749 appendix A.11, but no space.
func isCode(s string) bool {
	return s != "" && len(s) <= maxCode && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Err is the refusal that the callback carries, nil with a code. It has no Text,
// since anybody can make a link with words in it: [Client.Exchange] gives the Text
// to the browser whose sign-in was refused.
func (c Callback) Err() error {
	err := c.refusal()
	if said, ok := errors.AsType[*signin.Error](err); ok {
		said.Text = ""
	}
	return err
}

// refusal is what the error response means. Cognito uses two codes for almost
// everything and tells more in words.
func (c Callback) refusal() error {
	if c.fault == nil {
		return nil
	}
	said := c.fault()
	cause := signin.Cause{Operation: "authorize", Code: signin.NameOf(said.code)}
	if said.code == "invalid_request" || said.code == "server_error" {
		if err := meaningOfWords(said.description, cause); err != nil {
			return err
		}
	}
	return meaningOf(cause)
}
