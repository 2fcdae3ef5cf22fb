package integration_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// tampering is a pool whose answers somebody on the way changes.
type tampering struct {
	url    string
	change atomic.Pointer[func(operation string, answer map[string]any)]
}

func (w *signinWorld) newTampering() *tampering {
	w.Helper()
	target, err := url.Parse(w.pool.DomainURL())
	check(w.T, err)
	tamper := new(tampering)
	proxy := httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: tamper.modify,
	}
	srv := httptest.NewServer(&proxy)
	w.Cleanup(srv.Close)
	tamper.url = srv.URL
	return tamper
}

func (p *tampering) modify(resp *http.Response) error {
	change := p.change.Load()
	_, operation, _ := strings.Cut(resp.Request.Header.Get("X-Amz-Target"), ".")
	if change == nil || operation == "" {
		return nil
	}
	var answer map[string]any
	err := json.NewDecoder(resp.Body).Decode(&answer)
	if err != nil {
		return err
	}
	(*change)(operation, answer)
	body, err := json.Marshal(answer)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return err
}

func (p *tampering) set(change func(operation string, answer map[string]any)) {
	p.change.Store(&change)
}

// negativeSite has a public path, a page for one address, and all else for users.
const negativeSite = `@public path /public/*
handle @public {
	cognito_strip
	reverse_proxy $UPSTREAM
}
handle /email {
	cognito_auth signin {
		token_use id
		require claim email jo@good.example
	}
	reverse_proxy $UPSTREAM
}
handle {
	cognito_auth main
	reverse_proxy $UPSTREAM
}`

// TestAdvisoriesOfOthers are attacks that worked against others of the trade.
func TestAdvisoriesOfOthers(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{IdentityProviders: federated.IdentityProviders, AccessTokenLifetime: 3 * time.Second})
	check(t, w.pool.AddIdentityProvider(cognitolocal.IdentityProvider{Type: cognitolocal.ProviderGoogle}))
	tamper := w.newTampering()
	s := w.setup(signinSetup{signin: strings.Replace(unlimited, "page", "page {\nprovider Google\n}", 1), site: negativeSite, pool: "cooldown 1ms"})
	pools, more := w.otherSites()
	s.pools, s.more = strings.Replace(s.pools, "endpoint $COGNITO", "endpoint "+tamper.url, 1)+"\n"+pools, more
	w.load(s)
	session := w.signedIn("jo")
	refused := func(w *signinWorld, requests ...string) {
		w.Helper()
		for _, request := range requests {
			if got := w.raw(request); got.status != 401 && got.status != 400 {
				w.Errorf("%.60q: expected a refusal, got %d with %q", request, got.status, got.body)
			}
		}
		w.upstream.none(w.T)
	}
	for _, row := range []struct {
		name   string
		attack func(w *signinWorld)
	}{
		{"a query that looks like a public path (oauth2-proxy GHSA-7rh7-c77v-6434)", func(w *signinWorld) {
			refused(w, rawGet("/private?/public/"), rawGet("/private?x=/public/y"), rawGet("/?/public/"), rawGet("/private%3f/public/x"))
		}},
		{"a fragment that looks like a public path (oauth2-proxy GHSA-pxq7-h93f-9jrg)", func(w *signinWorld) {
			refused(w, rawGet("/private#/public/"), rawGet("/private%23/public/"), rawGet("/private%23/../public/x"), rawGet("/public/%23/../../private"))
		}},
		{"headers of proxies from a stranger (oauth2-proxy GHSA-7x63-xv5r-3p2x)", func(w *signinWorld) {
			refused(w, rawGet("/private", "X-Forwarded-Uri: /public/x", "X-Forwarded-Host: public.example", "X-Forwarded-Proto: https", "X-Original-Uri: /public/x", "X-Forwarded-User: jo", "X-Forwarded-Method: OPTIONS"))
		}},
		{"the name of a health check (oauth2-proxy GHSA-5hvv-m4w4-gf6v)", func(w *signinWorld) {
			for _, agent := range []string{"kube-probe/1.31", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Amazon-Route53-Health-Check-Service"} {
				refused(w, rawGet("/private", "User-Agent: "+agent), rawGet("/", "User-Agent: "+agent))
			}
		}},
		{"an event stream, an upgrade, a preflight (traefikoidc shouldBypassAuth)", func(w *signinWorld) {
			refused(w, rawGet("/private", "Accept: text/event-stream"), rawGet("/private", "Connection: Upgrade", "Upgrade: websocket"),
				head("OPTIONS", "/private")+"\r\n", head("OPTIONS", "/private", "Origin: https://evil.example", "Access-Control-Request-Method: GET")+"\r\n")
		}},
		{"identity headers in other spellings (CVE-2025-64484, GHSA-vjrc-mh2v-45x6)", func(w *signinWorld) {
			spoofed := []string{"X_Cognito_Username: root", "x-cognito_username: root", "X-Cognito-Username: root", "X-COGNITO_Groups: kings", "X.Cognito.Sub: root", "Connection: X-Cognito-Username"}
			w.wantStatus(200, w.raw(rawGet("/private", append(spoofed, session)...)))
			saw := w.upstream.one(w.T)
			if got := saw.identity()["x-cognito-username"]; len(got) != 1 || got[0] != "jo" {
				w.Errorf("expected jo and nobody else, got %q", saw.identity())
			}
			w.wantStatus(200, w.raw(rawGet("/public/x", append(spoofed, session)...)))
			w.upstream.one(w.T).wantIdentity(w.T)
		}},
		{"the session of whoever sat here before (oauth2-proxy GHSA-f24x-5g9q-753f)", func(w *signinWorld) {
			got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "mo", "password": "wrong"}, session)
			w.wantStatus(422, got)
			if !cleared(got, sessionCookie) {
				w.Errorf("expected a sign-in that fails to leave nobody signed in, got %v", got.header)
			}
			got = w.sendJSON("/_cognito/sign-in", map[string]any{"username": "mo", "password": password}, session)
			fresh := setCookies(got)[sessionCookie]
			if len(got.header["Set-Cookie"]) != 1 || strings.HasSuffix(session, fresh.Value) {
				w.Fatalf("expected another session, got %v", got.header)
			}
			w.wantStatus(200, w.send("GET", "/private", "", cookieLine(fresh)))
			if user := w.upstream.one(w.T).header.Get("X-Cognito-Username"); user != "mo" {
				w.Errorf("expected mo, got %q", user)
			}
		}},
		{"an address with two at signs (oauth2-proxy GHSA-c5c4-8r6x-56w3)", func(w *signinWorld) {
			for email, status := range map[string]int{"jo@good.example": 200, "a@evil.example@good.example": 403, "jo@good.example@evil.example": 403, "x,jo@good.example": 403, "JO@GOOD.EXAMPLE": 403} {
				check(w.T, w.pool.SetAttributes("mo", map[string]string{"email": email}))
				w.wantStatus(status, w.send("GET", "/email", "", w.signedIn("mo")))
			}
			w.upstream.take()
		}},
		{"chunks that the client counts (traefik-oidc-auth PR#290)", func(w *signinWorld) {
			refused(w, rawGet("/private", "Cookie: "+sessionCookie+".count=4294967295; "+sessionCookie+".0=x; "+sessionCookie+"_0=x; "+sessionCookie+"-0=x"))
		}},
		{"key sets that change under many requests (traefik-oidc-auth PR#290)", func(w *signinWorld) {
			var all sync.WaitGroup
			unknown := strings.Replace(w.access(nil), "eyJ", "eyK", 1)
			for range 8 {
				all.Go(func() {
					for range 8 {
						_, _ = try(w.T, w.web, "GET", "http://edge/private", "", "Authorization: Bearer "+unknown)
						_, _ = try(w.T, w.web, "GET", "http://edge/private", "", session)
					}
				})
			}
			check(w.T, w.pool.RotateKeys())
			all.Wait()
			w.upstream.take()
			w.wantStatus(200, w.send("GET", "/private", "", w.signedIn("jo")))
			w.wantJo()
		}},
		{"a session of one site at another (traefikoidc#87)", func(w *signinWorld) {
			for _, site := range []string{"http://key.localhost", "http://client.localhost", "http://name.localhost"} {
				got := w.sendTo(site, "GET", "/private", "", session)
				w.wantStatus(401, got)
			}
			w.upstream.none(w.T)
		}},
		{"a code on any path (cognito-at-edge handle)", func(w *signinWorld) {
			before := w.cognito.Requests(cognitolocal.EndpointToken)
			refused(w, rawGet("/private?code=x&state=y"), rawGet("/?code=x"), rawGet("/_cognito/callback/?code=x&state=y"), rawGet("/_cognito/?code=x&state=y"), rawGet("/x/_cognito/callback?code=x&state=y"))
			if n := w.cognito.Requests(cognitolocal.EndpointToken) - before; n != 0 {
				w.Errorf("expected no code to be exchanged, got %d", n)
			}
		}},
		{"a callback with an error and no code (Connapse PR#434)", func(w *signinWorld) {
			b := w.newBrowser()
			state := b.toPool("/_cognito/sign-in?provider=Google").Get("state")
			b.wantPage(b.open("/_cognito/callback?error=access_denied&state="+state), 422, "The sign-in was refused")
			if len(b.flows()) > 0 || len(b.hops) != 1 {
				w.Errorf("expected the flow to be over, got %q and %q", b.flows(), b.hops)
			}
			b.wantSignedOut()
		}},
		{"refreshed tokens of somebody else (mod_auth_openidc)", func(w *signinWorld) {
			id, err := w.pool.IDToken("mo", signinClient, nil)
			check(w.T, err)
			access, err := w.pool.AccessToken("mo", signinClient, nil)
			check(w.T, err)
			mixed := w.signedIn("jo")
			tamper.set(func(operation string, answer map[string]any) {
				if result, ok := answer["AuthenticationResult"].(map[string]any); ok && strings.Contains(operation, "Refresh") {
					result["IdToken"], result["AccessToken"] = id, access
				}
			})
			defer tamper.change.Store(nil)
			eventually(w.T, "the session is refused", func() bool {
				return w.send("GET", "/private", "", mixed).status == 401 || w.logged("error", "session ended") > 0
			})
			for _, saw := range w.upstream.take() {
				if user := saw.header.Get("X-Cognito-Username"); user != "jo" {
					w.Errorf("expected jo to stay himself, got %q", user)
				}
			}
		}},
		{"a handshake of the password that is malformed (cognito-srp hexToBig)", func(w *signinWorld) {
			defer tamper.change.Store(nil)
			for field, values := range map[string][]any{"SRP_B": {"zz", "", "0", strings.Repeat("f", 100000)}, "SALT": {"zz"}, "SECRET_BLOCK": {"%%"}} {
				for _, value := range values {
					tamper.set(func(_ string, answer map[string]any) {
						if parameters, ok := answer["ChallengeParameters"].(map[string]any); ok {
							parameters[field] = value
						}
					})
					got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": password})
					if got.status < 400 || got.status == 500 || len(setCookies(got)) > 0 {
						w.Errorf("%s of %.10v: expected a refusal, got %d with %q", field, value, got.status, got.body)
					}
				}
			}
			for _, line := range w.logLines() {
				if text, _ := line["msg"].(string); strings.Contains(text, "panic") {
					w.Errorf("expected no panic, got %v", line)
				}
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) { row.attack(w.row(t)) })
	}
	t.Run("a secret that is empty, short or an example (traefik-oidc-auth DefaultSecret)", func(t *testing.T) {
		w := w.row(t)
		for _, secret := range []string{`""`, "x", "changeme", "secret", strings.Repeat("a", 64), "0123456789abcdef", sessionSecret + " " + sessionSecret, strings.Repeat("changeme", 8)} {
			s := w.setup(signinSetup{session: "secret " + secret})
			if err := edge.Load(w.caddyfile(s)); err == nil {
				t.Errorf("expected the secret %.20q to be refused", secret)
			}
		}
	})
}

// TestOAuthBestPractice is RFC 9700, an attack for each section that concerns a
// client.
func TestOAuthBestPractice(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	changed := func(b *browser, change func(url.Values)) visited {
		b.Helper()
		b.toPool("/private")
		request := b.hop("/oauth2/authorize")
		query := request.Query()
		change(query)
		request.RawQuery = query.Encode()
		b.open(request.String())
		return b.submit("username", "jo", "password", password)
	}
	for _, row := range []struct {
		name   string
		attack func(w *signinWorld, b *browser)
	}{
		{"2.1 a host of the attacker becomes no redirect_uri that the pool takes", func(w *signinWorld, b *browser) {
			got := w.sendTo("http://localhost:8080", "GET", "/_cognito/sign-in", "", navigating...)
			page := b.open(got.header.Get("Location"))
			if page.url.Path != "/error" || strings.Contains(strings.Join(b.hops, " "), "code=") {
				w.Errorf("expected the error page of the pool, got %v", page.url)
			}
		}},
		{"2.1.1 the code challenge is left out on the way", func(w *signinWorld, b *browser) {
			b.wantPage(changed(b, func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }), 422, "expired")
		}},
		{"2.1.1 the code challenge is that of the attacker", func(w *signinWorld, b *browser) {
			b.wantPage(changed(b, func(q url.Values) { q.Set("code_challenge", strings.Repeat("A", 43)) }), 422, "expired")
		}},
		{"2.1.1 the nonce is that of the attacker", func(w *signinWorld, b *browser) {
			b.wantPage(changed(b, func(q url.Values) { q.Set("nonce", "attacker") }), 400, "belongs to another sign-in")
		}},
		{"2.1.1 the nonce is left out", func(w *signinWorld, b *browser) {
			b.wantPage(changed(b, func(q url.Values) { q.Del("nonce") }), 400, "belongs to another sign-in")
		}},
		{"4.2 the code leaks by Referer of a page that failed", func(w *signinWorld, b *browser) {
			w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.FaultDown())
			defer w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.Fault{})
			b.wantPage(b.hostedIn("jo"), 503) // which has Referrer-Policy: no-referrer
			if strings.Contains(b.page.body, b.page.url.Query().Get("code")) {
				w.Error("expected no code on the page")
			}
		}},
		{"4.2 the code leaks by Referer of the redirect", func(w *signinWorld, b *browser) {
			got := b.request("GET", b.stopped("/private", "jo"), "")
			if got.status != 303 || got.header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(got.header.Get("Location"), "code=") {
				w.Errorf("expected a redirect that tells nothing on, got %v", got.header)
			}
			b.cookies = nil
		}},
		{"4.3 a token comes in the URL", func(w *signinWorld, b *browser) {
			token, err := w.pool.AccessToken("jo", signinClient, nil)
			check(w.T, err)
			w.wantStatus(401, w.send("GET", "/private?access_token="+token+"&id_token="+token, "", fetching...))
		}},
		{"4.4 an answer names another issuer", func(w *signinWorld, b *browser) {
			// The flow is bound to its pool and app client; iss is not believed.
			callback := b.stopped("/private", "jo")
			got := b.open(callback.String() + "&iss=https%3A%2F%2Fevil.example")
			if got.url.Path != "/private" || w.upstream.one(w.T).header.Get("X-Cognito-Username") != "jo" {
				w.Errorf("expected iss to change nothing, got %d at %v", got.status, got.url)
			}
			b.cookies = nil
		}},
		{"4.5 a stolen code is brought into a flow of the thief", func(w *signinWorld, b *browser) {
			code := b.stopped("/private", "jo").Query().Get("code")
			thief := w.newBrowser()
			state := thief.toPool("/private").Get("state")
			thief.wantPage(thief.open("/_cognito/callback?code="+code+"&state="+state), 422, "expired")
			thief.wantSignedOut()
		}},
		{"4.7 the victim is signed in as the attacker", func(w *signinWorld, b *browser) {
			attacker := w.newBrowser()
			if got := b.open(attacker.stopped("/private", "mo").String()); got.url.Path != "/login" {
				w.Errorf("expected the pool's page, got %v", got.url)
			}
		}},
		{"4.8 a code is used twice", func(w *signinWorld, b *browser) {
			callback := b.stopped("/private", "jo")
			cookies := slices.Clone(b.cookies)
			b.open(callback.String())
			w.upstream.take()
			b.cookies = cookies // a copy of the browser
			b.wantPage(b.open(callback.String()), 422, "expired")
		}},
		{"4.11 the client is an open redirector", func(w *signinWorld, b *browser) {
			b.toPool("/_cognito/sign-in?return_to=" + url.QueryEscape("https://evil.example/"))
			if got := b.submit("username", "jo", "password", password); got.url.String() != app+"/" {
				w.Errorf("expected the start page, got %v", got.url)
			}
			w.upstream.take()
			b.cookies = nil
		}},
		{"4.12 a redirect sends the password on", func(w *signinWorld, b *browser) {
			for _, target := range []string{"/_cognito/sign-in", "/_cognito/sign-out", "/private"} {
				for _, method := range []string{"GET", "POST"} {
					if got := w.send(method, target, "", navigating...); got.status == 301 || got.status == 302 || got.status == 307 || got.status == 308 {
						w.Errorf("%s %s: expected 303 at most, got %d", method, target, got.status)
					}
				}
			}
		}},
		{"4.16 a page is framed", func(w *signinWorld, b *browser) {
			for _, target := range []string{"/_cognito/sign-out", "/_cognito/signed-out", "/_cognito/callback?error=access_denied"} {
				got := b.open(target)
				if got.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
					w.Errorf("expected %s not to be framed, got %v", target, got.header)
				}
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			b := w.newBrowser()
			row.attack(w, b)
			b.T = t
			b.wantSignedOut()
			w.upstream.none(t)
		})
	}
}
