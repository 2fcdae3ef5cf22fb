package plugin

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestSameOrigin(t *testing.T) {
	for _, row := range []struct {
		name   string
		header http.Header
		tls    bool
		want   bool
	}{
		{"the same origin", http.Header{"Sec-Fetch-Site": {"same-origin"}}, true, true},
		{"the same origin of an old browser", http.Header{"Origin": {"https://edge.example"}}, true, true},
		{"the same origin in upper case", http.Header{"Origin": {"https://EDGE.example"}}, true, true},
		{"the same origin behind a proxy that ends TLS", http.Header{"Origin": {"https://edge.example"}}, false, true},
		{"the same origin without TLS", http.Header{"Origin": {"http://edge.example"}}, false, true},

		{"nothing", nil, true, false},
		{"the same site", http.Header{"Sec-Fetch-Site": {"same-site"}}, true, false},
		{"another site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, true, false},
		{"a user, who types an address", http.Header{"Sec-Fetch-Site": {"none"}}, true, false},
		{"another site with our origin", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://edge.example"}}, true, false},
		{"another site of an old browser", http.Header{"Origin": {"https://mallory.example"}}, true, false},
		{"a site below", http.Header{"Origin": {"https://a.edge.example"}}, true, false},
		{"a site whose name begins alike", http.Header{"Origin": {"https://edge.example.mallory.example"}}, true, false},
		{"another port", http.Header{"Origin": {"https://edge.example:8443"}}, true, false},
		{"the site without TLS", http.Header{"Origin": {"http://edge.example"}}, true, false},
		{"a hidden origin", http.Header{"Origin": {"null"}}, true, false},
		{"an empty origin", http.Header{"Origin": {""}}, true, false},
		{"only a Referer", http.Header{"Referer": {"https://edge.example/"}}, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRequest(http.MethodPost, "http://edge.example/")
			if r.Header = row.header; row.tls {
				r.TLS = new(tls.ConnectionState)
			}
			if got := sameOrigin(r); got != row.want {
				t.Errorf("expected %v, got %v", row.want, got)
			}
		})
	}
}

func TestCredentialsEndpoint(t *testing.T) {
	c := newCloud(t)
	ctx := c.context(t)
	endpoint := load[*CredentialsEndpoint](t, ctx, "http.handlers.cognito_credentials", `{"credentials":"media"}`)
	const path = "/_cognito/credentials"
	sameOrigin := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }
	crossSite := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	const header, cookie = `"pool":["main"]`, `"pool":["main"],"token_source":[{"from":"cookie","name":"id"}]`
	rows := []struct {
		name, method, path, auth string
		change                   func(*http.Request)
		status                   int // 204: of what is behind
		reason                   string
	}{
		{"a token in a header", "GET", path, header, nil, 200, ""},
		{"a token in a header, POST", "POST", path, header, nil, 200, ""},
		{"a token in a header from another site, which must have put it there", "POST", path, header, crossSite, 200, ""},
		{"a cookie with POST from the same origin", "POST", path, cookie, sameOrigin, 200, ""},
		{"another path", "GET", path + "/", header, nil, 204, ""},
		{"another path, POST", "POST", "/", header, nil, 204, ""},

		{"a cookie with GET", "GET", path, cookie, nil, 403, "cross_origin"},
		{"a cookie with GET from the same origin", "GET", path, cookie, sameOrigin, 403, "cross_origin"},
		{"a cookie with POST from another site", "POST", path, cookie, crossSite, 403, "cross_origin"},
		{"a cookie with POST from nowhere", "POST", path, cookie, nil, 403, "cross_origin"},
		{"another method", "PUT", path, header, nil, 405, "method"},
		{"HEAD", "HEAD", path, header, nil, 405, "method"},
		{"no token", "GET", path, `"pool":["main"],"optional":true`, noToken, 401, "missing"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := served(row.method, "http://edge.example"+row.path)
			auth := load[*Auth](t, ctx, "http.handlers.cognito_auth", `{"token_use":["id"],`+row.auth+`}`)
			token := accessToken(t, idToken)
			if row.auth == cookie {
				r.AddCookie(&http.Cookie{Name: "id", Value: token})
			} else {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			if row.change != nil {
				row.change(r)
			}
			_, _, passed := serve(t, auth, r)
			if passed.saw == nil {
				t.Fatal("cognito_auth refused the request")
			}
			w := httptest.NewRecorder()
			next := new(upstream)
			err := endpoint.ServeHTTP(w, passed.saw, next)
			if row.status == 204 {
				if err != nil || next.saw == nil {
					t.Errorf("expected the request to pass, got %v", err)
				}
				return
			}
			wantNotStored(t, w.Header())
			if row.status != 200 {
				handlerErr, _ := err.(caddyhttp.HandlerError)
				reason, _ := placeholderOf(passed.saw, "http.cognito.reason")
				if handlerErr.StatusCode != row.status || reason != row.reason || w.Body.Len() > 0 {
					t.Errorf("expected %d %s, got %v %s with %q", row.status, row.reason, err, reason, w.Body)
				}
				if (w.Header().Get("Allow") != "") != (row.status == 405) {
					t.Errorf("expected Allow with 405 only, got %v", w.Header())
				}
				return
			}
			wantDocument(t, w, err, c.until)
		})
	}
}

func wantNotStored(t *testing.T, header http.Header) {
	t.Helper()
	if header.Get("Cache-Control") != "no-store" {
		t.Errorf("expected an answer that is not stored, got %v", header)
	}
}

func wantDocument(t *testing.T, w *httptest.ResponseRecorder, err error, until time.Time) {
	t.Helper()
	var got map[string]string
	if err != nil || w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &got) != nil {
		t.Fatalf("expected a document, got %v with %s", err, w.Body)
	}
	end, err := time.Parse(time.RFC3339, got["Expiration"])
	if len(got) != 4 || got["AccessKeyId"] != "ASIAKEY" || got["SecretAccessKey"] != "secret" || got["Token"] != "session" || err != nil || end.After(until) {
		t.Errorf("unexpected document %v", got)
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("unexpected headers %v", w.Header())
	}
}

func TestCredentialsEndpointIsConfigured(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct{ name, config string }{
		{"no credentials", `{}`}, {"credentials that nobody configured", `{"credentials":"nobody"}`}, {"a path with a wildcard", `{"credentials":"media","path":"/*"}`},
	} {
		if _, err := ctx.LoadModuleByID("http.handlers.cognito_credentials", json.RawMessage(row.config)); err == nil {
			t.Errorf("expected %s to be refused", row.name)
		}
	}
	var c CredentialsEndpoint
	if err := c.UnmarshalCaddyfile(caddyfile.NewTestDispenser("cognito_credentials media /keys")); err != nil || c.Credentials != "media" || c.Path != "/keys" {
		t.Errorf("expected the words of the directive, got %+v, %v", c.CredentialsEndpoint, err)
	}
	if (CredentialsEndpoint{}).CaddyModule().New().(caddy.Provisioner) == nil {
		t.Error("expected a module")
	}
}
