package integration_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// This is Signature Version 4 as a service checks it, written from
// "Create a signed AWS API request" in AWS's IAM user guide and from nothing that
// the product uses: it looks at the bytes that arrived.

// sigv4 are the parts of an Authorization header.
type sigv4 struct {
	accessKeyID, date, region, service string
	names                              []string // signed headers
	signature                          string
}

var errSigV4 = errors.New("incomplete signature")

// oneValue is the value of a header that must occur exactly once.
func oneValue(h http.Header, name string) (string, error) {
	if values := h[name]; len(values) != 1 {
		return "", fmt.Errorf("%w: %d values of %s", errSigV4, len(values), name)
	}
	return h[name][0], nil
}

func parseSigV4(authorization string) (sigv4, error) {
	var s sigv4
	rest, ok := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	if !ok {
		return s, fmt.Errorf("%w: another algorithm", errSigV4)
	}
	fields := make(map[string]string)
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		if _, twice := fields[name]; twice {
			return s, fmt.Errorf("%w: %s twice", errSigV4, name)
		}
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(fields) != 3 || len(scope) != 5 || scope[4] != "aws4_request" {
		return s, fmt.Errorf("%w: unexpected parts", errSigV4)
	}
	s = sigv4{scope[0], scope[1], scope[2], scope[3], strings.Split(fields["SignedHeaders"], ";"), fields["Signature"]}
	if !slices.IsSorted(s.names) || !slices.Contains(s.names, "host") {
		return s, fmt.Errorf("%w: signed headers %q", errSigV4, s.names)
	}
	return s, nil
}

// covers refuses a request with headers that steer a service and are not signed.
func (s sigv4) covers(h http.Header) error {
	for name := range h {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !slices.Contains(s.names, lower) {
			return fmt.Errorf("%w: %s is not signed", errSigV4, lower)
		}
	}
	for _, name := range s.names {
		if name != "host" && name != "content-length" && len(h.Values(name)) == 0 {
			return fmt.Errorf("%w: %s is signed and did not arrive", errSigV4, name)
		}
	}
	return nil
}

// of computes the signature of what arrived.
func (s sigv4) of(r *http.Request, payloadHash, secret string) (string, error) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	path, err := canonicalPath(path, s.service == "s3")
	if err != nil {
		return "", err
	}
	if query, err = canonicalQuery(query); err != nil {
		return "", err
	}
	lines := []string{r.Method, path, query}
	for _, name := range s.names {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	lines = append(lines, "", strings.Join(s.names, ";"), payloadHash)
	scope := []string{s.date, s.region, s.service, "aws4_request"}
	toSign := strings.Join([]string{
		"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope, "/"), hexHash([]byte(strings.Join(lines, "\n"))),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, toSign)), nil
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// canonicalPath is the path encoded once for S3, which takes every octet of it
// for the key, and twice for others, which also leave out redundant slashes. Dot
// segments must not get here: services resolve them.
func canonicalPath(escaped string, s3 bool) (string, error) {
	decoded, err := percentDecode(escaped)
	if err != nil {
		return "", err
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment == "." || segment == ".." {
			return "", fmt.Errorf("dot segments in %q", escaped)
		}
	}
	if s3 {
		return percentEncode(decoded, "/"), nil
	}
	for strings.Contains(escaped, "//") {
		escaped = strings.ReplaceAll(escaped, "//", "/")
	}
	if escaped == "" {
		escaped = "/"
	}
	return percentEncode(escaped, "/"), nil
}

// canonicalQuery is sorted by encoded names and then by encoded values. A plus is
// a plus: whoever means a space must say %20.
func canonicalQuery(raw string) (string, error) {
	type parameter struct{ name, value string }
	var all []parameter
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := percentDecode(rawName)
		value, err2 := percentDecode(rawValue)
		if err := errors.Join(err1, err2); err != nil {
			return "", err
		}
		all = append(all, parameter{percentEncode(name, ""), percentEncode(value, "")})
	}
	slices.SortFunc(all, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	pairs := make([]string, len(all))
	for i, p := range all {
		pairs[i] = p.name + "=" + p.value
	}
	return strings.Join(pairs, "&"), nil
}

func percentDecode(text string) (string, error) {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			out = append(out, text[i])
			continue
		}
		if i+2 >= len(text) {
			return "", fmt.Errorf("%q is cut off", text)
		}
		octet, err := hex.DecodeString(text[i+1 : i+3])
		if err != nil {
			return "", err
		}
		out, i = append(out, octet...), i+2
	}
	return string(out), nil
}

// percentEncode leaves unreserved characters as they are, and those in also.
func percentEncode(text, also string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var out strings.Builder
	for i := range len(text) {
		if strings.IndexByte(unreserved+also, text[i]) >= 0 {
			out.WriteByte(text[i])
		} else {
			fmt.Fprintf(&out, "%%%02X", text[i])
		}
	}
	return out.String()
}
