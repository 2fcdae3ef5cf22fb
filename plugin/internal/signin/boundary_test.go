package signin_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The protocol can be read, tested and changed without Caddy.
func TestTheProtocolKnowsNeitherCaddyNorALogger(t *testing.T) {
	const own = "github.com/caddy-cognito/caddy-cognito/"
	out, err := exec.Command("go", "list", "-deps", own+"plugin/internal/signin").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "crypto/hkdf") {
		t.Fatal("expected the dependencies")
	}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, own) && dep != own+"plugin/internal/signin" && dep != own+"verifier"
		page := dep == "html/template" || strings.HasPrefix(dep, "go.uber.org/")
		if ours || page || strings.HasPrefix(dep, "github.com/caddyserver/") || dep == "testing" || strings.HasPrefix(dep, "testing/") {
			t.Errorf("expected no import of %s", dep)
		}
	}
}
