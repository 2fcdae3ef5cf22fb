package integration_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestOperatorsMistakes: a plain status for the client, and for the operator one
// line that names what to mend and how.
func TestOperatorsMistakes(t *testing.T) {
	w := newStoreWorld(t)
	serve := func(h http.HandlerFunc) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	say := func(status int, contentType, body string, header ...string) string {
		return serve(func(rw http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				rw.Header().Set(header[i], header[i+1])
			}
			rw.Header().Set("Content-Type", contentType)
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		})
	}
	s3Error := func(code, more string) string {
		return `<?xml version="1.0"?><Error><Code>` + code + `</Code><Message>x</Message>` + more + `<RequestId>1</RequestId></Error>`
	}
	at := func(url string, lines ...string) string {
		return strings.ReplaceAll(bucketSite(lines...), "$STORE", url)
	}
	media := func(lines string) string { return strings.Replace(w.media, "user_pool main", lines, 1) }
	sts := func(url, lines string) string {
		return "web_identity media " + url + " {\nuser_pool main\n" + lines + "\n}\n"
	}
	for _, row := range []struct {
		name, site, media string
		status            int
		level             string
		log               []string // what the line says
	}{
		{"the region is wrong", bucketSite("region eu-north-1"), "", 502, "error", []string{"region", `expected \"us-east-1\", got \"eu-north-1\"`, "set region to us-east-1"}},
		{"the bucket does not exist", strings.ReplaceAll(bucketSite(), siteBucket, "no-such-bucket"), "", 502, "error", []string{"http.handlers.cognito_s3", "no-such-bucket", "http://127.0.0.1:", "check its name and the endpoint"}},
		{"nobody listens at the endpoint", at("http://" + nobody), "", 502, "error", []string{"refused"}},
		{"the endpoint is no store but a page", at(say(200, "text/html", "<html>hello</html>")), "", 200, "", nil},
		{"the endpoint is a store that wants another endpoint", at(say(301, "application/xml", s3Error("PermanentRedirect", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"))),
			"", 502, "error", []string{"endpoint", `b.s3.eu-west-1.amazonaws.com`}},
		{"the endpoint redirects for a young bucket", at(say(307, "application/xml", s3Error("TemporaryRedirect", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"), "Location", "https://b.s3.eu-west-1.amazonaws.com/")),
			"", 502, "error", []string{"endpoint", `b.s3.eu-west-1.amazonaws.com`}},
		{"the endpoint redirects to a page", at(say(302, "text/html", "moved", "Location", "https://evil.example/")), "", 502, "", nil},
		{"the bucket is in another Region and the answer names it", at(say(301, "application/xml", s3Error("PermanentRedirect", ""), "X-Amz-Bucket-Region", "eu-west-1")),
			"", 502, "error", []string{"region", `expected \"eu-west-1\", got \"us-east-1\"`}},
		{"the store names a Region that is none", at(say(400, "application/xml", s3Error("AuthorizationHeaderMalformed", "<Region>x\n\x1b[31mforged log line</Region>"))), "", 502, "error", nil},
		{"the store sees another path", at(say(403, "application/xml", s3Error("SignatureDoesNotMatch", "<CanonicalRequest>GET secret</CanonicalRequest>"))), "", 502, "error", []string{"endpoint", "another signature"}},
		{"the clocks differ and the store says no time", at(serve(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header()["Date"] = nil
			rw.WriteHeader(403)
			_, _ = rw.Write([]byte(s3Error("RequestTimeTooSkewed", "")))
		})), "", 502, "error", []string{"clock", "synchronize"}},
		{"the store does not know the credentials", at(say(403, "application/xml", s3Error("InvalidAccessKeyId", ""))), "", 502, "error", []string{"credentials", "check that both belong to the same account"}},
		{"the store does not know even fresh tokens", at(say(400, "application/xml", s3Error("InvalidToken", ""))), "", 502, "error", []string{"credentials"}},
		{"the store is busy", at(say(503, "application/xml", s3Error("SlowDown", ""))), "", 503, "", nil},
		{"the store is broken", at(say(500, "application/xml", s3Error("InternalError", ""))), "", 502, "", nil},
		{"the store wants a login", at(say(401, "text/html", "login", "Www-Authenticate", `Basic realm="store"`)), "", 502, "", nil},
		{"the store hangs up", at(serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), "", 502, "error", nil},

		{"the role is not the token's", bucketSite(), media("user_pool main\nrole_arn " + editorRole), 200, "", nil}, // a pool without mappings does not look at it
		{"the identity pool does not exist", bucketSite(), strings.Replace(w.media, w.identities.ID(), "us-east-1:00000000-0000-4000-8000-000000000000", 1), 502, "error", []string{"nobody can get credentials", "us-east-1:00000000-0000-4000-8000-000000000000", "another region"}},
		{"the identity pool knows the user pool by another name", bucketSite(), media("user_pool main\nlogin main example.com/pool"), 401, "warn", []string{"credentials were refused"}},
		{"the STS does not know the role", bucketSite(), sts("$COGNITO", "role_arn arn:aws:iam::000000000000:role/no-such"), 403, "warn", []string{"check the roles and their trust policies", "no-such", "AccessDenied"}},
		{"nobody listens at the STS", bucketSite(), sts("http://"+nobody, "role_arn "+readerRole), 503, "warn", []string{"cannot get credentials", "refused"}},
		{"the STS is a page", bucketSite(), sts(say(200, "text/html", "<html>hello</html>"), "role_arn "+readerRole), 502, "warn", []string{"credentials were refused", "answer"}},
		{"the STS is a page that is not found", bucketSite(), sts(say(404, "text/html", "<html>hello</html>"), "role_arn "+readerRole), 502, "warn", nil},
		{"the policy is none", bucketSite(), sts("$COGNITO", "role_arn "+readerRole+"\npolicy `{\"Statement\":7}`"), 200, "", nil}, // which the local STS does not read

		{"there is no cognito_auth", bucket(), "", 500, "warn", []string{"put cognito_auth on the route"}},
		{"cognito_auth is on another route, with cognito_strip before both", "cognito_strip\nhandle /other {\n" + idOnly + "respond x\n}\n" + bucket(), "", 500, "warn", []string{"put cognito_auth on the route"}},
		{"cognito_auth is on another route", "handle /other {\n" + idOnly + "respond x\n}\n" + bucket(), "", 500, "warn", []string{"put cognito_auth on the route"}},
		{"cognito_auth takes access tokens", strings.ReplaceAll(bucketSite(), "token_use id", "token_use access"), "", 401, "debug", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			mark := len(w.logLines())
			if row.media != "" {
				w.media = row.media
			}
			check(t, w.cognito.AddRole(cognitolocal.Role{ARN: readerRole, Trust: []cognitolocal.Trust{{UserPool: w.pool}, {IdentityPool: w.identities}}}))
			w.run(setup{site: row.site})
			secrets := make(map[string]string)
			for range 3 {
				got := w.send("GET", "/app.js", "")
				w.wantStatus(row.status, got)
				w.wantNoWord(got)
				if row.status >= 400 {
					w.wantLines(got, "Location")
					if got.body != "" {
						t.Errorf("expected nothing of the store in the answer, got %.200q", got.body)
					}
				}
				if row.status == 503 {
					w.wantUnavailable(got)
				}
			}
			head := w.send("HEAD", "/app.js", "")
			if head.status != row.status && row.status != 502 { // a HEAD may not tell what is wrong
				t.Errorf("expected HEAD to get %d, got %d", row.status, head.status)
			}
			if head.status == 200 && row.status != 200 {
				t.Error("expected HEAD to fail")
			}
			w.remember(secrets)
			w.wantOneLine(w.logSince(mark), row.level, row.log)
			w.wantNoSecret("the log", w.logWithoutCredentials(false), secrets)
		})
	}
}

// wantOneLine looks for what all the requests have in common: one line of the
// level, or at DEBUG some, that says all of the words.
func (w *storeWorld) wantOneLine(lines []map[string]any, level string, words []string) {
	w.Helper()
	n, alarms := 0, []string{}
	for _, line := range lines {
		text := fmt.Sprintf("%q", fmt.Sprint(line))
		if strings.ContainsAny(fmt.Sprint(line["error"], line["msg"]), "\x1b\n") {
			w.Errorf("expected no control characters in a log line, got %s", text)
		}
		logger, _ := line["logger"].(string)
		if strings.HasPrefix(logger, "http.log.") && !slices.Contains(words, "refused") { // Caddy's own, one for each request
			continue
		}
		if line["level"] == "error" || line["level"] == "warn" {
			alarms = append(alarms, text)
		}
		if line["level"] == level && holdsAll(text, words) {
			n++
		}
	}
	if len(words) == 0 {
		return
	}
	if n == 0 {
		w.Errorf("expected a line at %s with %q, got %s", level, words, strings.Join(alarms, "\n"))
	}
	if n > 1 && level != "debug" && !strings.Contains(strings.Join(words, ""), "refused") {
		w.Errorf("expected one line at %s with %q, got %d", level, words, n)
	}
}

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// TestConfigurationsThatCannotWork are refused when they are loaded, with the name
// of the key.
func TestConfigurationsThatCannotWork(t *testing.T) {
	w := newStoreWorld(t)
	good := setup{site: bucketSite()}
	w.run(good)
	for name, row := range map[string]struct{ site, want string }{
		"credentials that nobody configured": {strings.ReplaceAll(bucketSite(), "credentials media", "credentials nosuch"), "nosuch"},
		"an endpoint over http elsewhere":    {strings.ReplaceAll(bucketSite(), "$STORE", "http://store.example"), "endpoint"},
		"a bucket that is none":              {strings.ReplaceAll(bucketSite(), siteBucket, "No_Such"), "bucket"},
		"a method that S3 does not have":     {bucketSite("methods GET POST"), "methods"},
		"a prefix that starts with a slash":  {bucketSite("prefix /a/"), "prefix"},
		"two kinds of error pages":           {bucketSite("fallback a", "error_document b"), "error_document"},
		"a header of the signature":          {bucketSite("allow_header x-amz-date"), "allow_header"},
		"a query of the signature":           {bucketSite("allow_query X-Amz-Signature"), "allow_query"},
		"a region that is none":              {bucketSite("region Ireland"), "region"},
		"a placeholder without a value":      {bucketSite("region {env.NO_SUCH_VARIABLE}"), "region"},
		"no credentials":                     {idOnly + "cognito_s3 " + siteBucket, "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.row(t)
			err := w.tryReload(setup{site: row.site})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected an error that names %s, got %v", row.want, err)
			}
			w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		})
	}
	if n := w.exchanges(); n != 1 {
		t.Errorf("expected 1 exchange in all, got %d", n)
	}
}
