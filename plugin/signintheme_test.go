package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// A theme that would have no effect is refused: the visitors would see the stock
// pages, and nobody would be told why.
func TestThemesThatAreNotThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "style.css")
	if err := os.WriteFile(file, []byte("main { border-radius: 0 }"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, templates, want string }{
		{"a folder", dir, ""},
		{"no folder", filepath.Join(dir, "nope"), "templates: " + filepath.Join(dir, "nope") + ": no such folder; make it or correct the path"},
		{"a file", file, "templates: "},
	} {
		_, err := newPages(&config.Signin{Page: &config.Page{Templates: row.templates}}, new(config.UserPool))
		if (err == nil) != (row.want == "") || err != nil && (!strings.HasPrefix(err.Error(), row.want) || !strings.Contains(err.Error(), row.templates)) {
			t.Errorf("%s: expected %q, got %v", row.name, row.want, err)
		}
	}
}
