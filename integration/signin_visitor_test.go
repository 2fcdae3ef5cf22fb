package integration_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// row is the world with another T, for the rows of a table.
func (w *signinWorld) row(t *testing.T) *signinWorld {
	inner := *w.world
	inner.T = t
	return &signinWorld{&inner}
}

// send makes one request to the site and follows no redirects.
func (w *signinWorld) send(method, target, body string, lines ...string) answer {
	w.Helper()
	return w.sendTo(app, method, target, body, lines...)
}

// sendTo makes a request to any host of the site.
func (w *signinWorld) sendTo(origin, method, target, body string, lines ...string) answer {
	w.Helper()
	client := *w.web
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return roundTrip(w.T, &client, method, origin+target, body, lines...)
}

// Requests as browsers make them.
var (
	navigating = []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: none"}
	fetching   = []string{"Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Sec-Fetch-Site: same-origin"}
)

// unlimited lets a table sign in as often as it has rows.
const unlimited = "page\nlimit user 100000\nlimit address 100000"

// lines are header lines, more of them at the end.
func lines(some []string, more ...string) []string {
	return append(append([]string(nil), some...), more...)
}

// signedIn signs a user in through the API and returns the line with the cookie of
// the session.
func (w *signinWorld) signedIn(username string) string {
	w.Helper()
	got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": username, "password": password})
	cookie := setCookies(got)[sessionCookie]
	if got.status != 200 || cookie == nil || cookie.Value == "" {
		w.Fatalf("expected a session, got %d with %q", got.status, got.body)
	}
	return cookieLine(cookie)
}

func (w *signinWorld) sendJSON(target string, body any, lines ...string) answer {
	w.Helper()
	document, err := json.Marshal(body)
	check(w.T, err)
	return w.send("POST", target, string(document), append(lines, "Content-Type: application/json")...)
}

func cookieLine(cookie *http.Cookie) string { return "Cookie: " + cookie.Name + "=" + cookie.Value }

// setCookies are the cookies that an answer sets or clears.
func setCookies(got answer) map[string]*http.Cookie {
	set := make(map[string]*http.Cookie)
	for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
		set[cookie.Name] = cookie
	}
	return set
}

// cleared reports whether an answer makes browsers forget a cookie.
func cleared(got answer, name string) bool {
	cookie := setCookies(got)[name]
	return cookie != nil && cookie.MaxAge < 0 && cookie.Value == ""
}

// wantJo fails the test unless exactly jo's request reached the upstream.
func (w *signinWorld) wantJo() {
	w.Helper()
	saw := w.upstream.one(w.T)
	if got := saw.header.Get("X-Cognito-Username"); got != "jo" {
		w.Errorf("expected jo at the upstream, got %q", got)
	}
	w.wantNoCookies(saw)
}

// wantNoCookies: whoever has them is the user.
func (w *signinWorld) wantNoCookies(saw seen) {
	w.Helper()
	if text := strings.Join(saw.header["Cookie"], "; "); strings.Contains(text, "cognito") {
		w.Errorf("expected no cookie of ours at the upstream, got %.60q", text)
	}
}

// hop is the first URL of the last visit that contains part.
func (b *browser) hop(part string) *url.URL {
	b.Helper()
	for _, hop := range b.hops {
		if _, target, _ := strings.Cut(hop, " "); strings.Contains(target, part) {
			return b.resolve(app, target)
		}
	}
	b.Fatalf("expected a visit to %q, got %q", part, b.hops)
	return nil
}

// choose follows the link, or presses the button, with that text.
func (b *browser) choose(label string) visited {
	b.Helper()
	root, err := html.Parse(strings.NewReader(b.page.body))
	check(b.T, err)
	for node := range root.Descendants() {
		if node.Type != html.ElementNode || !strings.Contains(strings.TrimSpace(textOf(node)), label) {
			continue
		}
		switch node.Data {
		case "a":
			b.hops = nil
			return b.navigate(http.MethodGet, b.resolve(b.page.url.String(), attribute(node, "href")), "")
		case "form":
			return b.send(readForm(node))
		}
	}
	b.Fatalf("expected %q on the page, got %q", label, b.page.body)
	return visited{}
}

func textOf(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}

// toPool begins a sign-in at a page of the site and stops at the pool's own page.
// It returns the request that the pool got.
func (b *browser) toPool(target string) url.Values {
	b.Helper()
	got := b.open(target)
	if got.url.Host == "localhost" {
		b.Fatalf("expected the page of the pool, got %d at %v with %q", got.status, got.url, got.body)
	}
	return b.hop("/oauth2/authorize").Query()
}

// hostedIn signs in on the pool's own page.
func (b *browser) hostedIn(username string) visited {
	b.Helper()
	b.toPool("/private?x=1")
	return b.submit("username", username, "password", password)
}

// stopped signs in on the pool's own page, but keeps the callback from the site.
func (b *browser) stopped(target, username string) (callback *url.URL) {
	b.Helper()
	b.toPool(target)
	values := b.page.form.fill(b.T, "username", username, "password", password)
	got := b.request(http.MethodPost, b.resolve(b.page.url.String(), b.page.form.action), values.Encode())
	return b.resolve(b.page.url.String(), got.header.Get("Location"))
}

// flows are the cookies of sign-ins on their way.
func (b *browser) flows() (names []string) {
	for _, cookie := range b.cookies {
		if strings.HasPrefix(cookie.Name, flowPrefix) {
			names = append(names, cookie.Name)
		}
	}
	return names
}

const flowPrefix = "__Secure-cognito-flow-"

// wantPage fails the test unless the page has the status and all the words, and
// is one that tells nothing on.
func (b *browser) wantPage(got visited, status int, words ...string) {
	b.Helper()
	if got.status != status {
		b.Errorf("expected status %d, got %d at %v with %.300q", status, got.status, got.url, got.body)
	}
	for _, word := range words {
		if !strings.Contains(got.body, word) {
			b.Errorf("expected %q on the page, got %q", word, got.body)
		}
	}
	referrer := "same-origin" // forms need it
	if got.form == nil && (got.url.Path == "/_cognito/callback" || got.url.Path == "/_cognito/landing") {
		referrer = "no-referrer"
	}
	for name, value := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": referrer, "X-Content-Type-Options": "nosniff"} {
		if got.header.Get(name) != value {
			b.Errorf("expected %s: %s, got %q", name, value, got.header[name])
		}
	}
}

// wantSignedOut fails the test when the browser has a session.
func (b *browser) wantSignedOut() {
	b.Helper()
	if b.cookie(sessionCookie) != nil {
		b.Error("expected no session")
	}
}
