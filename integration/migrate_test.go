package integration_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// guides are the pages for those who come from elsewhere, each with runs of its
// Caddyfiles, in their order.
var guides = map[string][]func(*testing.T, string){
	"migrate-from-oauth2-proxy":    {runForwardedUser, runForwardedToken("X-Forwarded-Access-Token"), runEmailDomain},
	"migrate-from-alb":             {runLoadBalancer, runForwardedToken("X-Amzn-Oidc-Accesstoken")},
	"migrate-from-cognito-at-edge": {runEdgeSite},
}

func TestMigrationGuidesRun(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(repository, "caddyfile/docs/migrate-from-*.md"))
	if check(t, err); len(paths) != len(guides) {
		t.Fatalf("expected %d guides, got %q", len(guides), paths)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(t, err)
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		blocks := shown(string(text), "caddyfile")
		if len(blocks) != len(guides[name]) {
			t.Fatalf("%s: expected each of %d Caddyfiles to be run, got %d runs", name, len(blocks), len(guides[name]))
		}
		options := globalOptions(t, blocks[0])
		for i, run := range guides[name] {
			block := blocks[i]
			if !strings.HasPrefix(block, "{") {
				if before, _, _ := strings.Cut(string(text), block); !strings.HasSuffix(before, "with the global options from above:\n\n```caddyfile\n") {
					t.Errorf("%s: expected it to be said what the site %d needs", name, i+1)
				}
				block = options + block
			}
			t.Run(name+" "+string(rune('1'+i)), func(t *testing.T) { run(t, block) })
		}
	}
}

// globalOptions are those of a whole Caddyfile.
func globalOptions(t *testing.T, whole string) string {
	t.Helper()
	options, _, found := strings.Cut(whole, "\n}\n")
	if !found || !strings.HasPrefix(options, "{") {
		t.Fatalf("expected global options, got %q", whole)
	}
	return options + "\n}\n\n"
}

// startedGuide runs a Caddyfile of a guide.
func startedGuide(t *testing.T, block string) *signinWorld {
	t.Helper()
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", signinClient, "COGNITO_CLIENT_SECRET", signinSecret,
		"COGNITO_DOMAIN", w.caddyExpand("$COGNITO"))
	w.runShown(block, exampleAt{})
	w.awaitSignin()
	return w
}

// inbox signs in on the way to the inbox, and is what the upstream saw of that.
func (w *signinWorld) inbox(b *browser, username string) (saw seen, got visited) {
	w.Helper()
	b.open("/inbox")
	got = b.submit("username", username, "password", password)
	if got.status != 200 {
		return seen{}, got
	}
	return w.upstream.one(w.T), got
}

// wantHeaders checks what the application reads; empty: it has no such header.
func (w *world) wantHeaders(saw seen, want map[string]string) {
	w.Helper()
	for name, value := range want {
		if got := saw.header.Get(name); got != value {
			w.Errorf("expected %s: %q, got %q", name, value, got)
		}
	}
}

func (w *world) subject(username string) string {
	w.Helper()
	token, err := w.pool.AccessToken(username, webClient, nil)
	check(w.T, err)
	return claimOf(w.T, token, "sub")
}

// claimOf reads a claim that is a string.
func claimOf(t *testing.T, token, name string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("expected a token, got %.20q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(t, err)
	text, _ := decode(t, string(payload))[name].(string)
	return text
}

// wantSignOut signs out by an old link, which asks since it is opened from nowhere.
func (b *browser) wantSignOut(link, page string) {
	b.Helper()
	b.open(link)
	b.submit()
	if b.open(page); b.page.url.Path == page {
		b.Errorf("expected %s to sign out, got %d at %v", link, b.page.status, b.page.url)
	}
}

func runForwardedUser(t *testing.T, block string) {
	w := startedGuide(t, block)
	b := w.newBrowser()
	saw, _ := w.inbox(b, "jo")
	w.wantHeaders(saw, map[string]string{
		"X-Forwarded-User": w.subject("jo"), "X-Forwarded-Email": userEmail, "X-Forwarded-Groups": "admins,staff",
		"X-Forwarded-Preferred-Username": "", "X-Cognito-Sub": "", "Authorization": "",
	})
	if got := b.open("/_cognito/session"); !strings.Contains(got.body, userEmail) {
		t.Errorf("expected the session to tell the e-mail address, got %q", got.body)
	}
	w.wantStatus(200, w.get("/health", "X-Forwarded-User: forged", "X_Forwarded_Email: forged"))
	w.wantHeaders(w.upstream.one(t), map[string]string{"X-Forwarded-User": "", "X_Forwarded_Email": ""})
	if _, got := w.inbox(w.newBrowser(), "mo"); got.status != 403 {
		t.Errorf("expected status 403 for want of the group, got %d at %v", got.status, got.url)
	}
	b.wantSignOut("/oauth2/sign_out", "/inbox")
}

// runForwardedToken is about an application that reads the access token.
func runForwardedToken(header string) func(*testing.T, string) {
	return func(t *testing.T, block string) {
		w := startedGuide(t, block)
		b := w.newBrowser()
		b.open("/inbox")
		if got := b.submit("username", "jo", "password", password); got.status != 200 {
			t.Fatalf("expected the inbox, got %d at %v", got.status, got.url)
		}
		saw := w.upstream.one(t)
		if token := saw.header.Get(header); claimOf(t, token, "token_use") != "access" || claimOf(t, token, "sub") != w.subject("jo") {
			t.Errorf("expected the access token of jo in %s, got %.20q", header, token)
		}
		w.wantHeaders(saw, map[string]string{"Authorization": ""})
		if strings.Contains(block, "X-Amzn-Oidc-Identity") {
			w.wantHeaders(saw, map[string]string{"X-Amzn-Oidc-Identity": w.subject("jo")})
		}
	}
}

func runEmailDomain(t *testing.T, block string) {
	for domain, status := range map[string]int{"example.org": 200, "example.com": 403} {
		w := startedGuide(t, strings.Replace(block, `"@example.com"`, `"@`+domain+`"`, 1))
		if _, got := w.inbox(w.newBrowser(), "jo"); got.status != status {
			t.Errorf("%s: expected status %d for %s, got %d at %v", domain, status, userEmail, got.status, got.url)
		}
	}
}

func runLoadBalancer(t *testing.T, block string) {
	w := startedGuide(t, block)
	saw, _ := w.inbox(w.newBrowser(), "jo")
	w.wantHeaders(saw, map[string]string{"X-Amzn-Oidc-Identity": w.subject("jo"), "X-Cognito-Email": userEmail})
	token := strings.TrimPrefix(saw.header.Get("Authorization"), "Bearer ")
	if claimOf(t, token, "token_use") != "id" || claimOf(t, token, "email") != userEmail || claimOf(t, token, "aud") != signinClient {
		t.Errorf("expected the ID token of jo, got %.20q", token)
	}
	w.wantStatus(200, roundTrip(t, w.web, "GET", "http://10.0.0.7/health", ""))
	w.wantStatus(404, roundTrip(t, w.web, "GET", "http://10.0.0.7/inbox", "", "X-Amzn-Oidc-Identity: forged"))
	w.wantStatus(401, w.get("/inbox", "X-Amzn-Oidc-Identity: forged"))
	if got := w.upstream.take(); len(got) != 0 {
		t.Errorf("expected nothing at the application, got %v", got)
	}
}

func runEdgeSite(t *testing.T, block string) {
	w := newStoreWorld(t)
	in := &signinWorld{w.world}
	in.addClient(cognitolocal.Client{})
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", signinClient, "COGNITO_CLIENT_SECRET", signinSecret,
		"COGNITO_DOMAIN", w.caddyExpand("$COGNITO"), "COGNITO_IDENTITY_POOL_ID", w.identities.ID(), "SITE_BUCKET", siteBucket)
	w.runShown(block, exampleAt{store: w.tap.url})
	w.awaitSignin()
	b := in.newBrowser()
	b.open("/docs/")
	if got := b.submit("username", "jo", "password", password); got.status != 200 || got.body != "<h1>Docs</h1>" {
		t.Fatalf("expected the page, got %d at %v with %.200q", got.status, got.url, got.body)
	}
	if got := b.page.header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("expected the headers of the site, got %q", got)
	}
	if got := b.open("/_cognito/session"); !strings.Contains(got.body, userEmail) {
		t.Errorf("expected the session to tell the e-mail address, got %q", got.body)
	}
	w.wantStatus(401, w.get("/docs/"))
	b.wantSignOut("/signout", "/docs/")
}
