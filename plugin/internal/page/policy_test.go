package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"golang.org/x/net/html"
)

// directives takes a policy apart.
func directives(policy string) map[string][]string {
	list := map[string][]string{}
	for directive := range strings.SplitSeq(policy, "; ") {
		words := strings.Fields(directive)
		list[words[0]] = words[1:]
	}
	return list
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// A browser says nothing to the user about what a policy blocks: it is just not
// there.
func TestNoPageHasWhatItsPolicyForbids(t *testing.T) {
	everyState(t, func(t *testing.T, _ string, _ page.View, html, policy string) {
		allowed := directives(policy)
		for _, node := range parse(t, html).all() {
			checkAttributes(t, node)
			switch node.Data {
			case "style":
				expectSource(t, allowed["style-src"], hash(raw(node)))
			case "script":
				source := hash(raw(node))
				if has(node, "src") {
					source = regexp.MustCompile(`^https://[^/]+`).FindString(attr(node, "src"))
				}
				expectSource(t, allowed["script-src"], source)
			case "img":
				source := "'self'"
				if strings.HasPrefix(attr(node, "src"), "data:") {
					source = "data:"
				}
				expectSource(t, allowed["img-src"], source)
			case "link", "base", "iframe", "object", "embed", "video", "audio", "meta":
				if node.Data != "meta" || has(node, "http-equiv") {
					t.Errorf("expected no element %s", node.Data)
				}
			}
		}
	})
}

func raw(node *html.Node) string {
	if node.FirstChild == nil {
		return ""
	}
	return node.FirstChild.Data
}

func checkAttributes(t *testing.T, node *html.Node) {
	t.Helper()
	for _, attribute := range node.Attr {
		leads := slices.Contains([]string{"href", "src", "action", "formaction"}, attribute.Key)
		script := leads && strings.HasPrefix(strings.ToLower(attribute.Val), "javascript:")
		if strings.HasPrefix(attribute.Key, "on") || attribute.Key == "style" || script {
			t.Errorf("expected no %s=%q", attribute.Key, attribute.Val)
		}
	}
}

func expectSource(t *testing.T, allowed []string, source string) {
	t.Helper()
	if !slices.Contains(allowed, source) {
		t.Errorf("expected the policy to allow %s, got %v", source, allowed)
	}
}

func TestEveryPolicyBeginsFromNothing(t *testing.T) {
	everyState(t, func(t *testing.T, name string, _ page.View, _, policy string) {
		got := directives(policy)
		for directive, want := range map[string]string{
			"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'self' https://auth.example.com",
		} {
			if strings.Join(got[directive], " ") != want {
				t.Errorf("expected %s %s, got %v", directive, want, got[directive])
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, " * ") || strings.Contains(policy, "http:") {
			t.Errorf("expected nothing unsafe, got %s", policy)
		}
		if _, scripts := got["script-src"]; scripts != (strings.HasPrefix(name, "web_authn") && name != "web_authn_lost" || name == "custom_template") {
			t.Errorf("expected scripts for passkeys and where a template has them, got %s", policy)
		}
	})
}

func TestPoliciesByView(t *testing.T) {
	image := func(url string) page.View {
		return challenge(signin.CustomChallenge, signin.Challenge{Parameters: map[string]string{"captchaUrl": url}})
	}
	opts := theme(t)
	opts.Custom.ImageOrigins = []string{"https://pics.example.net", "https://*.cdn.example.net"}
	pages := newPages(t, opts)
	for _, row := range []struct {
		name            string
		view            page.View
		directive, want string
	}{
		{"an image within the page", image(captcha), "img-src", "data:"},
		{"an image of our own origin", image("/captcha/7.png"), "img-src", "'self'"},
		{"an image of an origin that is allowed", image("https://pics.example.net/7.png?x=1"), "img-src", "https://pics.example.net"},
		{"an image below a domain that is allowed", image("https://a.cdn.example.net/7.png"), "img-src", "https://a.cdn.example.net"},
		{"an image of any other origin", image("https://evil.example/7.png"), "img-src", ""},
		{"an image of the domain above", image("https://cdn.example.net/7.png"), "img-src", ""},
		{"an image of a domain that only ends like it", image("https://evilcdn.example.net/7.png"), "img-src", ""},
		{"an image without encryption", image("http://pics.example.net/7.png"), "img-src", ""},
		{"an image with a user in its URL", image("https://pics.example.net@evil.example/7.png"), "img-src", ""},
		{"an image of another host by a path", image("//evil.example/7.png"), "img-src", ""},
		{"an image of another host by a backslash", image(`/\evil.example/7.png`), "img-src", ""},
		{"an image of another host by a tab", image("/\t/evil.example/7.png"), "img-src", ""},
		{"an image that is a page", image("data:text/html;base64,PGI+"), "img-src", ""},
		{"an image that is SVG", image("data:image/svg+xml;base64,PHN2Zz4="), "img-src", ""},
		{"an image that is a script", image("javascript:alert(1)"), "img-src", ""},
		{"an image that adds a directive", image("https://pics.example.net;script-src *"), "img-src", ""},
		{"a template with its sources", states()["custom_template"], "script-src", "https://puzzle.example.net"},
		{"a template with its frames", states()["custom_template"], "frame-src", "https://puzzle.example.net"},
		{"the parameter of a template at another challenge", challenge(signin.SMSMFA, signin.Challenge{Parameters: map[string]string{"template": "puzzle"}}), "script-src", ""},
		{"a template that there is not", challenge(signin.CustomChallenge, signin.Challenge{Parameters: map[string]string{"template": "../puzzle"}}), "script-src", ""},
		{"a way back to another origin", page.View{Kind: page.SignIn, Return: "https://shop.example.com/cart"}, "form-action", "'self' https://auth.example.com https://shop.example.com"},
		{"a way back that adds a directive", page.View{Kind: page.SignIn, Return: "https://a.example; script-src *"}, "form-action", "'self' https://auth.example.com"},
		{"a way back that is a script", page.View{Kind: page.SignIn, Return: "javascript:alert(1)"}, "form-action", "'self' https://auth.example.com"},
	} {
		if got := strings.Join(directives(pages.Policy(row.view))[row.directive], " "); got != row.want {
			t.Errorf("%s: expected %s %q, got %q", row.name, row.directive, row.want, got)
		}
		if row.directive == "img-src" && row.want == "" && strings.Contains(render(t, pages, row.view), "<img") {
			t.Errorf("%s: expected no image", row.name)
		}
	}
}

func TestLogosInThePolicy(t *testing.T) {
	for _, row := range []struct {
		logo page.Logo
		want string
	}{
		{page.Logo{URL: "/logo.svg"}, "'self'"},
		{page.Logo{URL: "https://cdn.example.com:8443/logo.png?v=2"}, "https://cdn.example.com:8443"},
		{page.Logo{Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")}, "data:"},
		{page.Logo{}, ""},
	} {
		pages := newPages(t, page.Options{Title: "Orders", Logo: row.logo})
		if got := strings.Join(directives(pages.Policy(view(page.SignIn)))["img-src"], " "); got != row.want {
			t.Errorf("expected %q for the logo, got %q", row.want, got)
		}
		if html := render(t, pages, view(page.SignIn)); strings.Contains(html, "ZgotmplZ") || strings.Contains(html, "<img") != (row.want != "") {
			t.Errorf("expected the logo %q on the page", row.logo.URL)
		}
	}
}

func TestHeaders(t *testing.T) {
	pages, all := newPages(t, theme(t)), states()
	v := all["sign_in_german"]
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Language": "de", "Content-Security-Policy": pages.Policy(v), "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := pages.Headers(v)[name]; got != want {
			t.Errorf("expected %s: %s, got %s", name, want, got)
		}
	}
	for state, want := range map[string]bool{"sign_in": false, "web_authn_lost": false, "web_authn": true} {
		if got := strings.Contains(pages.Headers(all[state])["Permissions-Policy"], "publickey-credentials-get=(self)"); got != want {
			t.Errorf("%s: expected passkeys to be allowed: %t", state, want)
		}
	}
}
