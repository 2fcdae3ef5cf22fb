package integration_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// leaky tells everything it can about a refusal.
const leaky = `handle /json {
	cognito_auth main {
		errors json
	}
	reverse_proxy $UPSTREAM
}
handle /up {
	cognito_auth main {
		forward token
	}
	reverse_proxy $UPSTREAM
}
handle /provider {
	cognito_auth main
	reverse_proxy 127.0.0.1:1
}
handle {
	cognito_auth main {
		token_source authorization
		token_source cookie session
		token_source query token
		require group admins
	}
	reverse_proxy $UPSTREAM
}
handle_errors {
	respond "{http.error.message} {http.error.status_text} {http.error.trace} {http.cognito.reason} {http.auth.user.id}" {http.error.status_code}
}`

// TestNoTokenInLogsAnswersOrStatus uses every kind of token in every way and
// looks for it everywhere. With log_credentials, Caddy itself logs the headers
// Authorization and Cookie of requests; only those are left out.
func TestNoTokenInLogsAnswersOrStatus(t *testing.T) {
	for name, server := range map[string]string{"by default": "", "with log_credentials": "log_credentials", "with trace": "trace"} {
		t.Run(name, func(t *testing.T) {
			// Tokens in a query are the user's to hide, as the documentation says.
			w := started(t, setup{server: server, site: leaky})
			secrets := w.tokens()
			var answers strings.Builder
			for _, token := range secrets {
				for _, path := range []string{"/", "/json", "/up", "/provider"} {
					got := w.get(path, "Authorization: Bearer "+token)
					answers.WriteString(got.body)
					for _, values := range got.header {
						answers.WriteString(strings.Join(values, " "))
					}
				}
				answers.WriteString(w.get("/", "Cookie: session="+token).body)
				answers.WriteString(w.get("/json", "Authorization: Bearer "+token, "Authorization: Bearer "+token).body)
			}
			for _, path := range []string{"/cognito/status", "/config/", "/metrics"} {
				answers.WriteString(roundTrip(t, w.admin, http.MethodGet, "http://admin"+path, "").body)
			}
			w.wantNowhere("an answer", answers.String(), secrets)
			w.wantNowhere("the log", w.logWithoutCredentials(server == "log_credentials"), secrets)
		})
	}
}

// tokens are good and bad ones; each is long enough to be found.
func (w *world) tokens() []string {
	w.Helper()
	f := forge{w}
	header, payload, signature := f.parts()
	return []string{
		w.access(nil), w.identity(nil), w.access(with("exp", 1)), w.access(with("client_id", otherClient)),
		w.access(with("cognito:groups", nil)), f.headed("kid", "unknown"), f.headed("alg", "none"),
		header + "." + payload + "." + flip(signature), header + "." + payload, payload, signature,
	}
}

// wantNowhere looks for each part of each secret.
func (w *world) wantNowhere(place, text string, secrets []string) {
	w.Helper()
	for i, secret := range secrets {
		for j, part := range strings.Split(secret, ".") {
			if len(part) > 80 && strings.Contains(text, part[:80]) && j > 0 || strings.Contains(text, secret) {
				at := strings.Index(text, part[:min(80, len(part))])
				w.Errorf("%s holds token %d: …%s…", place, i, text[max(0, at-300):min(len(text), at+100)])
				return
			}
		}
	}
}

func (w *world) logWithoutCredentials(credentials bool) string {
	w.Helper()
	lines := w.logLines()
	if len(lines) == 0 {
		w.Error("expected a log")
	}
	var text strings.Builder
	for _, line := range lines {
		if request, ok := line["request"].(map[string]any); ok && credentials {
			headers, _ := request["headers"].(map[string]any)
			delete(headers, "Authorization")
			delete(headers, "Cookie")
		}
		raw, err := json.Marshal(line)
		check(w.T, err)
		text.Write(raw)
	}
	return text.String()
}

// TestQueryTokensAreHiddenByTheDocumentedFilter: Caddy logs the query as it came.
func TestQueryTokensAreHiddenByTheDocumentedFilter(t *testing.T) {
	w := newWorld(t)
	token := w.access(nil)
	text := strings.Replace(w.caddyfile(setup{site: leaky}), "level DEBUG",
		"level DEBUG\nformat filter {\nwrap json\nfields {\nrequest>uri query {\nreplace token REDACTED\n}\n}\n}", 1)
	w.loadText(text)
	w.wantStatus(200, w.get("/?token="+token))
	w.wantStatus(401, w.get("/?token="+token+"x"))
	w.wantNowhere("the log", w.logWithoutCredentials(false), []string{token})
}

// TestUnverifiedClaimsAreNotLogged above DEBUG level, and at that level only what
// was wrong with them.
func TestUnverifiedClaimsAreNotLogged(t *testing.T) {
	w := started(t, setup{site: protected, level: "INFO"})
	w.wantStatus(401, w.bearer(w.access(with("iss", "https://hostile.example", "sub", "hostile-subject"))))
	w.wantStatus(401, w.bearer(forge{w}.headed("kid", "hostile-kid")))
	if text := w.logWithoutCredentials(false); strings.Contains(text, "hostile") {
		t.Errorf("the log repeats a hostile token: %s", text)
	}
}
