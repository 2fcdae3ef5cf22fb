package hosted_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The grant can be read, tested and changed without Caddy.
func TestTheGrantKnowsNeitherCaddyNorALogger(t *testing.T) {
	const own = "github.com/caddy-cognito/caddy-cognito/"
	out, err := exec.Command("go", "list", "-deps", own+"plugin/internal/hosted").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "golang.org/x/oauth2") {
		t.Fatal("expected the dependencies")
	}
	known := []string{own + "plugin/internal/hosted", own + "plugin/internal/loopback", own + "plugin/internal/signin", own + "verifier"}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, own) && !slices.Contains(known, dep)
		page := dep == "html/template" || strings.HasPrefix(dep, "go.uber.org/")
		if ours || page || strings.HasPrefix(dep, "github.com/caddyserver/") || dep == "testing" || strings.HasPrefix(dep, "testing/") {
			t.Errorf("expected no import of %s", dep)
		}
	}
}
