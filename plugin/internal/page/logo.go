package page

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"
)

// Logo is an image, either by URL or embedded.
type Logo struct {
	// URL is a path of our own origin or an https URL.
	URL string
	// Data is a PNG, JPEG, GIF, WebP or SVG file of up to 64 kB, which goes into
	// every page.
	Data []byte
}

// maxLogo bounds embedded logos, since pages are not cached.
const maxLogo = 64 << 10

// signatures are how image files begin.
var signatures = []struct{ begin, media string }{
	{"\x89PNG\r\n\x1a\n", "image/png"}, {"\xff\xd8\xff", "image/jpeg"}, {"GIF8", "image/gif"},
	{"RIFF", "image/webp"}, {"<svg", "image/svg+xml"}, {"<?xml", "image/svg+xml"},
}

func (l Logo) check() error {
	switch {
	case l.URL != "" && l.Data != nil:
		return errors.New("logo: expected a URL or data, not both")
	case len(l.Data) > maxLogo:
		return fmt.Errorf("logo: %d bytes are too many to embed: expected at most %d, or a URL", len(l.Data), maxLogo)
	case l.Data != nil && mediaType(l.Data) == "":
		return errors.New("logo: expected a PNG, JPEG, GIF, WebP or SVG file")
	case l.URL != "" && !isPath(l.URL) && originOf(l.URL) == "":
		return fmt.Errorf("logo %q: expected a path such as /logo.svg or an https URL", l.URL)
	}
	return nil
}

func mediaType(data []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.begin)) {
			return s.media
		}
	}
	return ""
}

// src is the logo as a page has it; check has judged it.
func (l Logo) src() template.URL {
	if l.Data == nil {
		return template.URL(l.URL)
	}
	return template.URL("data:" + mediaType(l.Data) + ";base64," + base64.StdEncoding.EncodeToString(l.Data))
}

// source is what the policy must allow for the logo.
func (l Logo) source() string {
	switch {
	case l.Data != nil:
		return "data:"
	case isPath(l.URL):
		return "'self'"
	}
	return originOf(l.URL)
}

// isPath reports whether a URL stays on our own origin: browsers take "//host"
// and "/\host" for another.
func isPath(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\\t\r\n")
}

// originOf is the origin of an https URL, empty for anything else.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || origins("", []string{"https://" + u.Host}, false) != nil {
		return ""
	}
	return "https://" + u.Host
}
