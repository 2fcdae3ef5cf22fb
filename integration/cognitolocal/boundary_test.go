package cognitolocal_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports keeps the double independent: of the product and its JOSE
// library, so that one mistake cannot hide in both, and of package testing, so
// that a demonstration can link it.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	noError(t, err)
	for _, dep := range strings.Fields(string(out)) {
		foreign := strings.HasPrefix(dep, "github.com/caddyserver/") || strings.HasPrefix(dep, "github.com/lestrrat-go/")
		ours := strings.HasPrefix(dep, "github.com/caddy-cognito/") && !strings.HasSuffix(dep, "/cognitolocal")
		if foreign || ours || dep == "testing" {
			t.Errorf("must not depend on %s", dep)
		}
	}
}
