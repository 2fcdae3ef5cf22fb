package page_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
)

var update = flag.Bool("update", false, "write the golden pages")

// inlined is the same on every page, and has tests of its own.
var inlined = regexp.MustCompile(`(?s)(<style>).*(</style>)|(<script>).*(</script>)`)

func TestGolden(t *testing.T) {
	everyState(t, func(t *testing.T, name string, _ page.View, html, policy string) {
		got := "<!-- " + policy + " -->\n" + inlined.ReplaceAllString(html, "$1$2$3$4")
		file := filepath.Join("testdata", "golden", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v: run go test -run TestGolden -update", err)
		}
		if got != string(want) {
			t.Errorf("expected the page of %s, got\n%s", file, difference(string(want), got))
		}
	})
}

// difference is the first line that differs.
func difference(want, got string) string {
	lines := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(lines) || lines[i] != line {
			return line
		}
	}
	return "nothing where there were more lines"
}

// A page that is no longer a state would go on passing for one.
func TestGoldenPagesAreAllStates(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.html"))
	if err != nil || len(files) == 0 {
		t.Fatal("expected golden pages")
	}
	all := states()
	for _, file := range files {
		if _, ok := all[strings.TrimSuffix(filepath.Base(file), ".html")]; !ok {
			t.Errorf("expected a state for %s", file)
		}
	}
}
