package cognitolocal_test

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Placeholders in the tables below.
type (
	anyUUID struct{}
	issuer  struct{}
)

func TestTokenClaims(t *testing.T) {
	const issued, expires = 1_790_000_000.0, 1_790_003_600.0
	user := map[string]any{
		"iss": issuer{}, "sub": anyUUID{}, "jti": anyUUID{}, "origin_jti": anyUUID{}, "event_id": anyUUID{},
		"auth_time": issued, "iat": issued, "exp": expires,
		"cognito:groups": []any{"admins", "staff"},
	}
	with := func(base map[string]any, more map[string]any) map[string]any {
		out := maps.Clone(base)
		maps.Copy(out, more)
		return out
	}
	id := with(user, map[string]any{
		"token_use": "id", "aud": webClient, "cognito:username": "jo",
		"cognito:roles":          []any{"arn:aws:iam::111122223333:role/Admins"},
		"cognito:preferred_role": "arn:aws:iam::111122223333:role/Admins",
		"email":                  email, "email_verified": true, "custom:tenant": "42",
	})
	access := with(user, map[string]any{
		"token_use": "access", "client_id": webClient, "username": "jo", "scope": "aws.cognito.signin.user.admin",
	})
	tests := []struct {
		name  string
		token func(*testing.T, *world) (string, error)
		want  map[string]any
	}{
		{"the ID token of a sign-in", func(t *testing.T, w *world) (string, error) { return *w.signIn(t).IdToken, nil }, id},
		{"the access token of a sign-in", func(t *testing.T, w *world) (string, error) { return *w.signIn(t).AccessToken, nil }, access},
		{"a minted ID token", func(_ *testing.T, w *world) (string, error) { return w.Pool().IDToken("jo", webClient, nil) }, id},
		{"a minted access token", func(_ *testing.T, w *world) (string, error) { return w.Pool().AccessToken("jo", webClient, nil) }, access},
		{
			"an access token of the OAuth endpoints",
			func(_ *testing.T, w *world) (string, error) {
				return w.Pool().OAuthAccessToken("jo", webClient, []string{"openid", "email"}, nil)
			},
			with(access, map[string]any{"scope": "openid email", "version": 2.0}),
		},
		{
			"a machine's token",
			func(_ *testing.T, w *world) (string, error) {
				return w.Pool().MachineToken(webClient, "api/read", "api/write")
			},
			map[string]any{
				"iss": issuer{}, "sub": webClient, "client_id": webClient, "token_use": "access", "version": 2.0,
				"scope": "api/read api/write", "jti": anyUUID{}, "auth_time": issued, "iat": issued, "exp": expires,
			},
		},
		{
			"a token with changed claims",
			func(_ *testing.T, w *world) (string, error) {
				return w.Pool().AccessToken("jo", webClient, func(c map[string]any) {
					clear(c)
					c["sub"] = 7
				})
			},
			map[string]any{"sub": 7.0},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			token, err := tt.token(t, w)
			noError(t, err)
			compareClaims(t, claims(t, token), tt.want, w.Pool().Issuer())
			names := slices.Sorted(maps.Keys(part(t, token, 0)))
			if !slices.Equal(names, []string{"alg", "kid"}) {
				t.Errorf("expected a header of alg and kid, got %q", names)
			}
		})
	}
}

func compareClaims(t *testing.T, got, want map[string]any, iss string) {
	t.Helper()
	for name, value := range want {
		switch value.(type) {
		case anyUUID:
			if s, _ := got[name].(string); !uuid.MatchString(s) {
				t.Errorf("%s: expected a UUID, got %q", name, got[name])
			}
		case issuer:
			if got[name] != iss {
				t.Errorf("%s: expected %q, got %q", name, iss, got[name])
			}
		default:
			if !reflect.DeepEqual(got[name], value) {
				t.Errorf("%s: expected %v, got %v", name, value, got[name])
			}
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: expected to be absent, got %v", name, value)
		}
	}
}

func TestGroupClaims(t *testing.T) {
	group := func(name, role string, precedence ...int) cognitolocal.Group {
		g := cognitolocal.Group{Name: name, RoleARN: role}
		if len(precedence) > 0 {
			g.Precedence = &precedence[0]
		}
		return g
	}
	tests := []struct {
		name      string
		groups    []cognitolocal.Group
		wantNames any
		wantRoles any
		preferred any
	}{
		{name: "without groups the claims are absent"},
		{name: "groups without roles carry no role claims", groups: []cognitolocal.Group{group("a", "")}, wantNames: []any{"a"}},
		{
			name: "groups follow their precedence, those without come last", wantNames: []any{"c", "b", "a"},
			groups:    []cognitolocal.Group{group("a", "arn:a"), group("b", "arn:b", 2), group("c", "arn:c", 0)},
			wantRoles: []any{"arn:c", "arn:b", "arn:a"}, preferred: "arn:c",
		},
		{
			name: "a tie between roles leaves the preferred role open", wantNames: []any{"a", "b"},
			groups:    []cognitolocal.Group{group("a", "arn:a", 1), group("b", "arn:b", 1)},
			wantRoles: []any{"arn:a", "arn:b"},
		},
		{
			name: "a tie with one role is none", wantNames: []any{"a", "b"},
			groups:    []cognitolocal.Group{group("a", "arn:a", 1), group("b", "arn:a", 1)},
			wantRoles: []any{"arn:a"}, preferred: "arn:a",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newWorld(t).Pool()
			var names []string
			for _, g := range tt.groups {
				noError(t, p.AddGroup(g))
				names = append(names, g.Name)
			}
			noError(t, p.SetGroups("jo", names...))
			token, err := p.IDToken("jo", webClient, nil)
			noError(t, err)
			got := claims(t, token)
			want := map[string]any{
				"cognito:groups": tt.wantNames, "cognito:roles": tt.wantRoles, "cognito:preferred_role": tt.preferred,
			}
			for claim, value := range want {
				if !reflect.DeepEqual(got[claim], value) {
					t.Errorf("%s: expected %v, got %v", claim, value, got[claim])
				}
			}
		})
	}
}

func TestAttributeClaims(t *testing.T) {
	p := newWorld(t).Pool()
	noError(t, p.SetAttributes("jo", map[string]string{
		"phone_number_verified": "false", "address": "1 Main Street", "custom:count": "7", "name": "Jo",
	}))
	noError(t, p.AddClient(cognitolocal.Client{
		ID: "narrow", ReadAttributes: []string{"phone_number_verified", "address", "custom:count"},
	}))
	token, err := p.IDToken("jo", "narrow", nil)
	noError(t, err)
	got := claims(t, token)
	want := map[string]any{
		"phone_number_verified": false, "address": map[string]any{"formatted": "1 Main Street"},
		"custom:count": "7", "name": nil,
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s: expected %v, got %v", name, value, got[name])
		}
	}
}

func TestMintingRefusals(t *testing.T) {
	w := newWorld(t)
	p := w.Pool()
	unstarted, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	populate(t, unstarted.Pool())
	tests := map[string]func() (string, error){
		"an unknown user":              func() (string, error) { return p.IDToken("no", webClient, nil) },
		"an unknown client":            func() (string, error) { return p.AccessToken("jo", "no", nil) },
		"an unknown user at OAuth":     func() (string, error) { return p.OAuthAccessToken("no", webClient, nil, nil) },
		"an unknown machine":           func() (string, error) { return p.MachineToken("no") },
		"a pool without an address":    func() (string, error) { return unstarted.Pool().IDToken("jo", webClient, nil) },
		"a machine without an address": func() (string, error) { return unstarted.Pool().MachineToken(webClient) },
		"claims that are not JSON": func() (string, error) {
			return p.IDToken("jo", webClient, func(c map[string]any) { c["x"] = func() {} })
		},
		"a header that is not JSON": func() (string, error) {
			return p.Sign(cognitolocal.IDToken, map[string]any{"x": func() {}}, nil)
		},
	}
	for name, mint := range tests {
		t.Run(name, func(t *testing.T) {
			if token, err := mint(); err == nil || token != "" {
				t.Error("expected an error and no token")
			}
		})
	}
}
