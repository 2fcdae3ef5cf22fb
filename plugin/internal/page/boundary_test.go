package page_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The pages can be read, tested and changed without Caddy.
func TestThePagesKnowNeitherCaddyNorALogger(t *testing.T) {
	const own = "github.com/caddy-cognito/caddy-cognito/"
	out, err := exec.Command("go", "list", "-deps", own+"plugin/internal/page").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "html/template") {
		t.Fatal("expected the dependencies")
	}
	known := []string{own + "plugin/internal/page", own + "plugin/internal/loopback", own + "plugin/internal/signin", own + "verifier"}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, own) && !slices.Contains(known, dep)
		if ours || strings.HasPrefix(dep, "go.uber.org/") || strings.HasPrefix(dep, "github.com/caddyserver/") || dep == "testing" {
			t.Errorf("expected no import of %s", dep)
		}
	}
}
