package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestAuditLinesCannotBeForged: clients write into this log, and must neither end a
// line, nor make one, nor bring a terminal to do what they like.
func TestAuditLinesCannotBeForged(t *testing.T) {
	w := newWorld(t)
	w.load(setup{site: "cognito_auth main {\nallow_ambiguous_path\n}\nreverse_proxy $UPSTREAM", level: "INFO", global: auditFile +
		"log people {\ninclude cognito.audit\nlevel DEBUG\nformat console\noutput file $DIR/people.log {\nroll_disabled\n}\n}\n"})
	hostile := "x\u009b31m\u202e\u2028{\"event\":\"sign_in\"}\u0085" + strings.Repeat("y", 5000)
	claims := forge{w}.claims("iss", "https://evil\n{\"event\":\"sign_in\"}\x1b[31m\u202e")
	for _, request := range [][]string{
		{"GET", "/%0a%1b%5b31m%c2%9b%e2%80%ae\u009b\u202e" + strings.Repeat("z", 5000)},
		{"GET", "/", "User-Agent: " + hostile},
		{"SIGN'IN", "/"},
		{"GET", "/", "Authorization: Bearer " + forge{w}.signed(claims)},
	} {
		if got := w.raw(head(request[0], request[1], request[2:]...) + "\r\n"); got.status != 401 {
			t.Errorf("expected status 401, got %d with %q", got.status, got.body)
		}
	}
	if n := len(w.audited("denied")); n != 4 || len(w.linesOf("audit.log")) != 4 {
		t.Errorf("expected a line for each request, got %d", n)
	}
	for _, file := range []string{"audit.log", "people.log"} {
		text, err := os.ReadFile(filepath.Join(w.dir, file))
		check(t, err)
		if n := strings.Count(string(text), "\n"); n != 4 {
			t.Errorf("%s: expected 4 lines, got %d of %s", file, n, text)
		}
		for _, r := range strings.NewReplacer("\x1b[35mDEBUG\x1b[0m", "").Replace(string(text)) { // Caddy colours the level
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028') {
				t.Errorf("%s: expected no control character, got %U", file, r)
			}
		}
		for line := range strings.Lines(string(text)) {
			if len(line) > 2500 {
				t.Errorf("%s: expected a bounded line, got %d bytes", file, len(line))
			}
		}
	}
}

// TestAuditLinesJoinOthers: the access log and the trace of the same request.
func TestAuditLinesJoinOthers(t *testing.T) {
	newCollector(t)
	w := newWorld(t)
	w.load(setup{server: "trusted_proxies_unix", site: tracedSite + "handle_path /api/* {\n" + protected + "\n}", global: auditFile})
	w.wantStatus(401, w.get("/api/orders?secret=x", "X-Forwarded-For: 203.0.113.7",
		"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	line := w.wantAudited("denied", "trace_id", "0af7651916cd43dd8448eb211c80319c", "path", "/api/orders", "client_ip", "203.0.113.7")
	for _, access := range w.logLines() {
		if access["msg"] != "handled request" {
			continue
		}
		if access["uuid"] != line["request_id"] || access["traceID"] != line["trace_id"] || line["request_id"] == "" {
			t.Errorf("expected the same request, got %v and %v", access, line)
		}
		return
	}
	t.Error("expected a line in the access log")
}
