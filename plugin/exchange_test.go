package plugin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

const (
	testSub    = "5f0c2f6e-7c1d-4b5a-9d7e-000000000001"
	testRole   = "arn:aws:iam::111122223333:role/readers"
	testPoolID = "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"
	identityID = "eu-west-1:aaaaaaaa-0000-0000-0000-000000000000"
)

func TestExchangeKnowsItsUsers(t *testing.T) {
	ctx := newCloud(t).context(t)
	anonymous := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"pool":["main"],"optional":true}`)
	_, _, passed := serve(t, anonymous, served("GET", "/"))
	seen, _ := withIdentity(httptest.NewRecorder(), served("GET", "/"))
	ofSession := signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, func(c map[string]any) {
		c["token_use"], c["client_id"], c["username"] = "access", testClient, "jo"
		delete(c, "aud")
	})
	identityOf(ofSession.Context()).session = new(session.Session)
	rows := []struct {
		name, exchange string
		r              *http.Request
		want           error
	}{
		{"a user", "media", signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil), nil},
		{"a user where guests are let in", "guests", signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil), nil},
		{"nobody where guests are let in", "guests", passed.saw, nil},
		{"nobody", "media", passed.saw, errNoToken},
		{"a request that no cognito_auth saw", "media", served("GET", "/"), errNoAuth},
		{"a request that no cognito_auth saw, where guests are let in", "guests", served("GET", "/"), errNoAuth},
		{"a request that only other handlers of ours saw", "media", seen, errNoAuth},
		{"a request that only other handlers of ours saw, where guests are let in", "guests", seen, errNoAuth},
		{"an access token of a session", "media", ofSession, errSessionUse},
		{"an access token of a session, where guests are let in", "guests", ofSession, errSessionUse},
		{"an access token", "media", signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, func(c map[string]any) {
			c["token_use"], c["client_id"], c["username"] = "access", testClient, "jo"
			delete(c, "aud")
		}), errNotIDToken},
		{"an access token where guests are let in", "guests", signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, func(c map[string]any) {
			c["token_use"], c["client_id"], c["username"] = "access", testClient, "jo"
			delete(c, "aud")
		}), errNotIDToken},
		{"a user of another pool", "media", signedIn(t, ctx, served("GET", "/"), `"pool":["other"]`, set("iss", "https://issuer.example/eu-west-1_AbCdEfGhI")), errForeignPool},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			user, err := exchangeNamed(t, ctx, row.exchange).user(row.r.Context())
			if !errors.Is(err, row.want) || err != nil && !reflect.DeepEqual(user, credentials.Identity{}) {
				t.Errorf("expected %v and nobody, got %v and %+v", row.want, err, user)
			}
		})
	}
}

func TestExchangeIsToldWhatDecides(t *testing.T) {
	ctx := newCloud(t).context(t)
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	r := signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, func(c map[string]any) {
		c["exp"], c["cognito:preferred_role"] = exp.Unix(), testRole
	})
	got, err := exchangeNamed(t, ctx, "media").user(r.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, rights := got.Token, got.Rights
	got.Token, got.Rights = "", 0
	want := credentials.Identity{
		TokenExpires: exp, Issuer: testIssuer, Subject: testSub, ClientID: testClient, Username: "jo",
		Groups: []string{"admins", "editors"}, PreferredRole: testRole,
	}
	if !got.TokenExpires.Equal(want.TokenExpires) {
		t.Errorf("expected %v, got %v", want.TokenExpires, got.TokenExpires)
	}
	got.TokenExpires = want.TokenExpires
	if !reflect.DeepEqual(got, want) || strings.Count(token, ".") != 2 || rights == 0 {
		t.Errorf("expected %+v, got %+v", want, got)
	}
}

func TestLoginOf(t *testing.T) {
	const own = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
	for _, row := range []struct{ name, issuer, want string }{
		{"the original issuer", "https://" + own, own},
		{"the updated issuer is known by the name of the original one", "https://issuer-" + own, own},
		{"the issuer of a local pool", "http://127.0.0.1:9000/eu-west-1_AbCdEfGhI", "127.0.0.1:9000/eu-west-1_AbCdEfGhI"},
		{"the updated issuer of another pool", "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other", "issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other"},
	} {
		if got := loginOf(row.issuer, "eu-west-1_AbCdEfGhI"); got != row.want {
			t.Errorf("%s: expected %q, got %q", row.name, row.want, got)
		}
	}
	if got := loginOf("https://a.example/b", "no pool"); got != "a.example/b" {
		t.Errorf("expected the issuer without its scheme, got %q", got)
	}
}

func TestExpires(t *testing.T) {
	now := time.Now()
	grant := &credentials.Grant{Credentials: credentials.Credentials{Expires: now.Add(time.Hour)}}
	for _, row := range []struct {
		name    string
		outlive bool
		token   time.Time
		want    time.Time
	}{
		{"a token that expires first", false, now.Add(time.Minute), now.Add(time.Minute)},
		{"a token that expires later", false, now.Add(2 * time.Hour), grant.Expires},
		{"a token that may be outlived", true, now.Add(time.Minute), grant.Expires},
		{"a guest, who has no token", false, time.Time{}, grant.Expires},
	} {
		e := &exchange{exchangeSpec: exchangeSpec{Outlive: row.outlive}}
		if got := e.expires(grant, credentials.Identity{TokenExpires: row.token}); !got.Equal(row.want) {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
}

func TestGrantsOfEachKind(t *testing.T) {
	for _, row := range []struct {
		exchange, key, identity string
		calls                   []string
	}{
		{"media", "ASIAKEY", identityID, []string{"GetId", "GetCredentialsForIdentity"}},
		{"basic", "ASIASTS", identityID, []string{"GetId", "GetOpenIdToken", "AssumeRoleWithWebIdentity"}},
		{"sts", "ASIASTS", "", []string{"AssumeRoleWithWebIdentity"}},
	} {
		t.Run(row.exchange, func(t *testing.T) {
			c := newCloud(t)
			ctx := c.context(t)
			r := signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil)
			if value, known := placeholderOf(r, "http.cognito.identity_id"); known {
				t.Errorf("expected no identity before the exchange, got %q", value)
			}
			before := testutil.ToFloat64(metrics.exchanges.WithLabelValues(row.exchange, exchangeNamed(t, ctx, row.exchange).Kind, "ok"))
			for range 3 {
				grant, user, err := exchangeNamed(t, ctx, row.exchange).grant(r.Context())
				if err != nil || grant.AccessKeyID != row.key || user.Subject != testSub {
					t.Fatalf("expected %s of the user, got %+v, %+v, %v", row.key, grant, user, err)
				}
			}
			for _, operation := range row.calls {
				if n := c.called(operation); n != 1 {
					t.Errorf("expected %s once, got %d", operation, n)
				}
			}
			if value, known := placeholderOf(r, "http.cognito.identity_id"); value != row.identity || known != (row.identity != "") {
				t.Errorf("expected the identity %q, got %q", row.identity, value)
			}
			after := testutil.ToFloat64(metrics.exchanges.WithLabelValues(row.exchange, exchangeNamed(t, ctx, row.exchange).Kind, "ok"))
			if after != before+1 {
				t.Errorf("expected one exchange to be counted, got %v", after-before)
			}
		})
	}
}

func TestGrantsThatFail(t *testing.T) {
	c := newCloud(t)
	ctx := c.context(t)
	c.failing(400)
	r := signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil)
	if _, _, err := exchangeNamed(t, ctx, "media").grant(r.Context()); !errors.Is(err, credentials.ErrDenied) {
		t.Errorf("expected a denial, got %v", err)
	}
	if _, _, err := exchangeNamed(t, ctx, "media").grant(served("GET", "/").Context()); !errors.Is(err, errNoAuth) {
		t.Errorf("expected nobody, got %v", err)
	}
}

// TestExchangesAreShared by configurations that describe them alike.
func TestExchangesAreShared(t *testing.T) {
	c := newCloud(t)
	first, second, changed := contextWith(t, c.app(t, "")), contextWith(t, c.app(t, "")), contextWith(t, c.app(t, `,"role_arn":"`+testRole+`"`))
	media := exchangeNamed(t, first, "media")
	if exchangeNamed(t, second, "media") != media {
		t.Error("two configurations with the same exchange have one each")
	}
	if exchangeNamed(t, changed, "media") == media {
		t.Error("two configurations with different exchanges share one")
	}
	for name, change := range map[string]string{"the cache": `,"cache_size":7`, "outliving": `,"outlive_token":true`, "guests": `,"guests":true`, "roles": `,"group_role":[{"group":"a","role_arn":"` + testRole + `"}]`} {
		if exchangeNamed(t, contextWith(t, c.app(t, change)), "media") == media {
			t.Errorf("configurations that differ in %s share an exchange", name)
		}
	}
}

func TestExchangesEndWithTheLastConfiguration(t *testing.T) {
	c := newCloud(t)
	var media *exchange
	t.Run("a configuration", func(t *testing.T) {
		ctx := c.context(t)
		media = exchangeNamed(t, ctx, "media")
		t.Run("and its successor", func(t *testing.T) { c.context(t) })
		if _, _, err := media.grant(signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil).Context()); err != nil {
			t.Errorf("expected the exchange to live on, got %v", err)
		}
	})
	_, err := media.cache.Get(t.Context(), credentials.Identity{Token: "x", Subject: "y"})
	if _, ok := errors.AsType[*credentials.UnavailableError](err); !ok {
		t.Errorf("expected the exchange to be closed, got %v", err)
	}
}

func TestExchangeRefuses(t *testing.T) {
	for _, row := range []struct{ name, app, want string }{
		{"an identity pool without a name", `{"identity_pool":{"":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","guests":true}}}`, "identity_pool"},
		{"a name that cannot be written", `{"web_identity":{"a b":{"region":"eu-west-1"}}}`, "web_identity"},
		{"an identity pool that is null", `{"identity_pool":{"a":null}}`, "identity_pool a"},
		{"a web identity that is null", `{"web_identity":{"a":null}}`, "web_identity a"},
		{"a user pool that nobody configured", `{"identity_pool":{"a":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","user_pool":["nobody"]}}}`, "nobody"},
		{"an unset variable", `{"identity_pool":{"a":{"id":"{env.COGNITO_TEST_UNSET}","guests":true}}}`, "id"},
		{"an unset variable of a web identity", `{"user_pool":{"m":{"id":"eu-west-1_AbCdEfGhI","client":["c"]}},"web_identity":{"a":{"endpoint":"{env.COGNITO_TEST_UNSET}","user_pool":["m"],"role_arn":"` + testRole + `"}}}`, "endpoint"},
		{"an identity pool ID that is none", `{"identity_pool":{"a":{"id":"x","guests":true}}}`, "id:"},
		{"a web identity without a role", `{"user_pool":{"m":{"id":"eu-west-1_AbCdEfGhI","client":["c"]}},"web_identity":{"a":{"region":"eu-west-1","user_pool":["m"]}}}`, "role_arn"},
		{"one name for two", `{"identity_pool":{"a":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","guests":true}},"web_identity":{"a":{"region":"eu-west-1"}}}`, `a`},
	} {
		t.Run(row.name, func(t *testing.T) {
			base, err := caddy.ProvisionContext(&caddy.Config{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := caddy.NewContext(base)
			defer cancel()
			if _, err := ctx.LoadModuleByID("cognito", json.RawMessage(row.app)); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected an error with %q, got %v", row.want, err)
			}
		})
	}
	if _, err := (&App{}).exchange("nobody"); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("expected an error that names it, got %v", err)
	}
}

// TestExchangeClientFollowsNobody: a token must not go to a place that the operator
// did not name.
func TestExchangeClientFollowsNobody(t *testing.T) {
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	client := newExchangeClient()
	defer client.CloseIdleConnections()
	answer, err := client.Post(redirecting.URL, "application/json", strings.NewReader("token"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if reached || answer.StatusCode != http.StatusTemporaryRedirect || client.Timeout == 0 {
		t.Errorf("expected the redirect itself, got %d; reached: %v", answer.StatusCode, reached)
	}
}

// TestSpecsHaveDefaults that depend on each other.
func TestSpecsHaveDefaults(t *testing.T) {
	ctx := newCloud(t).context(t)
	app, err := loadApp(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"media": "eu-west-1", "sts": "us-east-1"} {
		if got := exchangeNamed(t, ctx, name).Region; got != want {
			t.Errorf("%s: expected the region %s, got %s", name, want, got)
		}
	}
	app.IdentityPools["named"] = &config.IdentityPool{
		ID: testPoolID, Exchange: config.Exchange{UserPools: []string{"main", "other"}},
		Logins: []config.Login{{UserPool: "other", Provider: "provider.example"}},
	}
	spec, err := app.identityPoolSpec("named")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{testIssuer: "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", "https://issuer.example/eu-west-1_AbCdEfGhI": "provider.example"}
	if !reflect.DeepEqual(spec.Logins, want) {
		t.Errorf("expected %v, got %v", want, spec.Logins)
	}
}

func TestRightsOf(t *testing.T) {
	const same = `"custom:tenant":"a","cognito:groups":["x","y"]`
	first := rightsOf(verified(t, same+`,"jti":"1","iat":1,"auth_time":1,"origin_jti":"1","event_id":"1"`))
	for _, row := range []struct {
		name, members string
		equal         bool
	}{
		{"the next token of the same session", same + `,"jti":"2","iat":2,"auth_time":1,"origin_jti":"1","event_id":"2"`, true},
		{"a token after another sign-in", same + `,"jti":"3","iat":3,"auth_time":3,"origin_jti":"3","event_id":"3"`, true},
		{"the claims in another order", `"cognito:groups":["x","y"],"custom:tenant":"a"`, true},
		{"another value", `"custom:tenant":"b","cognito:groups":["x","y"]`, false},
		{"a value of another type", `"custom:tenant":["a"],"cognito:groups":["x","y"]`, false},
		{"a claim more", same + `,"custom:admin":"true"`, false},
		{"a claim less", `"cognito:groups":["x","y"]`, false},
		{"values that changed places", `"custom:tenant":["x","y"],"cognito:groups":["a"]`, false},
		{"fewer groups", `"custom:tenant":"a","cognito:groups":["x"]`, false},
	} {
		if got := rightsOf(verified(t, row.members)); (got == first) != row.equal {
			t.Errorf("%s: expected the same rights: %v", row.name, row.equal)
		}
	}
}
