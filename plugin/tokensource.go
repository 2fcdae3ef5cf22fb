package plugin

import (
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// errAmbiguousToken means that a source holds several tokens. Choosing one would
// let the edge and whatever stands before or behind it see different users.
var errAmbiguousToken = errors.New("more than one token in the request")

// tokenSource is a place in a request where a token may stand.
type tokenSource interface {
	// find returns the raw token; found is false when there is none.
	find(r *http.Request) (raw string, found bool, err error)
	// remove takes out of the request what find looks at, so that no upstream
	// sees the token.
	remove(r *http.Request)
}

// newTokenSources makes the sources of a valid configuration. Where a handler
// knows sessions, they are the second default.
func newTokenSources(configured []config.TokenSource, session tokenSource) []tokenSource {
	switch {
	case len(configured) == 0 && session == nil:
		return []tokenSource{authorizationSource{}}
	case len(configured) == 0:
		return []tokenSource{authorizationSource{}, session}
	}
	sources := make([]tokenSource, len(configured))
	for i, s := range configured {
		switch s.From {
		case config.SourceHeader:
			sources[i] = headerSource(textproto.CanonicalMIMEHeaderKey(s.Name))
		case config.SourceCookie:
			sources[i] = cookieSource(s.Name)
		case config.SourceQuery:
			sources[i] = querySource(s.Name)
		case config.SourceSession:
			sources[i] = session
		default:
			sources[i] = authorizationSource{}
		}
	}
	return sources
}

// findToken asks the sources in order; the first that holds something decides.
// The source is nil when none does.
func findToken(sources []tokenSource, r *http.Request) (raw string, from tokenSource, err error) {
	for _, source := range sources {
		if raw, found, err := source.find(r); found || err != nil {
			return raw, source, err
		}
	}
	return "", nil, nil
}

// missing is the error for a request in which no source found a token.
func missing(sources []tokenSource, r *http.Request) error {
	if slices.ContainsFunc(sources, knownToCaches) && isBare(r.Header.Get("Authorization")) {
		return errNoScheme
	}
	return errNoToken
}

// isBare reports whether a header holds what looks like a token, and no scheme:
// three parts of base64url.
func isBare(value string) bool {
	parts := strings.SplitN(value, ".", 4)
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || strings.Trim(part, base64URL) != ""
	})
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// ambient reports whether browsers send what a source holds by themselves, also
// when another site makes them.
func ambient(source tokenSource) bool {
	switch source.(type) {
	case cookieSource, sessionSource:
		return true
	}
	return false
}

// readsCookies reports whether what a source finds, or not, depends on cookies.
func readsCookies(source tokenSource) bool {
	if s, ok := source.(sessionSource); ok {
		return slices.ContainsFunc(s.pools, func(pool string) bool { return s.app.sessions[pool] != nil })
	}
	return ambient(source)
}

// knownToCaches reports whether caches spare answers to tokens from a source by
// themselves (RFC 9111 §3.5).
func knownToCaches(source tokenSource) bool {
	_, ok := source.(authorizationSource)
	return ok
}

// single is the only one of values.
func single(values []string) (value string, found bool, err error) {
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	}
	return "", false, errAmbiguousToken
}

// authorizationSource is the Authorization header with the Bearer scheme
// (RFC 6750 §2.1). Another scheme is no token.
type authorizationSource struct{}

func (authorizationSource) find(r *http.Request) (string, bool, error) {
	value, found, err := single(r.Header["Authorization"])
	if !found || err != nil {
		return "", false, err
	}
	scheme, token := value, ""
	if end := strings.IndexAny(value, " \t"); end >= 0 { // a tab is a mistake, but no other scheme
		scheme, token = value[:end], value[end:]
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false, nil
	}
	return strings.TrimLeft(token, " "), true, nil
}

func (authorizationSource) remove(r *http.Request) { delete(r.Header, "Authorization") }

// headerSource is a header that holds a token alone; its value is its canonical
// name.
type headerSource string

func (s headerSource) find(r *http.Request) (string, bool, error) {
	return single(r.Header[string(s)])
}

// remove also deletes the spellings that some back ends read as the same name.
func (s headerSource) remove(r *http.Request) {
	folded := string(appendFolded(nil, string(s)))
	for name := range r.Header {
		if string(appendFolded(nil, name)) == folded {
			delete(r.Header, name)
		}
	}
}

// cookieSource is a cookie by name.
type cookieSource string

func (s cookieSource) find(r *http.Request) (string, bool, error) {
	var values []string
	for _, cookie := range r.CookiesNamed(string(s)) {
		values = append(values, cookie.Value)
	}
	return single(values)
}

func (s cookieSource) remove(r *http.Request) {
	removeCookies(r, func(name string) bool { return name == string(s) })
}

// removeCookies leaves other cookies as the client wrote them.
func removeCookies(r *http.Request, which func(name string) bool) {
	var kept []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			if name, _, _ := strings.Cut(pair, "="); pair != "" && !which(strings.TrimSpace(name)) {
				kept = append(kept, pair)
			}
		}
	}
	if len(kept) == 0 {
		delete(r.Header, "Cookie")
		return
	}
	r.Header["Cookie"] = []string{strings.Join(kept, "; ")}
}

// querySource is a query parameter by name.
type querySource string

func (s querySource) find(r *http.Request) (string, bool, error) {
	values, _ := s.split(r.URL.RawQuery)
	return single(values)
}

// remove leaves the other parameters as the client wrote them. Caddy keeps a copy
// of the request, by which error routes and FastCGI go: without the second line the
// application behind them would get the token.
func (s querySource) remove(r *http.Request) {
	if s.removeFrom(r.URL) {
		r.RequestURI = r.URL.RequestURI()
	}
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		s.removeFrom(original.URL)
	}
}

func (s querySource) removeFrom(u *url.URL) (found bool) {
	values, rest := s.split(u.RawQuery)
	if len(values) > 0 {
		u.RawQuery = rest
	}
	return len(values) > 0
}

func (s querySource) split(query string) (values []string, rest string) {
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if decoded, err := url.QueryUnescape(name); err != nil || decoded != string(s) {
			kept = append(kept, parameter)
			continue
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		values = append(values, value)
	}
	return values, strings.Join(kept, "&")
}
