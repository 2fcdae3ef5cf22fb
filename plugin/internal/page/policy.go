package page

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// origin is a host of a policy: no path, no query, nothing that ends a directive,
// and no wildcard for more than the names below a domain.
var origin = regexp.MustCompile(`^https://(\*\.)?[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?$`)

// formOrigin is an origin where a form may lead: of a local pool, say. For IPv6
// addresses policies have no words (CSP3 §2.3.1): browsers pass over them, and let
// no form redirect there.
var formOrigin = regexp.MustCompile(`^(https?)://([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)

func (o Options) checkFormOrigins() error {
	known := func(one string) bool {
		found := formOrigin.FindStringSubmatch(one)
		return found != nil && (found[1] == "https" || o.InsecureHTTP || loopback.Host(found[2]))
	}
	return origins("form origin", slices.DeleteFunc(slices.Clone(o.FormOrigins), known), false)
}

func origins(what string, list []string, self bool) error {
	var faults []error
	for _, one := range list {
		if origin.MatchString(one) || self && one == "'self'" {
			continue
		}
		fault := fmt.Errorf("%s %q: expected an origin such as https://auth.example.com", what, one)
		faults = append(faults, fault)
	}
	return errors.Join(faults...)
}

// coversOrigin reports whether an entry of a policy stands for an origin.
func coversOrigin(allowed, host string) bool {
	if domain, ok := strings.CutPrefix(allowed, "https://*"); ok {
		return strings.HasSuffix(host, domain) // with its dot
	}
	return allowed == host
}

// Policy is the Content-Security-Policy of the page. Nothing is allowed but what
// the page has: our stylesheet by its hash, our script on the page for passkeys
// alone, the logo, and what a custom template was granted. Hashes, since "self"
// would let run whatever else the site serves, such as what users uploaded.
func (p *Pages) Policy(v View) string {
	granted := p.granted(v)
	directives := [][]string{
		{"default-src 'none'"},
		append([]string{"style-src " + p.style.source}, granted.Style...),
		append([]string{"img-src"}, p.images(v, granted)...),
		append(append([]string{"form-action 'self'"}, p.opts.FormOrigins...), usable(v.Return)...),
		{"frame-ancestors 'none'"},
		{"base-uri 'none'"},
		append([]string{"frame-src"}, granted.Frame...),
		append([]string{"connect-src"}, granted.Connect...),
		append(append([]string{"script-src"}, granted.Script...), p.scripts(v)...),
	}
	var policy []string
	for _, directive := range directives {
		if line := strings.Join(directive, " "); strings.Contains(line, " ") { // one without sources is the default: none
			policy = append(policy, line)
		}
	}
	return strings.Join(policy, "; ")
}

// usable is the origin to which the user returns, if it is another.
func usable(link string) []string {
	if origin := originOf(link); origin != "" {
		return []string{origin}
	}
	return nil
}

func (p *Pages) scripts(v View) []string {
	if asksPasskey(v) {
		return []string{p.script.source}
	}
	return nil
}

func (p *Pages) images(v View, granted Sources) []string {
	list := slices.Clone(granted.Image)
	if source := p.opts.Logo.source(); source != "" {
		list = append(list, source)
	}
	if _, source := p.image(v); source != "" {
		list = append(list, source)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// granted is what the page's custom template may load.
func (p *Pages) granted(v View) Sources {
	if name := p.customName(v); name != "" {
		return p.opts.Custom.Sources[name]
	}
	return Sources{}
}

func asksPasskey(v View) bool {
	return v.Kind == Challenge && v.Challenge.Name == signin.WebAuthn && v.Challenge.Options != ""
}

// Headers are the header fields of the page.
func (p *Pages) Headers(v View) map[string]string {
	passkeys := "()"
	if asksPasskey(v) {
		passkeys = "(self)"
	}
	return map[string]string{
		"Content-Type":                 "text/html; charset=utf-8",
		"Content-Language":             p.Language(v.Language, v.AcceptLanguage),
		"Content-Security-Policy":      p.Policy(v),
		"Cache-Control":                "no-store",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=" + passkeys,
		// With no-referrer, browsers would post our forms with "Origin: null", by
		// which the check against cross-site posts would refuse them.
		"Referrer-Policy":        "same-origin",
		"X-Content-Type-Options": "nosniff",
		"X-Frame-Options":        "DENY",
	}
}
