package visitor_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What is said of visitors can be read, tested and changed without Caddy.
func TestTheVisitorKnowsNeitherCaddyNorALogger(t *testing.T) {
	const own = "github.com/caddy-cognito/caddy-cognito/"
	out, err := exec.Command("go", "list", "-deps", own+"plugin/internal/visitor").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "golang.org/x/time/rate") {
		t.Fatal("expected the dependencies")
	}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, own) && dep != own+"plugin/internal/visitor"
		if ours || strings.HasPrefix(dep, "go.uber.org/") || strings.HasPrefix(dep, "github.com/caddyserver/") || dep == "testing" {
			t.Errorf("expected no import of %s", dep)
		}
	}
}
