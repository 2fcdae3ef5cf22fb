package hosted_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestTheURLAsksForACode(t *testing.T) {
	client := newClient(t, hosted.Options{Scopes: []string{"openid", "orders/read"}, Secrets: []signin.Secret{"hunter2"}})
	raw, flow, err := client.Begin(callback, hosted.Begin{Return: "/private?x=1", Prompt: "login"})
	if err != nil || !strings.HasPrefix(raw, "https://auth.example.com/oauth2/authorize?") {
		t.Fatalf("got %s, %v", raw, err)
	}
	u, _ := url.Parse(raw)
	query := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "redirect_uri": callback, "scope": "openid orders/read",
		"code_challenge_method": "S256", "state": flow.State(), "prompt": "login",
	} {
		if !slices.Equal(query[name], []string{want}) {
			t.Errorf("%s: expected %q, got %q", name, want, query[name])
		}
	}
	for _, name := range []string{"nonce", "code_challenge"} {
		if query.Get(name) == "" {
			t.Errorf("expected %s", name)
		}
	}
	if len(query) != 9 || strings.Contains(raw, "private") || strings.Contains(raw, "hunter2") {
		t.Errorf("expected nothing else, got %s", raw)
	}
	if flow.Return() != "/private?x=1" || flow.Created().IsZero() {
		t.Errorf("expected a flow that returns to /private?x=1, got %s, begun %v", flow.Return(), flow.Created())
	}
}

// Cognito then grants all that the app client allows.
func TestWithoutScopesNoneIsAskedFor(t *testing.T) {
	if query, _ := begin(t, newClient(t, hosted.Options{}), hosted.Begin{}); query.Has("scope") {
		t.Errorf("expected no scope, got %q", query["scope"])
	}
}

func TestEveryFlowIsItsOwn(t *testing.T) {
	client, seen := newClient(t, hosted.Options{}), map[string]bool{}
	for again := range 200 {
		query, _ := begin(t, client, hosted.Begin{Again: again%2 == 1})
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if value := query.Get(name); seen[value] || len(value) < 22 {
				t.Fatalf("%s: expected one of its own, got %q", name, value)
			}
			seen[query.Get(name)] = true
		}
		if state := query.Get("state"); !regexp.MustCompile(`^[\w-]{22,32}$`).MatchString(state) || hosted.Restarted(state) != (again%2 == 1) {
			t.Fatalf("unexpected state %q", state)
		}
	}
}

func TestStatesThatAreNotRestarted(t *testing.T) {
	for _, state := range []string{"", "r", "s", "sr", "r ", "r;", "rä", "R123", "r" + strings.Repeat("a", 32)} {
		if hosted.Restarted(state) {
			t.Errorf("%q: expected no restart", state)
		}
	}
}

func TestTheVerifierIsTheChallenges(t *testing.T) {
	s := newStub(t, answer(tokens))
	client := s.client()
	query, flow := begin(t, client, hosted.Begin{})
	if _, err := client.Exchange(t.Context(), flow, back(t, flow, "code", code)); err != nil {
		t.Fatal(err)
	}
	verifier := s.requests[0].form.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	if len(verifier) < 43 || base64.RawURLEncoding.EncodeToString(sum[:]) != query.Get("code_challenge") {
		t.Errorf("expected the verifier of the challenge")
	}
}

func TestSignInsThatDoNotBegin(t *testing.T) {
	client := newClient(t, hosted.Options{})
	for name, redirectURI := range map[string]string{
		"none": "", "a path": "/callback", "no scheme": "app.example.org/callback", "http": "http://app.example.org/callback", "an app's": "myapp://callback",
		"a fragment": callback + "#", "a user": "https://a@app.example.org/", "a control character": callback + "\n", "too long": callback + strings.Repeat("x", 512),
	} {
		raw, _, err := client.Begin(redirectURI, hosted.Begin{})
		expectReason(t, name, err, signin.ErrMisconfigured)
		if detailOf(err) != "redirect" || raw != "" {
			t.Errorf("%s: expected no URL, got %s, %v", name, raw, err)
		}
	}
	for name, in := range map[string]hosted.Begin{
		"a Return that is too long": {Return: "/" + strings.Repeat("x", hosted.MaxReturn)},
		"a prompt of no kind":       {Prompt: "none login"},
		"a provider in two lines":   {Provider: "Goo\ngle"},
		"a provider without an end": {Provider: strings.Repeat("x", 257)},
	} {
		_, _, err := client.Begin(callback, in)
		expectReason(t, name, err, signin.ErrInput)
	}
	if _, _, err := client.Begin("http://localhost:8080/callback", hosted.Begin{}); err != nil {
		t.Errorf("expected what Cognito allows, got %v", err)
	}
}

// extras are the parameters that are not always there.
func extras(query url.Values) map[string]string {
	found := map[string]string{}
	for name := range query {
		if !slices.Contains([]string{"response_type", "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method"}, name) {
			found[name] = strings.Join(query[name], "|")
		}
	}
	return found
}

func TestOnlyWhatMayPassIsHandedThrough(t *testing.T) {
	all := []string{"lang", "login_hint", "identity_provider", "idp_identifier", "acr_values", "max_age"}
	for name, row := range map[string]struct {
		pass  []string
		query string
		want  map[string]string
	}{
		"all of them":                {all, "lang=de&login_hint=jo%40example.org&identity_provider=Google&acr_values=a+b&max_age=0", map[string]string{"lang": "de", "login_hint": "jo@example.org", "identity_provider": "Google", "acr_values": "a b", "max_age": "0"}},
		"none when none may":         {nil, "lang=de&identity_provider=Google", nil},
		"not those of another name":  {[]string{"lang"}, "LANG=de&login_hint=jo&lang%5B%5D=de", nil},
		"nothing of the protocol":    {all, "state=x&nonce=x&redirect_uri=https%3A%2F%2Fevil.example&scope=x&client_id=x&response_type=token&code_challenge=x&code_challenge_method=plain&prompt=none&response_mode=fragment", nil},
		"none that is repeated":      {all, "lang=de&lang=fr&login_hint=jo", map[string]string{"login_hint": "jo"}},
		"none that is empty":         {all, "lang=&login_hint", nil},
		"none that is too long":      {all, "lang=" + strings.Repeat("x", 257), nil},
		"one just short enough":      {all, "lang=" + strings.Repeat("x", 256), map[string]string{"lang": strings.Repeat("x", 256)}},
		"no control character":       {all, "login_hint=a%0d%0aSet-Cookie", nil},
		"nothing that is not UTF-8":  {all, "login_hint=%ff", nil},
		"no ampersand that breaks":   {all, "login_hint=a%26state%3Dx", map[string]string{"login_hint": "a&state=x"}},
		"one way to name a provider": {all, "identity_provider=Google&idp_identifier=example.com", map[string]string{"identity_provider": "Google"}},
	} {
		in, err := url.ParseQuery(row.query)
		if err != nil {
			t.Fatal(err)
		}
		query, flow := begin(t, newClient(t, hosted.Options{Pass: row.pass}), hosted.Begin{Query: in})
		if got := extras(query); !maps.Equal(got, row.want) || query.Get("state") != flow.State() || query.Get("redirect_uri") != callback {
			t.Errorf("%s: expected %v, got %v", name, row.want, got)
		}
	}
}

func TestWhoChoosesTheProvider(t *testing.T) {
	pass := []string{"identity_provider", "idp_identifier"}
	for name, row := range map[string]struct {
		opts hosted.Options
		in   hosted.Begin
		want map[string]string
	}{
		"nobody":                         {hosted.Options{}, hosted.Begin{}, nil},
		"the operator":                   {hosted.Options{IdentityProvider: "Corp"}, hosted.Begin{}, map[string]string{"identity_provider": "Corp"}},
		"the operator, by an identifier": {hosted.Options{IDPIdentifier: "corp.example"}, hosted.Begin{}, map[string]string{"idp_identifier": "corp.example"}},
		"the link":                       {hosted.Options{IdentityProvider: "Corp", Pass: pass}, hosted.Begin{Query: url.Values{"idp_identifier": {"x"}}}, map[string]string{"idp_identifier": "x"}},
		"the link, by a name":            {hosted.Options{IDPIdentifier: "corp.example", Pass: pass}, hosted.Begin{Query: url.Values{"identity_provider": {"X"}}}, map[string]string{"identity_provider": "X"}},
		"the user":                       {hosted.Options{IDPIdentifier: "corp.example", Pass: pass}, hosted.Begin{Provider: "Google", Query: url.Values{"idp_identifier": {"x"}, "identity_provider": {"X"}}}, map[string]string{"identity_provider": "Google"}},
	} {
		if query, _ := begin(t, newClient(t, row.opts), row.in); !maps.Equal(extras(query), row.want) {
			t.Errorf("%s: expected %v, got %v", name, row.want, extras(query))
		}
	}
}
