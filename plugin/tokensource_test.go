package plugin

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestTokensWithoutTheScheme(t *testing.T) {
	authorization, cookie := []config.TokenSource{{From: "authorization"}}, []config.TokenSource{{From: "cookie", Name: "tok"}}
	for _, row := range []struct {
		name, value string
		sources     []config.TokenSource
		want        error
	}{
		{"no header", "", authorization, errNoToken},
		{"another scheme", "Basic am86cGFzcw", authorization, errNoToken},
		{"another scheme with a token", "Token eyJh.eyJz.c2ln", authorization, errNoToken},
		{"two parts", "eyJh.eyJz", authorization, errNoToken},
		{"four parts", "eyJh.eyJz.c2ln.c2ln", authorization, errNoToken},
		{"an empty part", "eyJh.eyJz.", authorization, errNoToken},
		{"a host", "a.example.com:80", authorization, errNoToken},
		{"a handler that looks elsewhere", "eyJh.eyJz.c2ln", cookie, errNoToken},
		{"a token", "eyJh.eyJ-_z.c2ln", authorization, errNoScheme},
	} {
		r := newRequest(http.MethodGet, "/")
		r.Header.Set("Authorization", row.value)
		if got := missing(newTokenSources(row.sources, nil), r); got != row.want {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
}

func TestFindToken(t *testing.T) {
	all := []config.TokenSource{{From: "authorization"}, {From: "header", Name: "x-token"}, {From: "cookie", Name: "tok"}, {From: "query", Name: "token"}}
	for _, row := range []struct {
		name, target string
		header       http.Header
		want         string
		none         bool
		err          error
		left         string // request line and headers after removal
	}{
		{name: "Authorization", header: http.Header{"Authorization": {"Bearer abc"}}, want: "abc", left: "/"},
		{name: "the scheme in any case", header: http.Header{"Authorization": {"bEaReR abc"}}, want: "abc", left: "/"},
		{name: "Bearer alone is an empty token, not none", header: http.Header{"Authorization": {"Bearer"}}, left: "/"},
		{name: "another scheme is no token", header: http.Header{"Authorization": {"Basic abc"}}, none: true, left: "/"},
		{name: "two Authorization headers are refused", header: http.Header{"Authorization": {"Bearer a", "Bearer b"}}, err: errAmbiguousToken, left: "/"},
		{name: "another header", header: http.Header{"X-Token": {"abc"}}, want: "abc", left: "/"},
		{name: "another header beside other spellings", header: http.Header{"X-Token": {"abc"}, "X_token": {"no"}, "X.token": {"no"}}, want: "abc", left: "/"},
		{name: "another spelling alone is no token", header: http.Header{"X_token": {"abc"}}, none: true, left: "/"},
		{name: "Authorization comes first", header: http.Header{"X-Token": {"no"}, "Authorization": {"Bearer yes"}}, want: "yes", left: "/"},
		{name: "a cookie among others", header: http.Header{"Cookie": {"a=1; tok=abc; b=\"2\""}}, want: "abc", left: "/ a=1; b=\"2\""},
		{name: "the only cookie", header: http.Header{"Cookie": {"tok=abc"}}, want: "abc", left: "/"},
		{name: "a cookie twice is refused", header: http.Header{"Cookie": {"tok=a", "tok=b"}}, err: errAmbiguousToken, left: "/"},
		{name: "a query parameter among others", target: "/?a=1&token=a%62c&b", want: "abc", left: "/?a=1&b"},
		{name: "a query parameter whose name is encoded", target: "/?tok%65n=abc", want: "abc", left: "/"},
		{name: "a query parameter twice is refused", target: "/?token=a&token=b", err: errAmbiguousToken, left: "/"},
		{name: "none", target: "/?a=%zz", header: http.Header{"Cookie": {"a=1"}}, none: true, left: "/?a=%zz a=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.target == "" {
				row.target = "/"
			}
			r := newRequest(http.MethodGet, row.target)
			for name, values := range row.header {
				r.Header[name] = values
			}
			sources := newTokenSources(all, nil)
			got, from, err := findToken(sources, r)
			if got != row.want || !errors.Is(err, row.err) || err == nil && (from != nil) == row.none {
				t.Errorf("expected %q, %v, %v, got %q, %v, %v", row.want, !row.none, row.err, got, from, err)
			}
			for _, source := range sources {
				source.remove(r)
			}
			left := strings.TrimSpace(r.RequestURI + " " + strings.Join(r.Header["Cookie"], " "))
			delete(r.Header, "Cookie")
			if left != row.left || len(r.Header) > 0 {
				t.Errorf("expected %q to be left, got %q, %v", row.left, left, r.Header)
			}
		})
	}
}
