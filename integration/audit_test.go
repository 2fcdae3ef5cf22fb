package integration_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// runAuditExample loads the Caddyfile of the documentation, with its logs.
func (w *signinWorld) runAuditExample() {
	w.Helper()
	text := shown(auditPage(w.T), "caddyfile")[0]
	text = strings.NewReplacer("eu-west-1_AbCdEfGhI", w.pool.ID(), "1h57kf5cpq17m0eml12example", auditClient, "/var/log/caddy", w.dir).Replace(text)
	document := w.relocated(text, exampleAt{})
	logs := document["logging"].(map[string]any)["logs"].(map[string]any)
	logs["default"] = w.debugLog()
	logs["default"].(map[string]any)["exclude"] = []string{"cognito.audit"} // as the Caddyfile has it
	w.loadDocument(document)
	w.awaitSignin()
}

const auditClient = "5auditexample"

// TestAuditLogIsAsDocumented: the Caddyfile of the page makes a log of its own, with
// every event of the page, all with the fields of the page and no others, and
// without secrets.
func TestAuditLogIsAsDocumented(t *testing.T) {
	w := &signinWorld{newWorld(t)}
	client := everyFlow
	client.ID, client.AccessTokenLifetime, client.IDTokenLifetime = auditClient, 3*time.Second, 3*time.Second
	check(t, w.pool.AddClient(client))
	w.runAuditExample()
	typed := "a-wrong-passw0rd"
	w.wantStatus(422, w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo-or-so", "password": typed}))
	signIn := func() string {
		got := w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": password})
		w.wantStatus(200, got)
		return cookieLine(setCookies(got)["__Host-cognito-main"])
	}
	session := signIn()
	w.wantStatus(401, w.get("/private?token=of-the-query", "Authorization: Bearer "+w.access(with("exp", 1))))
	w.wantStatus(303, w.send("POST", "/_cognito/sign-out", "", session, formType))
	w.wantStatus(200, roundTrip(t, w.admin, http.MethodPost, "http://admin/cognito/sign-out", fmt.Sprintf(`{"pool":"main","sub":%q}`, w.sub("mo"))))
	ended := signIn()
	check(t, w.pool.SignOut("jo"))
	eventually(t, "the session ends", func() bool {
		return w.send("GET", "/", "", ended).status == 401 && len(w.audited("session_ended")) > 0
	})
	w.wantDocumentedLines(w.linesOf("audit.log"))
	if standard := w.logLines(); len(standard) == 0 || slices.ContainsFunc(standard, func(line map[string]any) bool { return line["logger"] == "cognito.audit" }) {
		t.Errorf("expected a default log without the audit log, got %v", standard)
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "audit.log"))
	check(t, err)
	for _, secret := range []string{typed, password, "jo-or-so", "of-the-query", session[20:80], ended[20:80], "eyJ"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("expected no %q in %s", secret, text)
		}
	}
}

// wantDocumentedLines compares lines with the tables of the page.
func (w *world) wantDocumentedLines(lines []map[string]any) {
	w.Helper()
	events, fields := documentedRows(auditPage(w.T), "Events"), documentedRows(auditPage(w.T), "Fields")
	want := append(slices.Collect(maps.Keys(fields)), "level", "ts", "logger", "msg")
	slices.Sort(want)
	met := make(map[string]bool)
	for _, line := range lines {
		event, _ := line["event"].(string)
		row := events[event]
		if row == nil {
			w.Errorf("expected an event of the page, got %v", line)
			continue
		}
		met[event] = true
		level, message := strings.ToUpper(line["level"].(string)), line["msg"].(string)
		if line["logger"] != "cognito.audit" || level != row[0] || !strings.Contains(row[1], "`"+message+"`") {
			w.Errorf("expected %v, got %v", row, line)
		}
		if got := slices.Sorted(maps.Keys(line)); !slices.Equal(got, want) {
			w.Errorf("%s: expected the fields\n%q, got\n%q", event, want, got)
		}
	}
	for event := range events {
		if !met[event] {
			w.Errorf("expected a line about %s", event)
		}
	}
}

// TestAuditLogByLevel: what anybody can cause is in no log that does not ask for it,
// and nothing is in two logs.
func TestAuditLogByLevel(t *testing.T) {
	for _, row := range []struct {
		name, global string
		want         map[string][]string // events by file
	}{
		{"the default log alone", "", map[string][]string{"caddy.log": {"sign_in"}}},
		{"a log of its own", strings.Replace(auditFile, "level DEBUG", "", 1), map[string][]string{"audit.log": {"sign_in"}}},
		{"a log of its own that wants all", auditFile, map[string][]string{"audit.log": {"sign_in", "denied", "sign_in_failed"}}},
		{"a log of refusals elsewhere", strings.Replace(auditFile, "include cognito.audit", "include cognito", 1),
			map[string][]string{"audit.log": {"sign_in", "denied", "sign_in_failed"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &signinWorld{newWorld(t)}
			w.addClient(everyFlow)
			s := w.setup(signinSetup{signin: unlimited, level: "INFO"})
			s.global = row.global
			w.load(s)
			w.signedIn("jo")
			w.wantStatus(401, w.get("/"))
			w.wantStatus(422, w.sendJSON("/_cognito/sign-in", map[string]any{"username": "jo", "password": "wrong"}))
			for _, name := range []string{"caddy.log", "audit.log"} {
				var events []string
				for _, line := range w.linesOf(name) {
					if line["logger"] == "cognito.audit" {
						events = append(events, line["event"].(string))
					}
				}
				if !slices.Equal(events, row.want[name]) {
					t.Errorf("%s: expected %q, got %q", name, row.want[name], events)
				}
			}
		})
	}
}

// TestAuditOfDenials: who was refused is told only where that is certain.
func TestAuditOfDenials(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("X-Amz-Bucket-Region", "eu-south-1")
		rw.WriteHeader(http.StatusMovedPermanently)
	}))
	defer elsewhere.Close()
	w := startedService(t, signing{setup: setup{
		global: auditFile,
		site: "handle /admins* {\ncognito_auth main {\nrequire group admins\n}\nreverse_proxy $UPSTREAM\n}\n" +
			"handle /id* {\ncognito_auth main {\ntoken_use id\n}\nreverse_proxy $UPSTREAM\n}\n" +
			"handle_path /public* {\ncognito_strip\nreverse_proxy $UPSTREAM\n}\n" +
			"handle /credentials {\ncognito_auth main\ncognito_credentials media /credentials\n}\n" +
			"handle /store* {\ncognito_auth main\ncognito_s3 bucket {\ncredentials media\nendpoint http://127.0.0.1:1\n}\n}\n" +
			"handle /bucket* {\ncognito_auth main {\ntoken_use id\n}\ncognito_s3 bucket {\ncredentials media\nendpoint " + elsewhere.URL + "\n}\n}\n" +
			"handle /up* {\ncognito_auth main\nreverse_proxy $SERVICE {\ntransport cognito_aws {\ncredentials media\nservice dynamodb\nregion eu-west-1\n}\n}\n}\n" +
			"handle {\ncognito_auth main\nreverse_proxy $UPSTREAM\n}",
	}})
	mo, err := w.pool.AccessToken("mo", webClient, nil)
	check(t, err)
	header, payload, signature := forge{w.world}.parts()
	for _, row := range []struct {
		name, path, token    string
		status               int
		by, reason, user     string
		client, result, says string
	}{
		{"no token", "/a%2Fb?token=x", "", 401, "cognito_auth", "missing", "", "", "refused", "a token is required"},
		{"rubbish", "/", "rubbish", 401, "cognito_auth", "malformed", "", "", "refused", "malformed token"},
		{"an expired token of jo", "/", w.access(with("exp", 1)), 401, "cognito_auth", "expired", "", "", "refused", "token expired (exp)"},
		{"a forged token of jo", "/", header + "." + payload + "." + flip(signature), 401, "cognito_auth", "signature", "", "", "refused", ""},
		{"a token of another app client", "/", w.access(with("client_id", otherClient)), 401, "cognito_auth", "client", "", "", "refused", `got "` + otherClient + `"`},
		{"a genuine token of the wrong use", "/id", mo, 401, "cognito_auth", "token_use", "mo", webClient, "refused", `got "access", want ["id"]`},
		{"a genuine token without the group", "/admins", mo, 403, "cognito_auth", "group", "mo", webClient, "refused", `want ["admins"]`},
		{"an ambiguous path", "/public/..;/admins", "", 400, "cognito_strip", "ambiguous_path", "", "", "refused", ""},
		{"credentials for an access token", "/credentials", mo, 401, "cognito_credentials", "not_id_token", "mo", webClient, "refused", ""},
		{"a bucket for an access token", "/store/a", mo, 401, "cognito_s3", "not_id_token", "mo", webClient, "refused", ""},
		{"a bucket that is elsewhere", "/bucket/a", w.tokenOf("mo", nil), 502, "cognito_s3", "misconfigured", "mo", webClient, "failed", ""},
		{"a service for an access token", "/up/a", mo, 401, "cognito_aws", "not_id_token", "mo", webClient, "refused", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			before := len(w.audited("denied"))
			lines := []string{"User-Agent: curious"}
			if row.token != "" {
				lines = append(lines, "Authorization: Bearer "+row.token)
			}
			w.wantStatus(row.status, w.get(row.path, lines...))
			user, pool := "", "main"
			if row.user != "" {
				user = w.sub(row.user)
			}
			if row.by == "cognito_strip" {
				pool = ""
			}
			path, _, _ := strings.Cut(row.path, "?")
			line := w.wantAudited("denied", "result", row.result, "reason", row.reason, "status", row.status, "by", row.by, "pool", pool,
				"user_id", user, "client_id", row.client, "host", "edge", "method", "GET", "path", path, "user_agent", "curious", "how", "", "trace_id", "")
			if detail, _ := line["detail"].(string); !strings.Contains(detail, row.says) {
				t.Errorf("expected the detail to say %q, got %q", row.says, detail)
			}
			if n := len(w.audited("denied")) - before; n != 1 {
				t.Errorf("expected one line, got %d", n)
			}
		})
	}
}

// TestAuditOfTheAuthenticationHandler: it tells of nothing itself.
func TestAuditOfTheAuthenticationHandler(t *testing.T) {
	w := newWorld(t)
	config, err := edge.Adapt(w.caddyfile(setup{global: auditFile, site: "basic_auth {\njo $2a$04$AAAAAAAAAAAAAAAAAAAAAOSmVgrOTtBhkCBV5mGu3BXd7Yg7sXZ2u\n}\nreverse_proxy $UPSTREAM"}))
	check(t, err)
	document := decode(t, string(config))
	find(document, func(object map[string]any) bool { return object["handler"] == "authentication" })["providers"] = map[string]any{
		"cognito": map[string]any{"pool": []string{"main"}, "require": []any{map[string]any{"kind": "group", "values": []string{"admins"}}}},
	}
	w.loadDocument(document)
	token, err := w.pool.AccessToken("mo", webClient, nil)
	check(t, err)
	w.wantStatus(401, w.bearer(token))
	w.wantAudited("denied", "by", "authentication", "reason", "group", "user_id", w.sub("mo"), "client_id", webClient, "pool", "main")
}

// find is the first object of a document that is wanted.
func find(value any, wanted func(map[string]any) bool) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		if wanted(value) {
			return value
		}
		return find(slices.Collect(maps.Values(value)), wanted)
	case []any:
		for _, member := range value {
			if found := find(member, wanted); found != nil {
				return found
			}
		}
	}
	return nil
}

// TestAuditOfSignIns tells by which way and by which factors.
func TestAuditOfSignIns(t *testing.T) {
	w := startedHosted(t, signinSetup{client: cognitolocal.Client{IdentityProviders: federated.IdentityProviders, AuthFlows: everyFlow.AuthFlows}, signIn: optionalFactors})
	s := w.setup(signinSetup{signin: "page {\nprovider Google\n}\nhosted" + manyAttempts})
	s.global = auditFile
	w.load(s)
	p := w.addPerson(cognitolocal.User{Username: "kit", MFA: allFactors[:1]})
	who := func(how, userID string, steps ...string) {
		t.Helper()
		line := w.wantAudited("sign_in", "result", "ok", "how", how, "steps", steps, "user_id", userID, "by", "user", "pool", "signin",
			"client_id", signinClient, "status", 0, "reason", "", "host", "localhost")
		if line["request_id"] == "" || line["client_ip"] == "" && line["host"] == "" {
			t.Errorf("expected to learn of the request, got %v", line)
		}
	}
	v, api := pageVisit{w.newBrowser()}, w.newAPIVisit()
	v.begin("username", "kit", "password", password)
	v.answer(badCode...)
	w.wantAudited("sign_in_failed", "how", "page", "steps", []string{"USER_SRP_AUTH", "SMS_MFA"}, "reason", "wrong_code", "status", 422, "user_id", "",
		"result", "refused", "by", "user")
	v.answer(sentCode(p, v)...)
	who("page", p.sub, "USER_SRP_AUTH", "SMS_MFA")
	api.begin("username", "jo", "password", "wrong")
	line := w.wantAudited("sign_in_failed", "how", "api", "steps", []string{"USER_SRP_AUTH"}, "reason", "bad_credentials")
	if detail := line["detail"].(string); !strings.HasPrefix(detail, "RespondToAuthChallenge NotAuthorizedException ") {
		t.Errorf("expected what Cognito said, got %q", detail)
	}
	api.begin("username", "jo", "password", password)
	who("api", w.sub("jo"), "USER_SRP_AUTH")
	b := w.newBrowser()
	b.toPool("/_cognito/sign-in?provider=Google")
	b.choose("117")
	google, _ := w.pool.User("Google_117")
	who("hosted", google.Sub, "Google")
	w.wantStatus(403, w.send("POST", "/_cognito/sign-in", "username=jo&password=x", formType, "Sec-Fetch-Site: cross-site"))
	w.wantAudited("denied", "by", "cognito_signin", "reason", "cross_origin", "status", 403, "path", "/_cognito/sign-in", "pool", "signin", "user_id", "")
}

// TestAuditOfSignOuts tells who did it, and whether it was done everywhere.
func TestAuditOfSignOuts(t *testing.T) {
	w := startedSignin(t, signinSetup{client: everyFlow})
	s := w.setup(signinSetup{signin: unlimited + "\ndeliver tokens"})
	s.global = auditFile
	w.load(s)
	v := w.newAPIVisit()
	v.begin("username", "jo", "password", password)
	tokens := v.said
	v.post("sign-out", "refresh_token", tokens.RefreshToken)
	w.wantAudited("sign_out", "by", "application", "user_id", "", "result", "ok", "path", "/_cognito/sign-out", "level", "debug")
	w.cognito.SetFault("RevokeToken", cognitolocal.FaultThrottle())
	v.post("sign-out", "refresh_token", "rubbish")
	w.wantAudited("sign_in_failed", "steps", []string{"sign_out"}, "how", "api", "reason", "throttled", "result", "failed")
	w.cognito.SetFault("RevokeToken", cognitolocal.Fault{})
	page := w.setup(signinSetup{signin: unlimited})
	page.global = auditFile
	w.load(page)
	session := w.signedIn("jo")
	w.cognito.SetFault("RevokeToken", cognitolocal.FaultThrottle())
	w.wantStatus(303, w.send("POST", "/_cognito/sign-out", "", session, formType))
	w.wantAudited("sign_out", "by", "user", "user_id", w.sub("jo"), "result", "partial", "reason", "throttled")
	w.cognito.SetFault("RevokeToken", cognitolocal.Fault{})
	w.wantStatus(303, w.send("POST", "/_cognito/sign-out", "", w.signedIn("jo"), formType))
	w.wantAudited("sign_out", "by", "user", "user_id", w.sub("jo"), "result", "ok", "reason", "")
	before := len(w.audited("sign_out"))
	w.wantStatus(303, w.send("POST", "/_cognito/sign-out", "", formType)) // nobody was signed in
	if n := len(w.audited("sign_out")); n != before {
		t.Errorf("expected no line, got %d", n-before)
	}
	w.wantStatus(200, roundTrip(t, w.admin, http.MethodPost, "http://admin/cognito/sign-out", fmt.Sprintf(`{"pool":"signin","sub":%q}`, w.sub("jo"))))
	w.wantAudited("sign_out", "by", "admin", "user_id", w.sub("jo"), "result", "ok", "path", "/cognito/sign-out", "request_id", "")
}
