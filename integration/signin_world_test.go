package integration_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const (
	signinClient = "4signinexample"
	signinSecret = "51asecretthatnobodyguesses0000000000000000000000000"
	app          = "http://localhost"

	// sessionSecret spares a start the wait for keys in the storage.
	sessionSecret = "q3GZb0c1m8Vd5u7Ls2Xf9Tn4Wk6Hy0Re1Pj3Ao5Ci8"
)

// signinWorld is a world whose site signs users in, at the host localhost.
type signinWorld struct{ *world }

// signinSetup is what tests vary.
type signinSetup struct {
	client  cognitolocal.Client // over the defaults
	signIn  cognitolocal.SignIn
	session string // in the block session
	pool    string // in the block of the user pool
	signin  string // in the block of cognito_signin
	site    string // after cognito_signin; a protected upstream unless set
	level   string
}

func startedSignin(t *testing.T, s signinSetup) *signinWorld {
	t.Helper()
	w := &signinWorld{newWorld(t)}
	w.addClient(s.client)
	check(t, w.pool.SetSignIn(s.signIn))
	w.load(w.setup(s))
	return w
}

// addClient adds the app client of sign-in, whose callbacks are those of the
// site.
func (w *signinWorld) addClient(c cognitolocal.Client) {
	w.Helper()
	c.ID, c.Secrets = signinClient, []string{signinSecret}
	c.OAuthFlows, c.OAuthScopes = []string{cognitolocal.FlowCode}, []string{"openid", "email", "aws.cognito.signin.user.admin"}
	c.CallbackURLs, c.LogoutURLs = []string{app + "/_cognito/callback"}, []string{app + "/_cognito/signed-out"}
	check(w.T, w.pool.AddClient(c))
}

func (w *signinWorld) setup(s signinSetup) setup {
	if s.site == "" {
		s.site = protected
	}
	if !strings.Contains(s.session, "secret ") && !strings.Contains(s.session, "rotate ") {
		s.session += "\nsecret " + sessionSecret
	}
	return setup{
		pool: s.pool, level: s.level,
		pools: `user_pool signin ` + w.pool.ID() + ` {
			issuer ` + w.pool.Issuer() + `
			endpoint $COGNITO
			domain $COGNITO
			client ` + signinClient + ` {
				secret ` + signinSecret + `
			}
			session {
				` + s.session + `
			}
			` + s.pool + `
		}`,
		site: "cognito_signin signin {\n" + s.signin + "\n}\n" + strings.ReplaceAll(s.site, "cognito_auth main", "cognito_auth signin"),
	}
}

// browser is a visitor's: it keeps cookies as browsers do, follows links and
// redirects and fills in forms, but runs no scripts.
type browser struct {
	*testing.T
	client  *http.Client
	cookies []*http.Cookie // those of the site
	blocked bool           // it keeps no cookies
	hops    []string       // the URLs of the last visit
	page    visited
}

// visited is a page.
type visited struct {
	answer
	url  *url.URL
	form *form // the first on the page, nil without one
}

// newBrowser is a browser that reaches localhost through the site's socket.
func (w *signinWorld) newBrowser() *browser {
	socket := filepath.Join(w.dir, "site.sock")
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "localhost:") {
			network, address = "unix", socket
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	w.Cleanup(transport.CloseIdleConnections)
	return &browser{T: w.T, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// open navigates to a path of the site or to a URL.
func (b *browser) open(target string) visited {
	b.Helper()
	b.hops = nil
	return b.navigate(http.MethodGet, b.resolve(app+"/", target), "")
}

// submit fills the form of the page in and sends it.
func (b *browser) submit(pairs ...string) visited {
	b.Helper()
	if b.page.form == nil {
		b.Fatalf("expected a form on the page, got %d with %q", b.page.status, b.page.body)
	}
	return b.send(b.page.form, pairs...)
}

// send sends a form of the page.
func (b *browser) send(f *form, pairs ...string) visited {
	b.Helper()
	values := f.fill(b.T, pairs...)
	b.hops = nil
	return b.navigate(http.MethodPost, b.resolve(b.page.url.String(), f.action), values.Encode())
}

func (b *browser) resolve(base, target string) *url.URL {
	b.Helper()
	from, err := url.Parse(base)
	check(b.T, err)
	to, err := from.Parse(target)
	check(b.T, err)
	return to
}

// leadsTo is where a browser goes on to by itself: a redirect, or the page after
// sign-in.
func (a answer) leadsTo() string {
	if target, ok := strings.CutPrefix(a.header.Get("Refresh"), "0; url="); ok && a.status == http.StatusOK {
		return target
	}
	return a.header.Get("Location")
}

// navigate follows redirects to a page.
func (b *browser) navigate(method string, target *url.URL, body string) visited {
	b.Helper()
	for range 12 {
		b.hops = append(b.hops, method+" "+target.String())
		got := b.request(method, target, body)
		location := got.leadsTo()
		if location == "" || got.status >= 400 {
			b.page = visited{got, target, parseForm(got.body)}
			return b.page
		}
		if got.status != http.StatusOK && got.status != http.StatusSeeOther && got.status != http.StatusFound {
			b.Errorf("expected redirects with 302 or 303, got %d", got.status)
		}
		method, target, body = http.MethodGet, b.resolve(target.String(), location), ""
	}
	b.Fatalf("expected a page, was sent around: %q", b.hops)
	return visited{}
}

func (b *browser) request(method string, target *url.URL, body string) answer {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, target.String(), strings.NewReader(body))
	check(b.T, err)
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", target.Scheme+"://"+target.Host)
	}
	for _, cookie := range b.cookies {
		if cookie.Domain == target.Hostname() && strings.HasPrefix(target.Path, cookie.Path) {
			req.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
		}
	}
	resp, err := b.client.Do(req)
	check(b.T, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(b.T, err)
	b.keep(target, resp.Cookies())
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// keep keeps cookies. Paths match as strings here, which is enough for ours.
func (b *browser) keep(target *url.URL, set []*http.Cookie) {
	for _, cookie := range set {
		if len(cookie.String()) > 4096 || b.blocked {
			continue
		}
		cookie.Domain = target.Hostname()
		if cookie.Path == "" {
			cookie.Path = "/"
		}
		b.cookies = slices.DeleteFunc(b.cookies, func(c *http.Cookie) bool {
			return c.Name == cookie.Name && c.Path == cookie.Path && c.Domain == cookie.Domain
		})
		if cookie.MaxAge >= 0 {
			b.cookies = append(b.cookies, cookie)
		}
	}
}

// cookie is a cookie of the site, nil without one.
func (b *browser) cookie(name string) *http.Cookie {
	for _, cookie := range b.cookies {
		if cookie.Name == name {
			return cookie
		}
	}
	return nil
}

const sessionCookie = "__Host-cognito-signin"

// signIn goes to a protected page and signs in with a password.
func (b *browser) signIn(username string) visited {
	b.Helper()
	b.open("/private?x=1")
	got := b.submit("username", username, "password", password)
	if got.status != 204 && got.status != 200 || got.url.String() != app+"/private?x=1" {
		b.Fatalf("expected the private page, got %d at %v with %q", got.status, got.url, got.body)
	}
	return got
}

// form is a form of a page.
type form struct {
	action  string
	fields  url.Values // with what is sent unless it is changed
	choices url.Values // the values of radio buttons and named buttons
}

// fill sets fields that the form has, each with one input, or chooses.
func (f *form) fill(t *testing.T, pairs ...string) url.Values {
	t.Helper()
	values := maps.Clone(f.fields)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if len(f.fields[name]) != 1 && !slices.Contains(f.choices[name], value) {
			t.Errorf("expected a field %q for %q in the form, there are %q and choices of %q", name, value, f.fields, f.choices)
		}
		values[name] = []string{value}
	}
	return values
}

// parseForm finds the first form with a method of post.
func parseForm(document string) *form {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return nil
	}
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.Data == "form" && strings.EqualFold(attribute(node, "method"), "post") {
			return readForm(node)
		}
	}
	return nil
}

// readForm reads a form: a name that stands there twice is sent twice.
func readForm(node *html.Node) *form {
	f := &form{attribute(node, "action"), make(url.Values), make(url.Values)}
	for input := range node.Descendants() {
		name, value := attribute(input, "name"), attribute(input, "value")
		switch {
		case input.Type != html.ElementNode || name == "":
		case input.Data == "button", attribute(input, "type") == "radio":
			f.choices.Add(name, value)
		case slices.Contains([]string{"input", "select", "textarea"}, input.Data):
			f.fields.Add(name, value)
		}
	}
	return f
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
