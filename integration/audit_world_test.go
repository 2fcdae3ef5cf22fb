package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// auditFile sends the audit log to a file of its own, from level DEBUG.
const auditFile = "log audit {\ninclude cognito.audit\nlevel DEBUG\nformat json\noutput file $DIR/audit.log {\nroll_disabled\n}\n}\n"

// audited are the lines about an event.
func (w *world) audited(event string) []map[string]any {
	w.Helper()
	return slices.DeleteFunc(w.linesOf("audit.log"), func(line map[string]any) bool { return line["event"] != event })
}

// wantAudited compares fields of the last line about an event: name, value, ….
func (w *world) wantAudited(event string, pairs ...any) map[string]any {
	w.Helper()
	lines := w.audited(event)
	if len(lines) == 0 {
		w.Fatalf("expected a line about %s, got %v", event, w.linesOf("audit.log"))
	}
	last := lines[len(lines)-1]
	for i := 0; i+1 < len(pairs); i += 2 {
		if got := fmt.Sprint(last[pairs[i].(string)]); got != fmt.Sprint(pairs[i+1]) {
			w.Errorf("%s: expected %s %q, got %q", event, pairs[i], fmt.Sprint(pairs[i+1]), got)
		}
	}
	return last
}

// auditPage is what the documentation says of the audit log.
func auditPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "caddyfile/docs/audit-log.md"))
	check(t, err)
	return string(text)
}

// documentedRows are the rows of a table below a heading, by their first cell,
// without the marks of code.
func documentedRows(text, heading string) map[string][]string {
	_, section, _ := strings.Cut(text, "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := make(map[string][]string)
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case strings.HasPrefix(cells[0], "---"):
			clear(rows) // of the head
		case len(cells) > 1 && strings.HasPrefix(line, "| `"):
			rows[strings.Trim(cells[0], "`")] = cells[1:]
		}
	}
	return rows
}
