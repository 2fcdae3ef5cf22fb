package main

import (
	"flag"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the list in "+documentPath)

func rootOf(t *testing.T) string {
	t.Helper()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// A check that moved, or was written anew, needs its mutant anew.
func TestEveryMutantCanBeMade(t *testing.T) {
	root := rootOf(t)
	for _, m := range allMutants() {
		broken, err := m.apply(root)
		if err != nil {
			t.Errorf("%s: %v", m.gain, err)
		}
		for file, text := range broken {
			if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: expected Go, got %v", m.gain, err)
			}
		}
	}
}

func TestEveryMutantIsListedOnce(t *testing.T) {
	gains, broken := make(map[string]bool), make(map[string]string)
	for _, m := range allMutants() {
		if gains[m.gain] {
			t.Errorf("%q stands there twice", m.gain)
		}
		gains[m.gain] = true
		var key string
		for _, e := range m.edits {
			if e.from == e.to {
				t.Errorf("%s: expected something to be broken in %s", m.gain, e.file)
			}
			key += e.file + e.from + "\x00" + e.to
		}
		if before, ok := broken[key]; ok {
			t.Errorf("%q breaks the same as %q", m.gain, before)
		}
		broken[key] = m.gain
	}
}

var testForm = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

func TestTheTestsOfMutantsAreThere(t *testing.T) {
	root, known := rootOf(t), make(map[string][]string)
	for _, m := range allMutants() {
		pkg := m.tests.pkg
		if known[pkg] == nil {
			known[pkg] = testsIn(t, filepath.Join(root, pkg))
		}
		for _, name := range m.tests.names {
			if !slices.Contains(known[pkg], name) {
				t.Errorf("%s: %s has no test %s", m.gain, pkg, name)
			}
		}
		if len(m.tests.names) == 0 {
			t.Errorf("%s: expected a test", m.gain)
		}
	}
}

func testsIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range testForm.FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
	}
	return names
}

func TestTheThreatModelHasTheList(t *testing.T) {
	path := filepath.Join(rootOf(t), documentPath)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := withList(string(got))
	switch {
	case err != nil:
		t.Fatal(err)
	case *update:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case string(got) != want:
		t.Errorf("%s has not the list as it is; go test ./integration/mutants -update writes it", documentPath)
	}
}

// Each part of the list holds a defence against some threat.
func TestEveryPartOfTheListIsNamedByAThreat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(rootOf(t), documentPath))
	if err != nil {
		t.Fatal(err)
	}
	threats, _, _ := strings.Cut(string(text), listBegins)
	anchors := regexp.MustCompile(`\((#[a-z-]+)\)`).FindAllStringSubmatch(threats, -1)
	for _, area := range areas {
		if !slices.ContainsFunc(anchors, func(found []string) bool { return found[1] == area.anchor() }) {
			t.Errorf("no threat names %s, %s", area.name, area.anchor())
		}
	}
	for _, found := range anchors {
		if !slices.ContainsFunc(areas, func(a area) bool { return a.anchor() == found[1] }) {
			t.Errorf("a link leads to %s, which no part of the list has", found[1])
		}
	}
}

func TestTheSampleIsQuickAndAlwaysTheSame(t *testing.T) {
	all := allMutants()
	got := sample(all, 8)
	if len(got) != 8 {
		t.Fatalf("expected 8 mutants, got %d", len(got))
	}
	for i, again := range sample(all, 8) {
		if again.gain != got[i].gain || again.tests.slow() {
			t.Errorf("expected %q again, and without Caddy, got %q", got[i].gain, again.gain)
		}
	}
	if got := sample(all, len(all)+1); len(got) == 0 || len(got) >= len(all) {
		t.Errorf("expected all that are quick, got %d of %d", len(got), len(all))
	}
}
