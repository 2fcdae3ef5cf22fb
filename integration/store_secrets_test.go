package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// objectOptions shortens what most tests leave empty.
type objectOptions = s3root.ObjectOptions

// logSince is what Caddy's log says behind its first lines.
func (w *world) logSince(mark int) []map[string]any {
	w.Helper()
	return w.logLines()[mark:]
}

// count counts the lines of a level whose message starts with msg.
func count(lines []map[string]any, level, msg string) (n int) {
	for _, line := range lines {
		if text, _ := line["msg"].(string); line["level"] == level && strings.HasPrefix(text, msg) {
			n++
		}
	}
	return n
}

// TestNoSecretAnywhere does all that there is to do with credentials, with all that
// can go wrong, and looks for everything that the STS ever issued.
func TestNoSecretAnywhere(t *testing.T) {
	for name, server := range map[string]string{"by default": "", "with log_credentials": "log_credentials", "with trace": "trace"} {
		t.Run(name, func(t *testing.T) {
			w := newStoreWorld(t)
			w.run(setup{server: server, global: "debug", pools: `web_identity broken http://127.0.0.1:1 {
				user_pool main
				role_arn ` + readerRole + `
			}
			`, site: `handle /own/* {
				uri strip_prefix /own
				` + bucketSite("methods GET HEAD PUT DELETE", "prefix u/{http.cognito.identity_id}/", "checksum") + `
			}
			handle /wrong/region/* {
				` + bucketSite("region eu-north-1") + `
			}
			handle /wrong/bucket/* {
				` + strings.ReplaceAll(bucketSite(), siteBucket, "no-such-bucket") + `
			}
			handle /wrong/endpoint/* {
				` + strings.ReplaceAll(bucketSite(), "$STORE", "http://127.0.0.1:1") + `
			}
			handle /wrong/exchange/* {
				` + strings.ReplaceAll(bucketSite(), "credentials media", "credentials broken") + `
			}
			handle /inject/* {
				` + idOnly + `
				reverse_proxy $UPSTREAM {
					transport cognito_aws {
						credentials media
						inject
					}
				}
			}
			handle /dynamo/* {
				` + idOnly + `
				reverse_proxy $UPSTREAM {
					transport cognito_aws {
						credentials media
						service dynamodb
						region us-east-1
					}
				}
			}
			` + bucketSite("methods GET HEAD PUT DELETE") + `
			handle_errors {
				respond "{http.error.message} {http.error.trace} {http.cognito.reason} {http.reverse_proxy.status_text} {http.vars.client_ip}" {http.error.status_code}
			}`})
			secrets := make(map[string]string)
			var answers strings.Builder
			keep := func(got answer) {
				answers.WriteString(got.body)
				for name, values := range got.header {
					answers.WriteString(name + strings.Join(values, " "))
				}
			}
			for range 2 {
				for _, path := range []string{
					"/", "/app.js", "/docs", "/nothing", "/private/plan.html", "/$MO" + "note.txt", "/own/note.txt", "/own/", "/wrong/region/app.js",
					"/wrong/bucket/app.js", "/wrong/endpoint/app.js", "/wrong/exchange/app.js", "/inject/x", "/dynamo/x", "/app.js?acl", "/docs/../x",
				} {
					for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "POST"} {
						keep(w.send(method, path, map[string]string{"PUT": "upload", "POST": "{}"}[method]))
					}
					keep(w.send("GET", path, "", "X-Amz-Acl: private"))
					keep(w.send("GET", path, "", "X-Fail: yes"))
				}
				keep(w.get("/app.js", "Authorization: Bearer "+w.bearerOf("mo")))
				w.remember(secrets)
				w.cognito.RevokeSessions(nil)
			}
			w.remember(secrets)
			for _, path := range []string{"/cognito/status", "/config/", "/metrics", "/reverse_proxy/upstreams", "/debug/vars"} {
				answers.WriteString(roundTrip(t, w.admin, http.MethodGet, "http://admin"+path, "").body)
			}
			if len(secrets) < 8 {
				t.Errorf("expected many secrets to look for, got %d", len(secrets))
			}
			log := w.logWithoutCredentials(server == "log_credentials")
			w.wantNoSecret("an answer", answers.String(), secrets)
			w.wantNoSecret("the log", log, secrets)
			w.wantNowhere("an answer", answers.String(), []string{w.bearerOf("jo"), w.bearerOf("mo")})
			w.wantNowhere("the log", log, []string{w.bearerOf("jo"), w.bearerOf("mo")})
		})
	}
}

// remember adds what was given out so far, by name.
func (w *storeWorld) remember(secrets map[string]string) {
	for _, s := range w.sessions() {
		secrets["secret key of "+s.AccessKeyID] = s.SecretAccessKey
		secrets["session token of "+s.AccessKeyID] = s.SessionToken
	}
}

// wantNoSecret looks for each secret as it is, as it stands in a query, and for a
// part of it.
func (w *storeWorld) wantNoSecret(place, text string, secrets map[string]string) {
	w.Helper()
	for what, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), secret[10:30], url.QueryEscape(secret[len(secret)-20:])} {
			if at := strings.Index(text, form); at >= 0 {
				w.Errorf("%s holds the %s: …%s…", place, what, text[max(0, at-500):at])
				break
			}
		}
	}
}
