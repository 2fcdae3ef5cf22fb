package integration_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/caddy-cognito/caddy-cognito"

// leaf knows nothing of anybody, so that everybody may know it.
const leaf = module + "/plugin/internal/loopback"

// TestImportsRunOneWay holds the layout: who may know whom.
func TestImportsRunOneWay(t *testing.T) {
	for _, row := range []struct {
		name, pkg string
		banned    []string
	}{
		{"the product does not import the test world", module, []string{module + "/integration"}},
		{"nothing imports MinIO, whose license would reach the product", module + "/integration/...", []string{"github.com/minio/minio"}},
		{"the product does not import test packages", module, []string{"testing", "net/http/httptest"}},
		{"the parser knows no module", module + "/caddyfile", []string{module + "/plugin", "github.com/caddyserver/caddy/v2/modules"}},
		{"the schema knows neither modules nor parser", module + "/plugin/config", []string{module + "/plugin", module + "/caddyfile", "github.com/caddyserver/caddy/v2/modules"}},
		{"the verifier knows neither Caddy nor its logger", module + "/verifier", []string{"github.com/caddyserver", "go.uber.org/zap"}},
		{"the credentials know neither Caddy nor its logger", module + "/credentials", []string{"github.com/caddyserver", "go.uber.org/zap", module}},
		{"what everybody knows knows nobody", leaf, []string{"github.com"}},
		{"the local pool knows nothing of the product", module + "/integration/cognitolocal", []string{module, "github.com/caddyserver", "github.com/lestrrat-go"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, dep := range dependencies(t, row.pkg) {
				if dep == row.pkg || dep == leaf || dep == module+"/plugin/config" && strings.HasSuffix(row.pkg, "/caddyfile") {
					continue
				}
				if slices.ContainsFunc(row.banned, func(banned string) bool { return dep == banned || strings.HasPrefix(dep, banned+"/") }) {
					t.Errorf("%s imports %s", row.pkg, dep)
				}
			}
		})
	}
}

func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	output, err := exec.Command("go", "list", "-deps", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(output))
}
