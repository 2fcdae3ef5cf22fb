package visitor

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxTarget bounds a target, in bytes. It is sealed into a cookie beside other
// things.
const MaxTarget = 1500

// Of is where r wanted to go, path and query as they were sent, for use as a
// return_to. It is empty when that is no path or too long, and judged by nobody:
// [Targets.Parse] does that.
//
// After a rewrite, r must be the request as it was before.
func Of(r *http.Request) string {
	target := cmp.Or(r.RequestURI, r.URL.RequestURI())
	if !strings.HasPrefix(target, "/") || len(target) > MaxTarget {
		return "" // the asterisk of OPTIONS, the host of CONNECT, a URL meant for a proxy
	}
	return target
}

// Targets are the places to which users may go after they signed in. It is safe
// for concurrent use.
type Targets struct {
	own     []string // the segments of the prefix
	origins []string
}

// NewTargets makes Targets of all paths of a site but those of sign-in, which
// begin with prefix, and of the same paths at the origins listed. An origin is
// scheme, host and port such as https://app.example.com, without a path.
func NewTargets(prefix string, origins []string) (*Targets, error) {
	t := &Targets{own: segments(prefix)}
	if !strings.HasPrefix(prefix, "/") || len(t.own) == 0 {
		return nil, fmt.Errorf("prefix: expected a path such as /_cognito, got %q", prefix)
	}
	for _, listed := range origins {
		origin, ok := parseOrigin(listed)
		if !ok {
			return nil, fmt.Errorf("return_to: expected an origin such as https://app.example.com, got %q", listed)
		}
		t.origins = append(t.origins, origin)
	}
	return t, nil
}

// Parse judges what a client says about where to go: a path, or a URL at origin or
// at a listed one, with query and fragment. Origin is the site as the browser
// knows it; when it is none, only paths and listed origins will do.
//
// The target is for Location. It is a path when it stays on the site, and else a
// URL that begins with the origin as it was listed. It is printable ASCII, has no
// backslash and no dot segment, does not begin with two slashes however often it
// is decoded, and parses to itself. When ok is false, go to "/".
func (t *Targets) Parse(value, origin string) (target string, ok bool) {
	if value == "" || len(value) > MaxTarget || strings.ContainsFunc(value, strays) {
		return "", false
	}
	base, rest, ok := t.locate(value, origin)
	if !ok {
		return "", false
	}
	end := index(rest, "?#")
	path := cmp.Or(rest[:end], "/")
	if _, err := url.PathUnescape(path); err != nil || !t.plain(path) {
		return "", false
	}
	if target = base + escape(path+rest[end:]); len(target) > MaxTarget {
		return "", false
	}
	return target, true
}

// strays reports characters that are in no URL. Browsers drop some of them and
// then read on: "/\t/evil.example" is a host to them. What is no UTF-8 becomes the
// replacement character here, and something else for each who reads it.
func strays(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError }

// locate parts value into the origin where it leads, empty for our own, and what
// comes after it. It takes no other spelling of a URL than the usual: browsers also
// read "https:evil.example", "https:///evil.example" and `https:\\evil.example`.
// Userinfo, as in "https://app.example.com@evil.example", is in no origin.
func (t *Targets) locate(value, origin string) (base, rest string, ok bool) {
	if value[0] == '/' {
		return "", value, true
	}
	_, rest, _ = strings.Cut(value, "://")
	rest = rest[index(rest, "/?#"):]
	origin, known := parseOrigin(origin)
	switch base, ok := parseOrigin(strings.TrimSuffix(value, rest)); {
	case ok && known && base == origin:
		return "", rest, true
	case ok && slices.Contains(t.origins, base):
		return base, rest, true
	}
	return "", "", false
}

// parseOrigin returns an origin as browsers write it.
func parseOrigin(text string) (origin string, ok bool) {
	text = strings.ToLower(text)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return "", false
	}
	if text != u.Scheme+"://"+u.Host || strings.HasSuffix(u.Host, ":") || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]") != "" {
		return "", false
	}
	defaults := map[string]string{"https": ":443", "http": ":80"}
	return strings.TrimSuffix(text, defaults[u.Scheme]), true
}

// maxReadings bounds how often a path is decoded until nothing changes. Encoded once
// is usual, twice happens.
const maxReadings = 5

// plain reports whether nobody can take path for something else, decoded or not.
//
// A browser reads "/%2fevil.example" as a path, but a proxy that decodes paths and
// redirects to the decoded one makes it "//evil.example", a host. Such servers are
// in front of us, behind us and at the listed origins, so what counts is every
// reading, also of "/%252fevil.example".
func (t *Targets) plain(path string) bool {
	for range maxReadings {
		if !t.plainRead(path) {
			return false
		}
		decoded := unescape(path)
		if decoded == path {
			return true
		}
		path = decoded
	}
	return false
}

// plainRead judges one reading of a path.
//
//   - Two slashes, or a slash and a backslash, begin a host.
//   - Dot segments could lead there, as in "/x/..//evil.example". Browsers resolve
//     them before they send a request, so nobody needs them.
//   - Control characters are dropped by the next who parses it, or split a header.
//     An encoding that is no UTF-8 may be a slash to those who are lenient.
func (t *Targets) plainRead(path string) bool {
	control := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
	if strings.HasPrefix(path, "//") || !utf8.ValidString(path) || strings.ContainsFunc(path, control) {
		return false
	}
	parts := segments(path)
	return !slices.Contains(parts, ".") && !slices.Contains(parts, "..") && !t.isOwn(parts)
}

// isOwn reports whether the path is one of sign-in: users would go round in
// circles, or be signed out at once. Some matchers fold case and merge slashes.
func (t *Targets) isOwn(parts []string) bool {
	return len(parts) >= len(t.own) && slices.EqualFunc(parts[:len(t.own)], t.own, strings.EqualFold)
}

// segments are those that are not empty.
func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// index is where the first of chars is, or the end.
func index(s, chars string) int {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return i
	}
	return len(s)
}

// unescape decodes what is an escape and leaves alone what is not. A strict decoder
// would give up at "%zz", and miss what a lenient one finds behind it.
func unescape(s string) string {
	var b strings.Builder
	for s != "" {
		n := min(3, len(s))
		if decoded, err := url.PathUnescape(s[:n]); s[0] == '%' && err == nil {
			b.WriteString(decoded)
		} else {
			n = 1
			b.WriteByte(s[0])
		}
		s = s[n:]
	}
	return b.String()
}

// escape encodes what is not to be in a header or a URL, and no escape twice.
// Browsers leave a backslash in a query alone; others may not.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 0x80 || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
