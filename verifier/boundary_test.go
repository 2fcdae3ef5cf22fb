package verifier_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The library can be used without Caddy, and carries no test code into programs.
func TestTheLibraryKnowsNeitherCaddyNorALogger(t *testing.T) {
	const own = "github.com/caddy-cognito/caddy-cognito/"
	out, err := exec.Command("go", "list", "-deps", own+"verifier").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "crypto/rsa") {
		t.Fatal("expected the dependencies")
	}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, own) && dep != own+"verifier"
		logger := dep == "log/slog" || strings.HasPrefix(dep, "go.uber.org/")
		if ours || logger || strings.HasPrefix(dep, "github.com/caddyserver/") || dep == "testing" || strings.HasPrefix(dep, "testing/") {
			t.Errorf("expected no import of %s", dep)
		}
	}
}
