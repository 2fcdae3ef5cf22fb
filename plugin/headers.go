package plugin

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// identityHeader is a request header that carries a part of the identity.
type identityHeader struct {
	name  string // canonical
	value func(*verifier.Token) (string, bool)
}

// defaultHeaders are set unless the configuration says `forward none`.
var defaultHeaders = []identityHeader{
	{"X-Cognito-Sub", func(t *verifier.Token) (string, bool) { return encodeText(t.Subject(), false), true }},
	{"X-Cognito-Username", func(t *verifier.Token) (string, bool) { return present(t.Username()) }},
	{"X-Cognito-Groups", claimHeader("cognito:groups", false)},
	{"X-Cognito-Scope", forUse(verifier.Access, "scope")},
	{"X-Cognito-Client-Id", func(t *verifier.Token) (string, bool) { return present(t.ClientID()) }},
	{"X-Cognito-Token-Use", func(t *verifier.Token) (string, bool) { return string(t.Use()), true }},
	{"X-Cognito-Email", forUse(verifier.ID, "email")},
}

// forUse is a claim that means something in one kind of token only.
func forUse(use verifier.TokenUse, claim string) func(*verifier.Token) (string, bool) {
	return func(t *verifier.Token) (string, bool) {
		if t.Use() != use {
			return "", false
		}
		return serializeClaim(t, claim, false)
	}
}

func present(value string) (string, bool) { return encodeText(value, false), value != "" }

func claimHeader(claim string, asJSON bool) func(*verifier.Token) (string, bool) {
	return func(t *verifier.Token) (string, bool) { return serializeClaim(t, claim, asJSON) }
}

// identityHeaders are the headers that a handler sets. A configured header
// replaces a default one of the same name.
func identityHeaders(cfg *config.Auth) []identityHeader {
	var headers []identityHeader
	for _, f := range cfg.Forward {
		headers = append(headers, identityHeader{textproto.CanonicalMIMEHeaderKey(f.Header), claimHeader(f.Claim, f.JSON)})
	}
	if cfg.ForwardNone {
		return headers
	}
	for _, header := range defaultHeaders {
		if !slices.ContainsFunc(headers, func(h identityHeader) bool { return h.name == header.name }) {
			headers = append(headers, header)
		}
	}
	return headers
}

// setIdentity sets the headers. Clients' own are gone by then: a claim that the
// token lacks must not let a client's header stand for it (CVE-2026-30851).
func setIdentity(h http.Header, headers []identityHeader, tok *verifier.Token) {
	values := make([]string, 0, len(headers)) // one allocation for all of them
	for _, header := range headers {
		if value, ok := header.value(tok); ok {
			values = append(values, value)
			h[header.name] = values[len(values)-1 : len(values) : len(values)]
		} else {
			delete(h, header.name)
		}
	}
}

// protectedNames are the headers that only we may set, by their folded names.
// Names are added while a configuration is provisioned and read by requests.
type protectedNames struct {
	names    map[string]bool
	initials [256]bool // of the names; most headers have another
}

func newProtectedNames() *protectedNames {
	p := &protectedNames{names: make(map[string]bool)}
	p.initials['x'], p.initials['X'] = true, true // the reserved prefix
	return p
}

func (p *protectedNames) add(name string) {
	folded := string(appendFolded(nil, name))
	p.names[folded] = true
	p.initials[folded[0]], p.initials[strings.ToUpper(folded)[0]] = true, true
}

// foldedPrefix is [config.HeaderPrefix] as folding leaves it.
var foldedPrefix = string(appendFolded(nil, config.HeaderPrefix))

// strip deletes every protected header in every spelling. CGI, WSGI and PHP read
// X_Cognito_Sub and X.Cognito.Sub as X-Cognito-Sub (GHSA-f59h-q822-g45g,
// GHSA-49wc-4hcv-v58q), and Caddy's own filter can be configured away. Some CGI
// gateways (lighttpd, Apache 2.2) read X!Cognito~Sub in the same way.
func (p *protectedNames) strip(h http.Header) {
	var buf [64]byte
	for name := range h {
		if name == "" || !p.initials[name[0]] {
			continue
		}
		folded := appendFolded(buf[:0], name)
		if p.names[string(folded)] || strings.HasPrefix(string(folded), foldedPrefix) {
			delete(h, name)
		}
	}
}

// appendFolded appends name in lower case with all that is neither a letter nor
// a digit as hyphens.
func appendFolded(dst []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		default:
			c = '-'
		}
		dst = append(dst, c)
	}
	return dst
}

// hopByHop are the Connection options that keep their meaning downstream.
var hopByHop = []string{"close", "keep-alive", "upgrade", "te"}

// settleConnection drops the headers that the client's Connection header names,
// as a proxy must (RFC 9110 §7.6.1), but now instead of in reverse_proxy, and
// takes their names off the list. Otherwise a client could have the identity
// headers that we are about to set removed again with "Connection:
// X-Cognito-Sub", and an upstream would see an anonymous request.
func settleConnection(h http.Header) {
	lines := h["Connection"]
	if len(lines) == 0 {
		return
	}
	var kept []string
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			option = textproto.TrimString(option)
			if slices.ContainsFunc(hopByHop, func(s string) bool { return strings.EqualFold(s, option) }) {
				kept = append(kept, option)
			} else if httpguts.ValidHeaderFieldName(option) {
				h.Del(option)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

// ambiguousPath reports whether an upstream may read a path otherwise than
// Caddy's matchers did: dot segments, which matchers resolve and the proxy passes
// on, so that /admin/x/../../orders would get round the rules for /admin at a back
// end that routes by prefix; path parameters (;), backslashes that some take for
// slashes, NULs that end strings, and what is encoded twice. All of them are
// looked for in the decoded path: any character may be encoded, as in %25%32%65,
// and a proxy on the way may turn ..%3b into ..;
func ambiguousPath(escaped string) bool {
	decoded, err := url.PathUnescape(escaped)
	if err != nil || hasDotSegment(decoded) {
		return true
	}
	for i := range len(decoded) {
		switch decoded[i] {
		case ';', '\\', 0:
			return true
		case '%':
			if i+2 < len(decoded) && isHex(decoded[i+1]) && isHex(decoded[i+2]) {
				return true
			}
		}
	}
	return false
}

func hasDotSegment(path string) bool {
	if !strings.Contains(path, "/.") {
		return path == "." || path == ".." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
