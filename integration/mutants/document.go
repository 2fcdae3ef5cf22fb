package main

import (
	"fmt"
	"path"
	"strings"
)

// documentPath is where the list is shown, below the root.
const documentPath = "caddyfile/docs/threat-model.md"

// The list stands between these lines of the document.
const (
	listBegins = "<!-- Written by integration/mutants: change the list there, and run its test with -update. -->"
	listEnds   = "<!-- The end of what is written. -->"
)

// withList is the document with the list in its place.
func withList(document string) (string, error) {
	before, rest, ok := strings.Cut(document, listBegins+"\n")
	_, after, ok2 := strings.Cut(rest, listEnds)
	if !ok || !ok2 {
		return "", fmt.Errorf("%s: expected the lines %q and %q", documentPath, listBegins, listEnds)
	}
	return before + listBegins + "\n" + list() + listEnds + after, nil
}

// list is all mutants in Markdown.
func list() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%d mutants.\n", len(allMutants()))
	for _, area := range areas {
		fmt.Fprintf(&out, "\n### %s\n\n| without the check, | which is in | caught by |\n|---|---|---|\n", area.name)
		for _, m := range area.mutants {
			fmt.Fprintf(&out, "| %s | %s | %s |\n", strings.ReplaceAll(m.gain, "|", `\|`), m.places(), m.catchers())
		}
	}
	out.WriteString("\n")
	return out.String()
}

// places are the files that are broken.
func (m mutant) places() string {
	var files []string
	for _, e := range m.edits {
		if name := "`" + e.file + "`"; len(files) == 0 || files[len(files)-1] != name {
			files = append(files, name)
		}
	}
	text := strings.Join(files, ", ")
	if len(m.edits) > 1 {
		text += fmt.Sprintf(", held %s", times(len(m.edits)))
	}
	return text
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// catchers are the tests, with their package where it is another.
func (m mutant) catchers() string {
	text := "`" + strings.Join(m.tests.names, "`, `") + "`"
	if pkg := m.tests.pkg; pkg != "" && pkg != "./"+path.Dir(m.edits[0].file) {
		text += " of `" + strings.TrimPrefix(pkg, "./") + "`"
	}
	return text
}

// anchor is what a link to the part of the list ends in.
func (a area) anchor() string {
	return "#" + strings.ToLower(strings.ReplaceAll(a.name, " ", "-"))
}
