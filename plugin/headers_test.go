package plugin

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestStrip(t *testing.T) {
	for _, row := range []struct {
		name   string
		header string
		gone   bool
	}{
		{"the exact name", "X-Cognito-Sub", true},
		{"lower case that was not canonicalized", "x-cognito-sub", true},
		{"an underscore alias", "X_cognito_sub", true},
		{"a dot alias", "X.cognito.sub", true},
		{"a mixed alias", "X-Cognito_Sub", true},
		{"any name with the reserved prefix", "X-Cognito-Anything-New", true},
		{"a configured name", "X-User-Id", true},
		{"an underscore alias of a configured name", "X_user_id", true},
		{"a longer name that only starts like a configured one", "X-User-Identity", false},
		{"the prefix without its hyphen", "X-Cognitosub", false},
		{"a configured name whose first letter is of no other", "traceparent_id", true},
		{"an ordinary header", "Accept", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			names := newProtectedNames()
			names.add("X-User-Id")
			names.add("Traceparent-Id")
			h := http.Header{row.header: {"evil"}, "Host": {"x"}}
			names.strip(h)
			if _, kept := h[row.header]; kept == row.gone {
				t.Errorf("expected gone=%v", row.gone)
			}
		})
	}
}

func TestSettleConnection(t *testing.T) {
	for _, row := range []struct {
		name       string
		connection []string
		want       []string
		gone       bool // the header X-Named
	}{
		{"close stays", []string{"close"}, []string{"close"}, false},
		{"upgrade stays in any case", []string{"Upgrade, keep-alive"}, []string{"Upgrade, keep-alive"}, false},
		{"a named header goes at once", []string{"close, X-Named"}, []string{"close"}, true},
		{"a named header in another case", []string{"x-NAMED"}, nil, true},
		{"in a second line", []string{"close", "x-named"}, []string{"close"}, true},
		{"between odd white space and empty members", []string{" ,, \tX-Named ,close"}, []string{"close"}, true},
		{"an identity header is taken off the list", []string{"X-Cognito-Sub, close"}, []string{"close"}, false},
		{"what is no header name is ignored", []string{"a b, x\x00y"}, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{"Connection": row.connection, "X-Named": {"1"}}
			settleConnection(h)
			if !reflect.DeepEqual(h["Connection"], row.want) {
				t.Errorf("expected %q, got %q", row.want, h["Connection"])
			}
			if _, kept := h["X-Named"]; kept == row.gone {
				t.Errorf("expected X-Named gone=%v", row.gone)
			}
		})
	}
}

func TestAmbiguousPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/a/b": false, "/a%20b": false, "/a%2Fb": false, "/100%25": false, "/100%25x": false,
		"/a//b": false, "": false, "/.well-known/x": false, "/a/...": false, "/a..b": false, "/a.": false,
		"/../b": true, "/a/..": true, "/a/./b": true, "/a/%2e%2E/b": true, "/a%2f..%2fb": true, "..": true, "./a": true,
		"/a;b": true, "/100%2": true, "/a%3Bb": true, "/..;/admin": true, `/a\b`: true, "/a%5Cb": true, "/a%5cb": true, "/a%00": true,
		"/%252e%252e/": true, "/a%2561": true,
	} {
		if got := ambiguousPath(path); got != want {
			t.Errorf("%q: expected %v, got %v", path, want, got)
		}
	}
}

func TestIdentityHeaders(t *testing.T) {
	names := func(cfg config.Auth) (list []string) {
		for _, h := range identityHeaders(&cfg) {
			list = append(list, h.name)
		}
		return list
	}
	all := []string{"X-Cognito-Sub", "X-Cognito-Username", "X-Cognito-Groups", "X-Cognito-Scope", "X-Cognito-Client-Id", "X-Cognito-Token-Use", "X-Cognito-Email"}
	if got := names(config.Auth{}); !reflect.DeepEqual(got, all) {
		t.Errorf("defaults: expected %q, got %q", all, got)
	}
	if got := names(config.Auth{ForwardNone: true}); got != nil {
		t.Errorf("forward none: expected none, got %q", got)
	}
	own := config.Auth{Forward: []config.Forward{{Claim: "custom:tenant", Header: "x-cognito-sub"}}}
	want := append([]string{"X-Cognito-Sub"}, all[1:]...)
	if got := names(own); !reflect.DeepEqual(got, want) {
		t.Errorf("a configured header replaces the default: expected %q, got %q", want, got)
	}
}
