package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// isDomain tells a domain of several labels, not an address.
func isDomain(host string) bool {
	return strings.Contains(host, ".") && hostForm.MatchString(host) && net.ParseIP(host) == nil
}

// validateDomain accepts a host name, a URL, or nothing.
func validateDomain(key, value string, insecure bool) error {
	switch {
	case value == "":
		return nil
	case strings.Contains(value, "://") || strings.Contains(value, "@"):
		return validateBaseURL(key, value, insecure)
	case !strings.ContainsAny(value, "./:"):
		return fmt.Errorf("%s: expected the whole host name, such as example.auth.eu-west-1.amazoncognito.com, got %q; the AWS console shows it", key, value)
	case !isDomain(value):
		return fmt.Errorf("%s: expected a host name such as auth.example.com, in lower case and without path, or a URL that starts with https://, got %q", key, value)
	}
	return nil
}

func validateBaseURL(key, value string, insecure bool) error {
	if err := validateURL(key, value, insecure); err != nil {
		return err
	}
	if u, err := url.Parse(value); err != nil || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("%s: expected a URL without path, got %q", key, value)
	}
	return nil
}

// validateOrigin accepts an empty value: nothing is configured.
func validateOrigin(key, value string) error {
	if value == "" {
		return nil
	}
	if err := withoutPassword(key, value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme+"://"+u.Host != value || !isWeb(u) || isDefaultPort(u) {
		return fmt.Errorf("%s: expected an origin such as https://app.example.com, as browsers write it, in lower case and without path and default port, got %q", key, value)
	}
	if u.Scheme == "http" && !loopback.Host(u.Hostname()) {
		return fmt.Errorf("%s: http is for this machine only, got %q; use https", key, value)
	}
	return nil
}

// isWeb reports whether a URL has a host that https or http can reach.
func isWeb(u *url.URL) bool {
	host := u.Hostname()
	return (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && !strings.HasSuffix(u.Host, ":") &&
		(hostForm.MatchString(host) || net.ParseIP(host) != nil)
}

// isDefaultPort: no browser writes it.
func isDefaultPort(u *url.URL) bool {
	return u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
}

// isSecureURL reports whether others on the way can read or change what is there.
func isSecureURL(value string) bool {
	u, err := url.Parse(value)
	return err == nil && isWeb(u) && (u.Scheme == "https" || loopback.Host(u.Hostname()))
}

// isPath reports whether a URL stays on our own origin: browsers take "//host"
// and "/\host" for another.
func isPath(value string) bool {
	return strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "//") && !strings.ContainsAny(value, "\\ \t\r\n")
}
