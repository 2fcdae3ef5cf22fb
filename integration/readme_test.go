package integration_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// readme is read at once, since a local store changes the working directory.
var readme, errReadme = os.ReadFile("../README.md")

var caddyfileBlock = regexp.MustCompile("(?s)\n```caddyfile\n(.*?)```\n")

// readmePools are what those Caddyfiles need that show a part only.
const readmePools = `{
	cognito {
		user_pool main eu-west-1_AbCdEfGhI {
			client 1h57kf5cpq17m0eml12example
		}
		identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
			user_pool main
		}
	}
}

`

// TestReadmeCaddyfiles: what people copy loads.
func TestReadmeCaddyfiles(t *testing.T) {
	check(t, errReadme)
	t.Setenv("COGNITO_CLIENT_SECRET", "51secretexample")
	blocks := caddyfileBlock.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 5 {
		t.Fatalf("expected the Caddyfiles of the README, got %d", len(blocks))
	}
	for _, block := range blocks {
		text := block[1]
		first, _, _ := strings.Cut(text, "\n")
		if first != "{" {
			text = readmePools + text
		}
		config, err := adapt(t, text)
		if err == nil {
			err = validate(t, config)
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}
