package hosted

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Bounds of what comes from outside, in bytes.
const (
	// MaxReturn bounds [Begin.Return].
	MaxReturn = 1500
	// maxRedirectURI leaves room for it in a Flow, beside the longest Return.
	maxRedirectURI = 512
	// maxPassed has room for an e-mail address; servers cut URLs that are too long.
	maxPassed = 256
)

// Begin opens a sign-in.
type Begin struct {
	// Provider is the identity provider that the user chose, as the pool calls it.
	// It goes before any other. Default: that of the Query, then of the Options.
	Provider string
	// Return is where the user wants to go, at most MaxReturn bytes. It is not
	// judged here, and Cognito does not learn it.
	Return string
	// Query is that of the sign-in request. Of it, the parameters that Options.Pass
	// lists are handed through. One that is repeated or too long is left out: the
	// sign-in works without.
	Query url.Values
	// Prompt is none, login, select_account or consent. With none, Cognito shows no
	// page: who is not signed in at the domain comes back with [ErrInteraction].
	Prompt string
	// Again tells that this sign-in takes the place of one whose Flow did not come
	// back with the callback: see [Restarted].
	Again bool
}

// The first letter of a state. The rest is random: RFC 6749 §10.10 wants 128 bits.
const (
	firstTry = "s"
	lastTry  = "r"
)

// maxState bounds a state, as Cognito puts it into one of its own on the way to
// another provider, and some of those cut URLs of two kilobytes.
const maxState = 32

// Restarted reports whether a state is that of a sign-in that began with
// [Begin.Again]. When its Flow is missing, too, the browser keeps no cookies:
// whoever begins again then never stops.
func Restarted(state string) bool { return strings.HasPrefix(state, lastTry) && isState(state) }

// isState reports whether Begin can have made the state. In all of its characters
// it can be part of the name of a cookie.
func isState(s string) bool {
	return len(s) > 1 && len(s) <= maxState && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	})
}

// Begin makes the URL at the domain to send a browser to, and the Flow that the
// callback needs. The redirectURI must be a callback URL of the app client,
// character by character (RFC 9700 §2.1), and is sent and kept as it is.
func (c *Client) Begin(redirectURI string, in Begin) (authorizeURL string, flow Flow, err error) {
	if err := c.check(redirectURI, in); err != nil {
		return "", Flow{}, err
	}
	f := &openFlow{
		state: newState(in.Again), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(),
		redirectURI: redirectURI, back: in.Return, client: c.id, prompt: in.Prompt, created: c.now().Unix(),
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(f.verifier), oauth2.SetAuthURLParam("nonce", f.nonce)}
	for name, value := range c.choices(in) {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return c.config("", redirectURI).AuthCodeURL(f.state, options...), flowOf(f), nil
}

func newState(again bool) string {
	if again {
		return lastTry + rand.Text()
	}
	return firstTry + rand.Text()
}

func (c *Client) check(redirectURI string, in Begin) error {
	switch {
	case len(redirectURI) > maxRedirectURI || checkURL(redirectURI, c.opts.InsecureHTTP) != nil:
		return refuse(signin.ErrMisconfigured, "redirect", signin.Cause{})
	case len(in.Return) > MaxReturn:
		return refuse(signin.ErrInput, "return", signin.Cause{})
	case in.Provider != "" && !fits(in.Provider):
		return refuse(signin.ErrInput, "provider", signin.Cause{})
	case !slices.Contains([]string{"", "none", "login", "select_account", "consent"}, in.Prompt):
		return refuse(signin.ErrInput, "prompt", signin.Cause{})
	}
	return nil
}

// choices are the parameters that are not part of the protocol.
func (c *Client) choices(in Begin) map[string]string {
	chosen := make(map[string]string)
	for _, name := range c.opts.Pass {
		if values := in.Query[name]; len(values) == 1 && fits(values[0]) {
			chosen[name] = values[0]
		}
	}
	if in.Prompt != "" {
		chosen["prompt"] = in.Prompt
	}
	c.chooseProvider(chosen, in.Provider)
	return chosen
}

// chooseProvider leaves one way to name the provider: what Cognito does with two
// that differ, it does not say.
func (c *Client) chooseProvider(chosen map[string]string, provider string) {
	const byName, byIdentifier = "identity_provider", "idp_identifier"
	switch {
	case provider != "":
		chosen[byName] = provider
	case chosen[byName] == "" && chosen[byIdentifier] == "" && c.opts.IdentityProvider != "":
		chosen[byName] = c.opts.IdentityProvider
	case chosen[byName] == "" && chosen[byIdentifier] == "" && c.opts.IDPIdentifier != "":
		chosen[byIdentifier] = c.opts.IDPIdentifier
	}
	if chosen[byName] != "" {
		delete(chosen, byIdentifier)
	}
}

// fits reports whether a value can be handed through: not empty, bounded, and
// without control characters.
func fits(s string) bool {
	return s != "" && len(s) <= maxPassed && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
