package main

import (
	"strings"
	"testing"
)

// A visitor who expects the usual ports is told why the demo has others.
func TestGuideSaysWhyPortsMoved(t *testing.T) {
	for _, row := range []struct{ name, site, pool, admin, want string }{
		{"the usual ports", "localhost:8080", "http://127.0.0.1:9229", "127.0.0.1:2019", ""},
		{"the site", "localhost:41234", "http://127.0.0.1:9229", "127.0.0.1:2019", "Open http://localhost:41234 (port 8080 is taken) and sign in as\n"},
		{"the user pool", "localhost:8080", "http://127.0.0.1:41234", "127.0.0.1:2019", "http://127.0.0.1:41234 (port 9229 is taken)\n"},
		{"the admin API", "localhost:8080", "http://127.0.0.1:9229", "127.0.0.1:41234", "http://127.0.0.1:41234 (port 2019 is taken)\n"},
	} {
		var text strings.Builder
		if err := guide.Execute(&text, map[string]any{"Site": row.site, "Pool": row.pool, "Admin": row.admin, "Own": own{}}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), row.want) || strings.Contains(text.String(), "is taken") != (row.want != "") {
			t.Errorf("%s: expected %q in\n%s", row.name, row.want, text.String())
		}
	}
}

func TestArgumentsAreRefused(t *testing.T) {
	if err := noArguments(nil); err != nil {
		t.Errorf("expected no error without arguments, got %v", err)
	}
	err := noArguments([]string{"-h"})
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "usage: go run ./integration/demo") {
		t.Errorf("expected two lines of usage, got %v", err)
	}
}
