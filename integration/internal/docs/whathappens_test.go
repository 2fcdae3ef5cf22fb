package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/docs"
)

func whatHappens(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "caddyfile/docs/what-happens.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sectionOf is the text below a heading.
func sectionOf(text, heading string) string {
	_, text, _ = strings.Cut(text, "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

var word = regexp.MustCompile("`([a-z_]+)`")

// reasonsIn are the words in the column of reasons of the tables in a section.
func reasonsIn(section string) (found []string) {
	column := -1
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) < 3:
			column = -1
		case column < 0:
			column = slices.Index(cells, " reason ")
			if column < 0 {
				column = len(cells) // a table without
			}
		case column < len(cells):
			for _, match := range word.FindAllStringSubmatch(cells[column], -1) {
				found = append(found, match[1])
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestEveryReasonIsExplained(t *testing.T) {
	known, err := docs.ReadReasons(root)
	if err != nil {
		t.Fatal(err)
	}
	text := whatHappens(t)
	for heading, want := range map[string][]string{"Requests": known.Requests, "Sign-in": known.SignIn, "Sessions": known.Refreshes} {
		if got := reasonsIn(sectionOf(text, heading)); !slices.Equal(got, want) {
			t.Errorf("%s: expected the reasons\n%q, got\n%q", heading, want, got)
		}
	}
}

func TestEveryLogLineIsExplained(t *testing.T) {
	messages, err := docs.Messages(root)
	if err != nil {
		t.Fatal(err)
	}
	text := whatHappens(t)
	for _, message := range messages {
		if !strings.Contains(text, "`"+strings.TrimRight(message, ":; ")) && !strings.Contains(text, "`"+beforeHint(message)+"`") {
			t.Errorf("expected what-happens.md to explain the log line %q", message)
		}
	}
}

// beforeHint is a message without what it advises.
func beforeHint(message string) string {
	message, _, _ = strings.Cut(message, ";")
	return message
}

var quotedLine = regexp.MustCompile("(?:DEBUG|INFO|WARN|ERROR) `([^`]+)`")

// What is explained must exist: people search their logs for it.
func TestEveryExplainedLogLineIsLogged(t *testing.T) {
	messages, err := docs.Messages(root)
	if err != nil {
		t.Fatal(err)
	}
	messages = append(messages, "credentials were refused; if all users are, check the roles and their trust policies, and that the exchange knows the user pool and the app client",
		"cannot fetch token keys; known keys are used meanwhile", "cannot fetch token keys; requests with tokens of this issuer get status 503")
	for _, match := range quotedLine.FindAllStringSubmatch(whatHappens(t), -1) {
		if !slices.ContainsFunc(messages, func(message string) bool { return strings.HasPrefix(message, match[1]) }) {
			t.Errorf("expected the log line %q somewhere in the code", match[1])
		}
	}
}
