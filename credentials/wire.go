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
	if to.s3() {
		decoded, err := url.PathUnescape(normal)
		if err != nil {
			return nil, ErrPath
		}
		wire.Path, wire.RawPath = decoded, normal
	}
	return wire, nil
}

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
