package docs

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

//go:embed intro/*.md
var introductions embed.FS

// intro is a hand-written text, whose first Caddyfile is the example of its page.
type intro struct{ text, example string }

func introduction(name string) (intro, error) {
	text, err := introductions.ReadFile("intro/" + name + ".md")
	if err != nil {
		return intro{}, err
	}
	_, example, _ := strings.Cut(string(text), "```caddyfile\n")
	example, _, _ = strings.Cut(example, "```")
	return intro{strings.TrimSpace(string(text)), example}, nil
}

// twinOf adapts a Caddyfile and writes the first object of it that is wanted.
func twinOf(example string, wanted func(map[string]any) bool) (string, error) {
	if example == "" {
		return "", errors.New("the introduction has no example")
	}
	document, err := edge.Adapt(example)
	if err != nil {
		return "", fmt.Errorf("the example: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.UseNumber() // or long durations become floats
	var all any
	if err := decoder.Decode(&all); err != nil {
		return "", err
	}
	object := find(all, wanted)
	if object == nil {
		return "", errors.New("the example has nothing of what the page is about")
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(object)
	return strings.TrimSpace(out.String()), err
}

// find goes through a document, members of objects by their names.
func find(value any, wanted func(map[string]any) bool) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		if wanted(value) {
			return value
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if found := find(value[key], wanted); found != nil {
				return found
			}
		}
	case []any:
		for _, member := range value {
			if found := find(member, wanted); found != nil {
				return found
			}
		}
	}
	return nil
}

// has finds an object by the value of a key; "" is any.
func has(key, value string) func(map[string]any) bool {
	return func(object map[string]any) bool {
		found, ok := object[key]
		return ok && (value == "" || found == value)
	}
}
