package integration_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// carriers is a site with every token source.
var carriers = setup{site: `route {
	cognito_auth main {
		token_source authorization
		token_source header X-Id-Token
		token_source cookie session
		token_source query token
	}
	reverse_proxy $UPSTREAM
}
handle_errors {
	header X-Reason {http.cognito.reason}
	respond "" {http.error.status_code}
}`}

// TestCarriers: GOOD and MORE stand for good tokens of jo, BAD for none.
func TestCarriers(t *testing.T) {
	rows := []struct {
		name, target string
		lines        []string
		status       int
		reason       string
	}{
		{"a bearer token", "/", []string{"Authorization: Bearer GOOD"}, 200, ""},
		{"the scheme in lower case", "/", []string{"authorization: bearer GOOD"}, 200, ""},
		{"the scheme in upper case and two spaces", "/", []string{"AUTHORIZATION: BEARER  GOOD"}, 200, ""},
		{"spaces after the token", "/", []string{"Authorization: Bearer GOOD  "}, 200, ""},
		{"a continuation line", "/", []string{"Authorization: Bearer", " GOOD"}, 200, ""},
		{"a header of its own", "/", []string{"X-Id-Token: GOOD"}, 200, ""},
		{"a cookie", "/", []string{"Cookie: a=b; session=GOOD; c=d"}, 200, ""},
		{"a quoted cookie", "/", []string{`Cookie: session="GOOD"`}, 200, ""},
		{"the query", "/?a=b&token=GOOD&c=d", nil, 200, ""},
		{"an escaped query", "/?%74oken=GOOD", nil, 200, ""},
		{"the first source decides, for the good", "/?token=BAD", []string{"Authorization: Bearer GOOD", "Cookie: session=BAD"}, 200, ""},
		{"the first source decides, for the bad", "/?token=GOOD", []string{"Authorization: Bearer BAD", "Cookie: session=GOOD"}, 401, "malformed"},
		{"a bad cookie before a good query", "/?token=GOOD", []string{"Cookie: session=BAD"}, 401, "malformed"},
		{"Basic is no token, so the cookie counts", "/", []string{"Authorization: Basic am86am8=", "Cookie: session=GOOD"}, 200, ""},
		{"Bearer alone", "/", []string{"Authorization: Bearer"}, 401, "malformed"},
		{"Bearer alone hides no cookie", "/", []string{"Authorization: Bearer", "Cookie: session=GOOD"}, 401, "malformed"},
		{"Bearer and a tab", "/", []string{"Authorization: Bearer\tGOOD"}, 401, "malformed"},
		{"an empty Authorization", "/", []string{"Authorization:"}, 401, "missing"},
		{"Basic alone", "/", []string{"Authorization: Basic am86am8="}, 401, "missing"},
		{"Digest", "/", []string{`Authorization: Digest username="jo"`}, 401, "missing"},
		{"Bearer glued to the token", "/", []string{"Authorization: BearerGOOD"}, 401, "missing"},
		{"the token without a scheme", "/", []string{"Authorization: GOOD"}, 401, "missing"},
		{"DPoP", "/", []string{"Authorization: DPoP GOOD"}, 401, "missing"},
		{"two tokens in one header", "/", []string{"Authorization: Bearer GOOD, Bearer MORE"}, 401, "malformed"},
		{"two headers", "/", []string{"Authorization: Bearer GOOD", "Authorization: Bearer MORE"}, 400, "ambiguous_token"},
		{"two equal headers", "/", []string{"Authorization: Bearer GOOD", "Authorization: Bearer GOOD"}, 400, "ambiguous_token"},
		{"Basic and Bearer", "/", []string{"Authorization: Basic am86am8=", "Authorization: Bearer GOOD"}, 400, "ambiguous_token"},
		{"two headers of our own", "/", []string{"X-Id-Token: GOOD", "X-Id-Token: MORE"}, 400, "ambiguous_token"},
		{"two cookies", "/", []string{"Cookie: session=GOOD; session=MORE"}, 400, "ambiguous_token"},
		{"two cookies on two lines", "/", []string{"Cookie: session=GOOD", "Cookie: session=MORE"}, 400, "ambiguous_token"},
		{"two parameters", "/?token=GOOD&token=MORE", nil, 400, "ambiguous_token"},
		{"two parameters, one escaped", "/?token=GOOD&t%6fken=MORE", nil, 400, "ambiguous_token"},
		{"an alias of the header", "/", []string{"X_Id_Token: GOOD"}, 401, "missing"},
		{"a header beside its alias", "/", []string{"X-Id-Token: GOOD", "X_Id_Token: MORE"}, 200, ""},
		{"another cookie", "/", []string{"Cookie: Session=GOOD; sessions=GOOD; __Host-session=GOOD"}, 401, "missing"},
		{"an empty cookie", "/", []string{"Cookie: session="}, 401, "malformed"},
		{"an empty parameter", "/?token", nil, 401, "malformed"},
		{"a parameter in another case", "/?Token=GOOD", nil, 401, "missing"},
		{"a parameter after a semicolon", "/?a=b;token=GOOD", nil, 401, "missing"},
		{"a parameter in the path", "/token=GOOD", nil, 401, "missing"},
		{"Proxy-Authorization", "/", []string{"Proxy-Authorization: Bearer GOOD"}, 401, "missing"},
		{"the header of an ALB", "/", []string{"X-Amzn-Oidc-Data: GOOD", "X-Amzn-Oidc-Accesstoken: GOOD"}, 401, "missing"},
		{"a remapped header of API Gateway", "/", []string{"X-Amzn-Remapped-Authorization: Bearer GOOD"}, 401, "missing"},
		{"a header that names another", "/", []string{"X-Forwarded-Access-Token: GOOD", "X-Auth-Request-Access-Token: GOOD"}, 401, "missing"},
		{"a WebSocket protocol", "/", []string{"Sec-WebSocket-Protocol: bearer, GOOD"}, 401, "missing"},
		{"Connection removes the token", "/", []string{"Connection: Authorization", "Authorization: Bearer GOOD"}, 200, ""},
	}
	w := started(t, carriers)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, pool: w.pool, upstream: w.upstream}
			good, more := w.access(nil), w.access(nil)
			text := strings.NewReplacer("GOOD", good, "MORE", more).Replace(rawGet(row.target, row.lines...))
			got := w.raw(text)
			w.wantStatus(row.status, got)
			if got.header.Get("X-Reason") != row.reason {
				t.Errorf("expected reason %q, got %q", row.reason, got.header.Get("X-Reason"))
			}
			if row.status != 200 {
				w.upstream.none(t)
				return
			}
			w.wantNoToken(good, more, "BAD")
		})
	}
}

// wantNoToken: whatever the source, the upstream sees the user and no token.
func (w *world) wantNoToken(secrets ...string) {
	w.Helper()
	got := w.upstream.one(w.T)
	got.wantIdentity(w.T, w.joHeaders()...)
	for _, secret := range secrets {
		if strings.Contains(fmt.Sprint(got), secret) {
			w.Errorf("the upstream saw a token: %+v", got)
		}
	}
}

// TestSourcesLeaveTheRestAlone: other cookies and parameters reach the upstream
// as they were written.
func TestSourcesLeaveTheRestAlone(t *testing.T) {
	w := started(t, carriers)
	got := w.raw(rawGet("/?a=%41&token="+w.access(nil)+"&b=1&b=2;c", "Cookie: a=b; session=x", "Cookie: c=\"d\"; e"))
	w.wantStatus(401, got) // the cookie comes before the query
	got = w.raw(rawGet("/?a=%41&token="+w.access(nil)+"&b=1&b=2;c", "Cookie: a=b; c=\"d\"; e"))
	w.wantStatus(200, got)
	request := w.upstream.one(t)
	if request.uri != "/?a=%41&b=1&b=2;c" || request.header.Get("Cookie") != `a=b; c="d"; e` {
		t.Errorf("expected the rest as it was, got %q and %q", request.uri, request.header["Cookie"])
	}
}

// TestCachedVerdictsAreNotRights: a token that passed once is still checked for
// what each route demands.
func TestCachedVerdictsAreNotRights(t *testing.T) {
	w := newWorld(t)
	w.load(setup{
		pools: "user_pool strict " + w.pool.ID() + " {\nclient " + otherClient + "\nissuer " + w.pool.Issuer() + "\n}",
		site: "handle /kings {\ncognito_auth main {\nrequire group kings\n}\nreverse_proxy $UPSTREAM\n}\n" +
			"handle /id {\ncognito_auth main {\ntoken_use id\n}\nreverse_proxy $UPSTREAM\n}\n" +
			"handle /strict {\ncognito_auth strict\nreverse_proxy $UPSTREAM\n}\n" +
			"handle {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}",
	})
	token := w.access(nil)
	for range 3 {
		w.wantStatus(200, w.bearer(token))
		w.wantStatus(403, w.get("/kings", "Authorization: Bearer "+token))
		w.wantStatus(401, w.get("/id", "Authorization: Bearer "+token))
		w.wantStatus(401, w.get("/strict", "Authorization: Bearer "+token))
		w.wantStatus(401, w.bearer(token[:len(token)-8]+"AAAAAAAA"))
	}
}

func TestCachedTokenExpires(t *testing.T) {
	w := started(t, setup{site: protected})
	token := w.access(with("exp", time.Now().Unix()+2))
	w.wantStatus(200, w.bearer(token))
	eventually(t, "the token expires", func() bool { return w.bearer(token).status == 401 })
}

// TestParallelUsersNeverSwap: CVE-2026-71326 was a shared flight that gave one
// user another's identity. The upstream answers with the subject it was told.
func TestParallelUsersNeverSwap(t *testing.T) {
	w := started(t, setup{site: protected, level: "INFO", pool: "cache_size 4"})
	var all sync.WaitGroup
	for user := range 16 {
		subject := fmt.Sprintf("user-%d", user)
		token := w.access(with("sub", subject))
		all.Go(func() {
			for range 50 {
				got, err := try(t, w.web, "GET", "http://edge/", "", "Authorization: Bearer "+token)
				if err != nil || got.status != 200 || got.body != subject {
					t.Errorf("expected %q, got %d %q, %v", subject, got.status, got.body, err)
					return
				}
			}
		})
	}
	all.Wait()
}
