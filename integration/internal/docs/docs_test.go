package docs_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/docs"
)

var update = flag.Bool("update", false, "rewrite caddyfile/docs")

const root = "../../.."

func TestPagesSayWhatTheCodeSays(t *testing.T) {
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range pages {
		path := filepath.Join(root, "caddyfile/docs", name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the code says (%v); go test ./integration/internal/docs -update rewrites it", path, err)
		}
	}
}

// The provider shares its settings with cognito_auth, but has no sessions and
// knows one status.
func TestTheProviderPromisesOnlyWhatItDoes(t *testing.T) {
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(pages["provider.md"]) {
		other := strings.Contains(line, "session") || strings.Contains(line, "403")
		if strings.HasPrefix(line, "|") && other && !strings.Contains(line, "`cognito_auth`") {
			t.Errorf("expected it to say that this is what cognito_auth does, got %s", line)
		}
	}
}

// byHand are the pages that are not made of the code.
var byHand = []string{"what-happens.md", "audit-log.md", "failures.md", "standards.md", "threat-model.md"}

// A page that nothing writes any more would go on saying what was.
func TestNoPageIsLeftOver(t *testing.T) {
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(root + "/caddyfile/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if _, ok := pages[name]; !ok && !slices.Contains(byHand, name) && !strings.HasPrefix(name, "migrate-from-") {
			t.Errorf("%s: expected it to be written from the code", name)
		}
	}
}
