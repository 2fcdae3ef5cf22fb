package integration_test

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// federated is a client that offers fakes of two other providers beside the pool.
var federated = cognitolocal.Client{IdentityProviders: []string{"COGNITO", "Google", "Company"}}

// startedHosted is a world whose site uses the pages of the pool's domain.
func startedHosted(t *testing.T, s signinSetup) *signinWorld {
	t.Helper()
	if s.signin == "" {
		s.signin = "hosted"
	}
	w := startedSignin(t, s)
	check(t, w.pool.AddIdentityProvider(cognitolocal.IdentityProvider{
		Type: cognitolocal.ProviderGoogle, Users: []cognitolocal.FederatedUser{{ID: "117", Attributes: map[string]string{"email": "g@example.org"}}},
	}))
	check(t, w.pool.AddIdentityProvider(cognitolocal.IdentityProvider{
		Name: "Company", Type: cognitolocal.ProviderSAML, Identifiers: []string{"company.example"},
		Users: []cognitolocal.FederatedUser{{ID: "carla", Attributes: map[string]string{"email": "carla@company.example"}}},
	}))
	return w
}

// TestHostedWays goes every way through the domain of the pool.
func TestHostedWays(t *testing.T) {
	w := startedHosted(t, signinSetup{
		client: federated, signIn: cognitolocal.SignIn{MFA: cognitolocal.MFAOptional},
		signin: "hosted {\npass identity_provider idp_identifier\n}",
	})
	_, err := w.pool.AddUser(cognitolocal.User{
		Username: "mia", Password: password, MFA: []string{cognitolocal.EmailMFA},
		Attributes: map[string]string{"email": "mia@example.org", "email_verified": "true"},
	})
	check(t, err)
	for _, row := range []struct {
		name, query, username string
		act                   func(b *browser) visited
	}{
		{"a name and a password at the pool", "", "jo", func(b *browser) visited {
			return b.submit("username", "jo", "password", password)
		}},
		{"a wrong password at the pool, then the right one", "", "jo", func(b *browser) visited {
			b.submit("username", "jo", "password", "wrong")
			b.wantSignedOut()
			return b.submit("username", "jo", "password", password)
		}},
		{"a second factor at the pool", "", "mia", func(b *browser) visited {
			b.submit("username", "mia", "password", password)
			b.wantSignedOut()
			return b.submit("authentication_code", w.pool.LastCode("mia"))
		}},
		{"a social provider that the user picks at the pool", "", "Google_117", func(b *browser) visited {
			b.choose("Continue with Google")
			return b.choose("117")
		}},
		{"a social provider that the link names", "&identity_provider=Google", "Google_117", func(b *browser) visited { return b.choose("117") }},
		{"a SAML provider that the link names by its identifier", "&idp_identifier=company.example", "Company_carla", func(b *browser) visited { return b.choose("carla") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			b := w.newBrowser()
			b.toPool("/_cognito/sign-in?return_to=%2Fprivate%3Fx%3D1" + row.query)
			b.wantSignedOut()
			got := row.act(b)
			if got.url.String() != app+"/private?x=1" || len(b.flows()) > 0 {
				t.Errorf("expected the private page and no flow, got %d at %v with %.200q and %q", got.status, got.url, got.body, b.flows())
			}
			saw := w.upstream.one(t)
			if saw.header.Get("X-Cognito-Username") != row.username {
				t.Errorf("expected %s, got %v", row.username, saw.header)
			}
			w.wantNoCookies(saw)
		})
	}
}

// TestHostedRequest is about what the pool is asked (RFC 9700 §2.1).
func TestHostedRequest(t *testing.T) {
	w := startedHosted(t, signinSetup{client: federated, signin: "page {\nprovider Google\n}\nhosted {\nscope openid email\npass lang login_hint\n}"})
	for _, row := range []struct {
		name, query string
		want        map[string]string // parameters; "" is none
	}{
		{"the flow and its keys", "provider=Google", map[string]string{
			"response_type": "code", "client_id": signinClient, "redirect_uri": app + "/_cognito/callback", "code_challenge_method": "S256",
			"scope": "openid email", "identity_provider": "Google", "prompt": "", "lang": "", "login_hint": "", "client_secret": "", "code_verifier": "",
		}},
		{"the language and the hint pass", "provider=Google&lang=de&login_hint=jo%40example.org", map[string]string{"lang": "de", "login_hint": "jo@example.org"}},
		{"a repeated hint does not", "provider=Google&login_hint=a&login_hint=b", map[string]string{"login_hint": ""}},
		{"a hint with a line break does not", "provider=Google&login_hint=a%0d%0ab", map[string]string{"login_hint": ""}},
		{"a prompt for the password passes", "provider=Google&prompt=login", map[string]string{"prompt": "login"}},
		{"a prompt that shows nothing does not", "provider=Google&prompt=none", map[string]string{"prompt": ""}},
		{"another provider does not, unless it may", "provider=Google&identity_provider=Company&idp_identifier=company.example", map[string]string{"identity_provider": "Google", "idp_identifier": ""}},
		{"parameters of the protocol do not", "provider=Google&redirect_uri=https%3A%2F%2Fevil.example&scope=phone&state=x&nonce=x&client_id=x&response_type=token&code_challenge=x", map[string]string{
			"redirect_uri": app + "/_cognito/callback", "scope": "openid email", "client_id": signinClient, "response_type": "code",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.send("GET", "/_cognito/sign-in?"+row.query, "", navigating...)
			w.wantStatus(303, got)
			location, err := url.Parse(got.header.Get("Location"))
			check(t, err)
			query := location.Query()
			for name, want := range row.want {
				if query.Get(name) != want || len(query[name]) > 1 {
					t.Errorf("expected %s=%q, got %q", name, want, query[name])
				}
			}
			for name, least := range map[string]int{"state": 22, "nonce": 22, "code_challenge": 43} {
				if len(query.Get(name)) < least {
					t.Errorf("expected a %s of %d characters at least, got %q", name, least, query.Get(name))
				}
			}
			if strings.Contains(location.RawQuery, "private") || len(query.Get("state")) > 32 {
				t.Errorf("expected a short state and nothing of where to go, got %v", location)
			}
			flow := setCookies(got)[flowPrefix+query.Get("state")]
			if flow == nil || flow.Path != "/_cognito/callback" || !flow.Secure || !flow.HttpOnly || flow.Domain != "" || flow.MaxAge <= 0 {
				t.Errorf("expected a cookie for the callback alone, got %v", flow)
			}
		})
	}
	t.Run("a provider that is not offered", func(t *testing.T) {
		w := w.row(t)
		for _, name := range []string{"Company", "COGNITO", "Facebook", "google", "Google,Company", "a\r\nb"} {
			got := w.send("GET", "/_cognito/sign-in?provider="+url.QueryEscape(name), "", navigating...)
			w.wantStatus(400, got)
			if got.header.Get("Location") != "" || len(setCookies(got)) > 0 {
				t.Errorf("expected neither a redirect nor a cookie for %q, got %v", name, got.header)
			}
		}
	})
}

// TestHostedErrors has the domain refuse a sign-in: a page that helps, the flow is
// over, no session, and nothing goes round.
func TestHostedErrors(t *testing.T) {
	w := startedHosted(t, signinSetup{client: federated})
	const only = "&error=invalid_request&error_description=PreTokenGeneration+failed+with+error+Only+%3Cb%3Einvited%3C%2Fb%3E+people."
	for _, row := range []struct {
		name, query string
		status      int
		words       []string
		not         string // is not on the page
	}{
		{"the user declined", "&error=access_denied&error_description=User+cancelled", 422, nil, "You are signed in"},
		{"a scope that the client may not have", "&error=invalid_scope", 500, []string{"not set up correctly"}, "invalid_scope"},
		{"a client that may not use this flow", "&error=unauthorized_client", 500, []string{"not set up correctly"}, ""},
		{"a trigger's words", only, 422, []string{"Only &lt;b&gt;invited&lt;/b&gt; people."}, "<b>invited"},
		{"a trigger that broke", "&error=invalid_request&error_description=PreSignUp+invocation+failed+due+to+error+Socket+timeout.", 500, []string{"not set up correctly"}, "Socket"},
		{"the pool is down", "&error=server_error", 503, []string{"not available"}, ""},
		{"the pool is busy", "&error=temporarily_unavailable", 503, []string{"not available"}, ""},
		{"words that nobody vouches for", "&error=access_denied&error_description=Call+0900+123", 422, nil, "0900 1"},
		{"an error that is not known", "&error=quite_new&error_uri=https%3A%2F%2Fevil.example", 502, []string{"not available"}, "evil.example"},
		{"an error that is not even a word", "&error=%3Cscript%3Ealert(1)%3C%2Fscript%3E", 502, nil, "<script>alert"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			b := w.newBrowser()
			state := b.toPool("/private?x=1").Get("state")
			got := b.open("/_cognito/callback?state=" + state + row.query)
			b.wantPage(got, row.status, append(row.words, "return_to=%2Fprivate%3Fx%3D1")...)
			if row.not != "" && strings.Contains(got.body, row.not) {
				t.Errorf("expected no %q on the page, got %q", row.not, got.body)
			}
			if (row.status == 503) != (got.header.Get("Retry-After") != "") && row.status != 502 {
				t.Errorf("expected Retry-After with 503 alone, got %q", got.header["Retry-After"])
			}
			if len(b.flows()) > 0 || len(b.hops) != 1 {
				t.Errorf("expected the flow to be over at once, got %q and %q", b.flows(), b.hops)
			}
			b.wantSignedOut()
		})
	}
	t.Run("a trigger's words, by a link of somebody else", func(t *testing.T) {
		b := w.row(t).newBrowser()
		got := b.open("/_cognito/callback?state=sAAAAAAAAAAAAAAAAAAAAAAAAAA" + only)
		b.wantPage(got, 422)
		if strings.Contains(got.body, "invited") {
			t.Errorf("expected no words of strangers, got %q", got.body)
		}
	})
	t.Run("the user goes back at the social provider, and comes again", func(t *testing.T) {
		w := w.row(t)
		b := w.newBrowser()
		b.toPool("/private?x=1")
		b.choose("Continue with Google")
		b.wantPage(b.choose("Cancel"), 422)
		if got := b.choose("Start again"); got.url.Path != "/login" {
			t.Fatalf("expected the pool's page, got %d at %v", got.status, got.url)
		}
		if got := b.submit("username", "jo", "password", password); got.url.String() != app+"/private?x=1" {
			t.Errorf("expected the private page, got %d at %v", got.status, got.url)
		}
		w.wantJo()
	})
	t.Run("the user goes back at the SAML provider", func(t *testing.T) {
		b := w.row(t).newBrowser()
		b.toPool("/private?x=1")
		b.choose("Continue with Company")
		if got := b.choose("Cancel"); got.status < 400 || got.status > 503 || got.url.Path != "/_cognito/callback" {
			t.Errorf("expected a page that says so, got %d at %v", got.status, got.url)
		}
		b.wantSignedOut()
	})
}

// TestHostedExchange has the token endpoint fail: the code is lost, the visitor is
// not.
func TestHostedExchange(t *testing.T) {
	w := startedHosted(t, signinSetup{})
	for _, row := range []struct {
		name   string
		fault  cognitolocal.Fault
		status int // 200: signed in
		words  string
	}{
		{"it is slow", cognitolocal.FaultSlow(300 * time.Millisecond), 200, ""},
		{"it is down", cognitolocal.FaultDown(), 503, "not available"},
		{"it says 503", cognitolocal.FaultStatus(503), 503, "not available"},
		{"it says 500", cognitolocal.FaultStatus(500), 503, "not available"},
		{"it throttles", cognitolocal.FaultThrottle(), 503, "not available"},
		{"it talks rubbish", cognitolocal.FaultGarbage(), 502, "not available"},
		{"it talks without end", cognitolocal.FaultHuge(), 502, "not available"},
		{"a firewall stands before it", cognitolocal.FaultWAF(), 403, "Start again"},
		{"it redirects", cognitolocal.FaultRedirect("https://evil.example/token"), 502, "not available"},
		{"it knows the code no more", cognitolocal.FaultOAuth(400, "invalid_grant", ""), 422, "expired"},
		{"it knows the client no more", cognitolocal.FaultOAuth(400, "invalid_client", ""), 500, "not set up correctly"},
		{"it refuses the grant", cognitolocal.FaultOAuth(400, "unauthorized_client", ""), 500, "not set up correctly"},
		{"it says something new", cognitolocal.FaultOAuth(400, "quite_new", "with words"), 502, "not available"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			w.cognito.SetFault(cognitolocal.EndpointToken, row.fault)
			defer w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.Fault{})
			b := w.newBrowser()
			got := b.hostedIn("jo")
			if row.status == 200 {
				w.wantJo()
				return
			}
			b.wantPage(got, row.status, row.words)
			b.wantSignedOut()
			w.upstream.none(t)
			w.cognito.SetFault(cognitolocal.EndpointToken, cognitolocal.Fault{})
			if again := b.open(b.page.url.String()); again.status >= 500 || b.cookie(sessionCookie) != nil && again.url.Path == "/_cognito/callback" {
				t.Errorf("expected a reload to begin again, got %d at %v", again.status, again.url)
			}
			if got := b.open("/private?x=1"); got.url.String() != app+"/private?x=1" {
				t.Errorf("expected the next try to succeed, got %d at %v", got.status, got.url)
			}
			w.upstream.take()
		})
	}
}

// TestTwoClientSecrets: the pool knows only the second, so that the first is tried
// once and no more.
func TestTwoClientSecrets(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	s := w.setup(signinSetup{signin: "hosted"})
	s.pools = strings.Replace(s.pools, "secret "+signinSecret, "secret anoldsecretthatthepoolforgot000000000000000000000 "+signinSecret, 1)
	w.load(s)
	for i, calls := range []int{2, 1, 1} {
		before := w.cognito.Requests(cognitolocal.EndpointToken)
		if got := w.newBrowser().hostedIn("jo"); got.url.String() != app+"/private?x=1" {
			t.Fatalf("sign-in %d: expected the private page, got %d at %v", i, got.status, got.url)
		}
		w.wantJo()
		if n := w.cognito.Requests(cognitolocal.EndpointToken) - before; n != calls {
			t.Errorf("sign-in %d: expected %d calls, got %d", i, calls, n)
		}
	}
}

// freshSite has a page that wants a sign-in of the last ten minutes, and one that
// wants what no sign-in of the pool gives.
const freshSite = `@fresh path /fresh
cognito_auth @fresh signin {
	require max_age 10m
}
@strong path /strong
cognito_auth @strong signin {
	require acr urn:example:hardware
}
cognito_auth main
reverse_proxy $UPSTREAM`

// startedAt is a hosted world whose pool goes by a clock that can be set, relative
// to ours.
func startedAt(t *testing.T, site string) (w *signinWorld, set func(time.Duration)) {
	t.Helper()
	var offset atomic.Int64
	w = &signinWorld{newWorld(t)}
	w.cognito = newPool(t, cognitolocal.Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	w.pool = w.cognito.Pool()
	w.addClient(cognitolocal.Client{})
	w.load(w.setup(signinSetup{signin: "hosted", site: site}))
	return w, func(d time.Duration) { offset.Store(int64(d)) }
}

// TestFreshSignIn: a page that wants a fresh sign-in gets one, although the pool
// would sign the user in without asking.
func TestFreshSignIn(t *testing.T) {
	w, clock := startedAt(t, freshSite)
	clock(-20 * time.Minute)
	b := w.newBrowser()
	b.hostedIn("jo")
	w.upstream.take()
	clock(0)
	if query := b.toPool("/fresh"); query.Get("prompt") != "login" {
		t.Errorf("expected the pool to be told to ask, got %q", query)
	}
	w.upstream.none(t)
	if got := b.submit("username", "jo", "password", password); got.url.Path != "/fresh" || got.status != 200 {
		t.Errorf("expected the page, got %d at %v with %q", got.status, got.url, got.body)
	}
	w.wantJo()
	b.wantPage(b.open("/strong"), 401, "goes around in circles")
	if len(b.hops) != 1 {
		t.Errorf("expected no way around, got %q", b.hops)
	}
	w.upstream.none(t)
}

// TestAPoolThatDoesNotAsk passes over prompt=login, as the user could by changing
// the URL: the page is refused, and nothing goes round.
func TestAPoolThatDoesNotAsk(t *testing.T) {
	w, clock := startedAt(t, freshSite)
	clock(-20 * time.Minute)
	b := w.newBrowser()
	b.hostedIn("jo")
	clock(0)
	b.toPool("/fresh")
	w.upstream.take()
	unasked := b.hop("/oauth2/authorize")
	query := unasked.Query()
	query.Del("prompt")
	unasked.RawQuery = query.Encode()
	b.wantPage(b.open(unasked.String()), 400, "goes around in circles", "prompt=login", "/fresh")
	w.upstream.none(t)
	if len(b.flows()) > 0 {
		t.Errorf("expected the flow to be over, got %q", b.flows())
	}
}
