package cognitolocal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func (w *world) userInfo(t *testing.T, auth string) answer {
	t.Helper()
	return w.send(t, http.MethodGet, "/oauth2/userInfo", auth, nil)
}

func TestUserInfoShowsWhatTheScopesAllow(t *testing.T) {
	w := newHosted(t)
	noError(t, w.Pool().SetAttributes("jo", map[string]string{
		"email": email, "email_verified": "true", "custom:tenant": "42",
		"phone_number": "+15550100", "phone_number_verified": "false", "address": "1 Main St",
	}))
	tests := map[string]map[string]any{
		"openid":                               {"username": "jo", "email": email, "email_verified": "true", "custom:tenant": "42", "phone_number_verified": "false", "address": "1 Main St"},
		"openid email":                         {"username": "jo", "email": email, "email_verified": "true", "custom:tenant": nil},
		"openid phone":                         {"phone_number": "+15550100", "phone_number_verified": "false", "email": nil, "custom:tenant": nil},
		"openid profile":                       {"username": "jo", "email": nil, "custom:tenant": "42", "phone_number": nil, "address": nil},
		"openid aws.cognito.signin.user.admin": {"email": email, "custom:tenant": "42", "address": "1 Main St"},
	}
	for scope, want := range tests {
		t.Run(scope, func(t *testing.T) {
			access := w.tokens(t, "scope", scope).text("access_token")
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				a := w.send(t, method, "/oauth2/userInfo", "Bearer "+access, nil)
				if a.status != http.StatusOK || a.members["sub"] != claims(t, access)["sub"] {
					t.Fatalf("expected the user, got %d %s", a.status, a.body)
				}
				for name, value := range want {
					if a.members[name] != value {
						t.Errorf("%s: expected %v, got %v", name, value, a.members[name])
					}
				}
			}
		})
	}
}

func TestUserInfoKeepsToTheReadableAttributes(t *testing.T) {
	w := newHosted(t)
	access := w.tokens(t, "scope", "openid").text("access_token")
	w.change(t, cognitolocal.Client{ID: oauthClient, ReadAttributes: []string{"email"}})
	a := w.userInfo(t, "Bearer "+access)
	if a.members["email"] != email || a.members["custom:tenant"] != nil {
		t.Errorf("expected what the client may read, got %s", a.body)
	}
}

func TestUserInfoRefusals(t *testing.T) {
	const gone = "Access token is expired, disabled, or deleted, or the user has globally signed out."
	bearer := func(name string) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string { return "Bearer " + w.tokens(t).text(name) }
	}
	after := func(change func(*testing.T, *world, answer)) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string {
			a := w.tokens(t)
			change(t, w, a)
			return "Bearer " + a.text("access_token")
		}
	}
	tests := []struct {
		name        string
		auth        func(*testing.T, *world) string
		status      int
		code, words string
	}{
		{"no header", func(*testing.T, *world) string { return "" }, 400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint"},
		{"another scheme", func(*testing.T, *world) string { return basic(confidential, firstSecret) }, 400, "invalid_request", ""},
		{"no token", func(*testing.T, *world) string { return "Bearer " }, 400, "invalid_request", ""},
		{"text", func(*testing.T, *world) string { return "Bearer x" }, 401, "invalid_token", gone},
		{"an ID token", bearer("id_token"), 401, "invalid_token", gone},
		{"a refresh token", bearer("refresh_token"), 401, "invalid_token", gone},
		{"a token of the API", func(t *testing.T, w *world) string { return "Bearer " + *w.signIn(t).AccessToken }, 401, "invalid_token", "Access token does not contain openid scope"},
		{"a token without openid", func(t *testing.T, w *world) string {
			return "Bearer " + w.tokens(t, "scope", "api/read").text("access_token")
		}, 401, "invalid_token", "Access token does not contain openid scope"},
		{"a machine's token", func(t *testing.T, w *world) string {
			return "Bearer " + w.token(t, basic(machineClient, firstSecret), "grant_type", "client_credentials").text("access_token")
		}, 401, "invalid_token", ""},
		{"an expired token", after(func(_ *testing.T, w *world, _ answer) { w.clock.Advance(time.Hour) }), 401, "invalid_token", gone},
		{"a disabled user", after(func(t *testing.T, w *world, _ answer) { noError(t, w.Pool().SetDisabled("jo", true)) }), 401, "invalid_token", gone},
		{"a removed user", after(func(t *testing.T, w *world, _ answer) { noError(t, w.Pool().RemoveUser("jo")) }), 401, "invalid_token", gone},
		{"a user signed out everywhere", after(func(t *testing.T, w *world, _ answer) { noError(t, w.Pool().SignOut("jo")) }), 401, "invalid_token", gone},
		{"a revoked session", after(func(t *testing.T, w *world, a answer) {
			noError(t, w.revoke(t, oauthClient, a.text("refresh_token")))
		}), 401, "invalid_token", gone},
		{"a token of another issuer", func(t *testing.T, w *world) string {
			token, err := w.Pool().OAuthAccessToken("jo", oauthClient, []string{"openid"}, func(c map[string]any) { c["iss"] = "https://example.org" })
			noError(t, err)
			return "Bearer " + token
		}, 401, "invalid_token", gone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newHosted(t)
			a := w.userInfo(t, tt.auth(t, w))
			if a.status != tt.status || a.text("error") != tt.code || a.members["sub"] != nil {
				t.Errorf("expected %d %q, got %d %s", tt.status, tt.code, a.status, a.body)
			}
			if tt.words != "" && a.header.Get("WWW-Authenticate") != `error="`+tt.code+`", error_description="`+tt.words+`"` {
				t.Errorf("expected %q in the header, got %q", tt.words, a.header.Get("WWW-Authenticate"))
			}
		})
	}
}
