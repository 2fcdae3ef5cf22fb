package integration_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const credentialsPath = "/_cognito/credentials"

// endpointSite gives credentials to tokens in the header or in a cookie.
const endpointSite = `cognito_auth main {
	token_use id
	token_source authorization
	token_source cookie session
}
cognito_credentials media
respond "next"
`

// TestSDKsReadTheCredentialsEndpoint has Amazon's own client read it.
func TestSDKsReadTheCredentialsEndpoint(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: endpointSite})
	provider := endpointcreds.New("http://edge"+credentialsPath, func(o *endpointcreds.Options) {
		o.HTTPClient, o.AuthorizationToken = w.web, "Bearer "+w.bearerOf("jo")
	})
	got, err := provider.Retrieve(t.Context())
	check(t, err)
	s, ok := w.cognito.Session(got.AccessKeyID)
	if !ok || got.SecretAccessKey != s.SecretAccessKey || got.SessionToken != s.SessionToken || s.IdentityID != w.identityOf("jo") {
		t.Error("expected the credentials of jo's session")
	}
	if !got.CanExpire || got.Expires.After(s.Expires) || time.Until(got.Expires) < 50*time.Minute {
		t.Errorf("expected them to expire by %v, got %v", s.Expires, got.Expires)
	}
	again, err := provider.Retrieve(t.Context())
	check(t, err)
	if again.AccessKeyID != got.AccessKeyID || w.exchanges() != 1 {
		t.Errorf("expected 1 exchange, got %d", w.exchanges())
	}
	bad := endpointcreds.New("http://edge"+credentialsPath, func(o *endpointcreds.Options) { o.HTTPClient, o.AuthorizationToken = w.web, "Bearer rubbish" })
	if _, err := bad.Retrieve(t.Context()); err == nil {
		t.Error("expected a bad token to get nothing")
	}
	t.Run("credentials are not said to outlive the token", func(t *testing.T) {
		w := w.row(t)
		expires := time.Now().Add(5 * time.Minute).Truncate(time.Second)
		got := w.get(credentialsPath, "Authorization: Bearer "+w.idToken("mo", with("exp", expires.Unix())))
		w.wantStatus(200, got)
		if said := decode(t, got.body)["Expiration"]; said != expires.UTC().Format(time.RFC3339) {
			t.Errorf("expected %v, got %v", expires.UTC(), said)
		}
	})
}

// TestWhoGetsCredentials: another site must not make a browser fetch them.
func TestWhoGetsCredentials(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: endpointSite})
	header, cookie := "Authorization: Bearer "+w.bearerOf("jo"), "Cookie: session="+w.bearerOf("jo")
	for _, row := range []struct {
		name, method string
		lines        []string
		status       int
	}{
		{"a token in the header, with GET", "GET", []string{header}, 200},
		{"a token in the header, with POST", "POST", []string{header}, 200},
		{"a token in the header, from elsewhere, which a page must have", "POST", []string{header, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 200},
		{"a cookie with POST from the same origin", "POST", []string{cookie, "Sec-Fetch-Site: same-origin", "Origin: http://edge"}, 200},
		{"a cookie with POST from the same origin, of an old browser", "POST", []string{cookie, "Origin: http://edge"}, 200},
		{"a cookie with GET", "GET", []string{cookie}, 403},
		{"a cookie with GET from the same origin", "GET", []string{cookie, "Sec-Fetch-Site: same-origin"}, 403},
		{"a cookie with GET that the user typed", "GET", []string{cookie, "Sec-Fetch-Site: none"}, 403},
		{"a cookie with POST from another site", "POST", []string{cookie, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		{"a cookie with POST from a sibling", "POST", []string{cookie, "Sec-Fetch-Site: same-site", "Origin: http://other.edge"}, 403},
		{"a cookie with POST that says same origin beside another", "POST", []string{cookie, "Sec-Fetch-Site: cross-site", "Origin: http://edge"}, 403},
		{"a cookie with POST of a user who typed it", "POST", []string{cookie, "Sec-Fetch-Site: none"}, 403},
		{"a cookie with POST without an origin", "POST", []string{cookie}, 403},
		{"a cookie with POST from a null origin", "POST", []string{cookie, "Origin: null"}, 403},
		{"a cookie with POST from a longer host", "POST", []string{cookie, "Origin: http://edge.evil.example"}, 403},
		{"a cookie with POST from another port", "POST", []string{cookie, "Origin: http://edge:81"}, 403},
		{"a cookie with POST from a scheme that is none", "POST", []string{cookie, "Origin: edge"}, 403},
		{"a cookie with POST from an extension", "POST", []string{cookie, "Origin: chrome-extension://edge"}, 403},
		{"no token", "POST", nil, 401},
		{"a bad token", "GET", []string{"Authorization: Bearer x"}, 401},
		{"an access token", "GET", []string{"Authorization: Bearer " + w.access(nil)}, 401},
		{"PUT", "PUT", []string{header}, 405},
		{"HEAD", "HEAD", []string{header}, 405},
		{"DELETE", "DELETE", []string{header}, 405},
		{"a preflight", "OPTIONS", []string{header, "Origin: https://evil.example", "Access-Control-Request-Method: POST"}, 405},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			got := w.raw(head(row.method, credentialsPath, append(row.lines, "Content-Length: 0")...) + "\r\n")
			w.wantStatus(row.status, got)
			w.wantLines(got, "Cache-Control: no-store", "Access-Control-Allow-Origin", "Set-Cookie")
			if row.status == 405 {
				w.wantLines(got, "Allow: GET, POST")
			}
			if row.status == 200 {
				w.wantLines(got, "Content-Type: application/json", "X-Content-Type-Options: nosniff")
			} else if strings.Contains(got.body, "ASIA") {
				t.Errorf("expected no credentials, got %.100q", got.body)
			}
		})
	}
	t.Run("other paths are not the endpoint's", func(t *testing.T) {
		w := w.row(t)
		for _, path := range []string{"/", credentialsPath + "/", credentialsPath + "x", "/x" + credentialsPath, "/_COGNITO/credentials"} {
			if got := w.get(path, header); got.body != "next" {
				t.Errorf("%s: expected the next handler, got %d with %.100q", path, got.status, got.body)
			}
		}
	})
	t.Run("nothing of it is logged", func(t *testing.T) {
		w := w.row(t)
		secrets := make(map[string]string)
		w.remember(secrets)
		if len(secrets) < 2 {
			t.Error("expected secrets to look for")
		}
		w.wantNoSecret("the log", w.logWithoutCredentials(false), secrets)
	})
	t.Run("an exchange that is down", func(t *testing.T) {
		w := w.row(t)
		w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(500))
		w.wantUnavailable(w.get(credentialsPath, "Authorization: Bearer "+w.bearerOf("mo")))
	})
}

func TestAPathOfOnesOwnForCredentials(t *testing.T) {
	w := newStoreWorld(t)
	w.run(setup{site: strings.Replace(endpointSite, "cognito_credentials media", "cognito_credentials media /aws", 1)})
	w.wantStatus(200, w.as("jo", "GET", "/aws", ""))
	if got := w.as("jo", "GET", credentialsPath, ""); got.body != "next" {
		t.Errorf("expected the next handler, got %.100q", got.body)
	}
	w.run(setup{site: "cognito_credentials media"})
	got := w.as("jo", "GET", credentialsPath, "")
	w.wantStatus(http.StatusInternalServerError, got) // nobody has seen the request
	if n := w.logged("warn", "request refused: put cognito_auth on the route"); n != 1 {
		t.Errorf("expected 1 warning, got %d", n)
	}
}
