package credentials

import (
	"net/url"
	"strings"
)

// wireURL is a copy of u with scheme, host, path and query only, in the form in
// which they are both signed and sent.
func wireURL(u *url.URL, to Target) (*url.URL, error) {
	wire := &url.URL{Scheme: u.Scheme, Host: wireHost(u.Scheme, u.Host), Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	normal, ok := NormalizePath(u.EscapedPath())
	if !ok || u.Opaque != "" || normal != "" && normal[0] != '/' {
		return nil, ErrPath
	}
	if err := checkQuery(u.RawQuery); err != nil {
		return nil, err
	}
	if to.s3() {
		decoded, err := url.PathUnescape(normal)
		if err != nil {
			return nil, ErrPath
		}
		wire.Path, wire.RawPath = decoded, normal
	}
	return wire, nil
}

// checkQuery refuses what the signer would leave out of the query without a word:
// the service would answer another question.
func checkQuery(raw string) error {
	if raw == "" {
		return nil // which is most of them, and costs nothing
	}
	if _, err := url.ParseQuery(raw); err != nil {
		return ErrQuery
	}
	return nil
}

// plain is a query without a plus. Forms mean a space by it, and so it is signed,
// but some services take it for a plus when they check the signature.
func plain(raw string) string { return strings.ReplaceAll(raw, "+", "%20") }

// wireHost leaves a default port out, as the SDK does for the signature: a
// service checks it against the Host that it got. Brackets stay.
func wireHost(scheme, host string) string {
	switch strings.ToLower(scheme) {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}
