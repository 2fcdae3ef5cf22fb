package credentials

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// minPresigned is what credentials must last for a URL to be worth giving
	// out: it dies with them.
	minPresigned = 30 * time.Second
	// maxPresigned is the bound of Signature Version 4.
	maxPresigned = 7 * 24 * time.Hour
)

// Presign returns u with a signature in its query, with which anybody can make
// the request until the lifetime, or that of the credentials, is over. The path
// is sent as [NormalizePath] has it for S3; user info and fragment are left out.
// It refuses with [ErrExpiring] when the credentials last less than 30 seconds
// and with [ErrPath] and [ErrQuery] like [Sender.Send]. The body of the request, if it has one,
// is not signed for S3, and must be empty for other services.
func (g *Grant) Presign(ctx context.Context, method string, u *url.URL, to Target, lifetime time.Duration, at time.Time) (string, error) {
	remaining := g.Expires.Sub(at)
	if remaining < minPresigned {
		return "", ErrExpiring
	}
	lifetime = min(lifetime, remaining, maxPresigned)
	if lifetime < time.Second {
		return "", errors.New("lifetime: expected at least a second")
	}
	clean, err := wireURL(u, to)
	if err != nil {
		return "", err
	}
	query := clean.Query()
	query.Set("X-Amz-Expires", strconv.Itoa(int(lifetime/time.Second)))
	clean.RawQuery = query.Encode()
	r := &http.Request{Method: method, URL: clean, Host: clean.Host, Header: make(http.Header)}
	hash := EmptyPayload
	if to.s3() {
		hash = UnsignedPayload
	}
	signed, _, err := g.signing().PresignHTTP(ctx, g.aws(), r, hash, to.Service, to.Region, at, encodingOf(to))
	return signed, err
}
