package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// around is what a site shown alone refers to.
const around = `{
	cognito {
		user_pool main eu-west-1_AbCdEfGhI {
			client 1h57kf5cpq17m0eml12example
		}
		identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
			user_pool main
		}
		web_identity minio https://minio.internal:9000 {
			user_pool main
			role_arn arn:aws:iam::000000000000:role/any
		}
	}
}

`

// shown are the code blocks of a language in a text in Markdown.
func shown(text, language string) (blocks []string) {
	for {
		var found bool
		if _, text, found = strings.Cut(text, "\n```"+language+"\n"); !found {
			return blocks
		}
		var block string
		block, text, _ = strings.Cut(text, "```")
		blocks = append(blocks, block)
	}
}

// documents are the texts for users.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "caddyfile/docs/*.md"))
	check(t, err)
	texts := make(map[string]string)
	for _, path := range append(paths, filepath.Join(repository, "README.md")) {
		text, err := os.ReadFile(path)
		check(t, err)
		name, err := filepath.Rel(repository, path)
		check(t, err)
		texts[name] = string(text)
	}
	return texts
}

// Whatever Caddyfile is shown must work as it stands.
func TestShownCaddyfilesLoad(t *testing.T) {
	setPlaceholders(t)
	setExampleValues(t)
	t.Setenv("COGNITO_CLIENT_SECRET_NEXT", "51nextsecretexample")
	for name, text := range documents(t) {
		for i, block := range shown(text, "caddyfile") {
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				if want := string(caddyfile.Format([]byte(block))); block != want {
					t.Errorf("expected it as caddy fmt writes it,\n%s", want)
				}
				block = strings.ReplaceAll(block, "/var/log/caddy", t.TempDir()) // validating opens log files
				if !strings.HasPrefix(block, "{") {
					block = around + block
				}
				config, err := adapt(t, block)
				check(t, err)
				check(t, validate(t, config))
			})
		}
	}
	if n := len(shown(documents(t)["README.md"], "caddyfile")); n < 5 {
		t.Errorf("expected several Caddyfiles in README.md, got %d", n)
	}
}

// What is shown in JSON, as a whole, must load, too.
func TestShownConfigurationsLoad(t *testing.T) {
	for name, text := range documents(t) {
		for _, block := range shown(text, "json") {
			if !strings.Contains(block, `"apps"`) {
				continue
			}
			if err := validate(t, []byte(block)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Links between the pages lead somewhere.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	for name, text := range documents(t) {
		for _, part := range strings.Split(text, "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(repository, filepath.Dir(name), target)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
