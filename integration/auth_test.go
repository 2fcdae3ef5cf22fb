package integration_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// signIn signs a user in over HTTP, as an app does.
func (w *world) signIn(username string) (access, id string) {
	w.Helper()
	request, err := json.Marshal(map[string]any{
		"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": webClient,
		"AuthParameters": map[string]string{"USERNAME": username, "PASSWORD": password},
	})
	check(w.T, err)
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	got := roundTrip(w.T, &http.Client{Transport: transport}, http.MethodPost, w.caddyExpand("$COGNITO/"), string(request),
		"Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth")
	var result struct {
		AuthenticationResult struct {
			AccessToken string
			IDToken     string `json:"IdToken"`
		}
	}
	check(w.T, json.Unmarshal([]byte(got.body), &result))
	if result.AuthenticationResult.AccessToken == "" {
		w.Fatalf("sign-in failed: %s", got.body)
	}
	return result.AuthenticationResult.AccessToken, result.AuthenticationResult.IDToken
}

func (w *world) sub(username string) string {
	user, _ := w.pool.User(username)
	return user.Sub
}

// joHeaders are the identity headers of jo's access token.
func (w *world) joHeaders(more ...string) []string {
	return append([]string{
		"X-Cognito-Sub", w.sub("jo"), "X-Cognito-Username", "jo", "X-Cognito-Groups", "admins,staff",
		"X-Cognito-Scope", "aws.cognito.signin.user.admin", "X-Cognito-Client-Id", webClient, "X-Cognito-Token-Use", "access",
	}, more...)
}

func TestAccessTokenOfASignInReachesTheUpstreamAsHeaders(t *testing.T) {
	w := started(t, setup{site: protected})
	access, _ := w.signIn("jo")
	w.wantStatus(200, w.get("/orders?page=2", "Authorization: Bearer "+access, "Cookie: theme=dark"))
	got := w.upstream.one(t)
	got.wantIdentity(t, w.joHeaders()...)
	if got.uri != "/orders?page=2" || got.header.Get("Cookie") != "theme=dark" {
		t.Errorf("expected the rest of the request as it was, got %+v", got)
	}
}

func TestIDTokenNeedsTokenUseID(t *testing.T) {
	w := started(t, setup{site: "handle /id {\ncognito_auth main {\ntoken_use id\n}\nreverse_proxy $UPSTREAM\n}\n" +
		"handle /both {\ncognito_auth main {\ntoken_use access id\n}\nreverse_proxy $UPSTREAM\n}\n" +
		"handle {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}"})
	access, id := w.signIn("jo")
	w.wantStatus(401, w.bearer(id))
	w.wantStatus(401, w.get("/id", "Authorization: Bearer "+access))
	w.upstream.none(t)
	want := []string{"X-Cognito-Sub", w.sub("jo"), "X-Cognito-Username", "jo", "X-Cognito-Groups", "admins,staff",
		"X-Cognito-Client-Id", webClient, "X-Cognito-Token-Use", "id", "X-Cognito-Email", userEmail}
	for _, path := range []string{"/id", "/both"} {
		w.wantStatus(200, w.get(path, "Authorization: Bearer "+id))
		w.upstream.one(t).wantIdentity(t, want...)
	}
	w.wantStatus(200, w.get("/both", "Authorization: Bearer "+access))
	w.upstream.one(t).wantIdentity(t, w.joHeaders()...)
}

func TestTokensOfEveryOriginBecomeHeaders(t *testing.T) {
	w := started(t, setup{site: protected})
	rows := []struct {
		name  string
		token func() (string, error)
		want  []string
	}{
		{"a machine-to-machine token has neither user nor groups",
			func() (string, error) { return w.pool.MachineToken(machineClient, "orders/read", "orders/write") },
			[]string{"X-Cognito-Sub", machineClient, "X-Cognito-Scope", "orders/read orders/write",
				"X-Cognito-Client-Id", machineClient, "X-Cognito-Token-Use", "access"}},
		{"an OAuth token has the scopes of the grant",
			func() (string, error) {
				return w.pool.OAuthAccessToken("jo", webClient, []string{"openid", "email"}, nil)
			},
			w.joHeaders("X-Cognito-Scope", "openid email")},
		{"a user without groups has no header for them",
			func() (string, error) { return w.pool.AccessToken("mo", webClient, nil) },
			[]string{"X-Cognito-Sub", w.sub("mo"), "X-Cognito-Username", "mo", "X-Cognito-Scope", "aws.cognito.signin.user.admin",
				"X-Cognito-Client-Id", webClient, "X-Cognito-Token-Use", "access"}},
		{"a federated user has the provider's group",
			func() (string, error) {
				return w.pool.AccessToken("mo", webClient, with("username", "Google_1234", "cognito:groups", []string{"eu-west-1_LocaLPooL_Google"}))
			},
			[]string{"X-Cognito-Sub", w.sub("mo"), "X-Cognito-Username", "Google_1234", "X-Cognito-Groups", "eu-west-1_LocaLPooL_Google",
				"X-Cognito-Scope", "aws.cognito.signin.user.admin", "X-Cognito-Client-Id", webClient, "X-Cognito-Token-Use", "access"}},
		{"an access token bound to its own client has an audience",
			func() (string, error) { return w.access(with("aud", webClient)), nil }, w.joHeaders()},
		{"an access token may be as large as Cognito makes them",
			func() (string, error) { return w.access(with("custom", strings.Repeat("x", 9000))), nil }, w.joHeaders()},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			token, err := row.token()
			check(t, err)
			w.wantStatus(200, w.bearer(token))
			w.upstream.one(t).wantIdentity(t, row.want...)
		})
	}
}

func TestTokenIsVerifiedWithThePoolOfItsIssuer(t *testing.T) {
	keys, err := cognitolocal.NewKeys()
	check(t, err)
	second := newPool(t, cognitolocal.Options{PoolID: "eu-west-1_SecondPooL", Keys: keys})
	w := started(t, setup{
		pools: "user_pool second eu-west-1_SecondPooL {\nclient " + otherClient + "\nissuer " + second.Pool().Issuer() + "\n}",
		site: "handle /main {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}\n" +
			"handle {\ncognito_auth main second\nreverse_proxy $UPSTREAM {\nheader_down Pool {http.cognito.pool}\n}\n}",
	})
	mine := w.access(nil)
	theirs, err := second.Pool().AccessToken("mo", otherClient, nil)
	check(t, err)
	crossed, err := second.Pool().AccessToken("mo", webClient, nil) // webClient is a client of main only
	check(t, err)
	for token, pool := range map[string]string{mine: "main", theirs: "second"} {
		got := w.bearer(token)
		w.wantStatus(200, got)
		if got.header.Get("Pool") != pool {
			t.Errorf("expected pool %q, got %q", pool, got.header.Get("Pool"))
		}
	}
	w.wantStatus(401, w.bearer(crossed))
	w.wantStatus(401, w.get("/main", "Authorization: Bearer "+theirs))
}

func TestInlinePoolNeedsNoGlobalOption(t *testing.T) {
	w := newWorld(t)
	// The issuer of an inline pool is Amazon's, which no token of ours has.
	w.load(setup{site: "cognito_auth eu-west-1_AbCdEfGhI " + webClient + "\nreverse_proxy $UPSTREAM"})
	w.wantStatus(401, w.get("/"))
	w.wantStatus(401, w.bearer(w.access(nil)))
	w.upstream.none(t)
}
