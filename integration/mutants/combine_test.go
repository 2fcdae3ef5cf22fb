package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const original = `package p

// a comment
func plain(a, b int, _ string) (sum int, err error) { return a + b, nil }

func silent(...string) {}

func generic[T any](list ...T) []T { return list }

type s struct{}

func (*s) method(s) bool { return true }

var variable = 1
`

// combineFile adds mutants of one file, which may be refused.
func combineFile(t *testing.T, changes ...edit) (string, []error) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(original), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCombination(root)
	var errs []error
	for id, e := range changes {
		errs = append(errs, c.add(id, mutant{e.to, without("p.go", e.from, e.to), unit("TestP")}))
	}
	return c.texts()["p.go"], errs
}

func TestEveryVersionOfAFunctionIsThere(t *testing.T) {
	got, errs := combineFile(t, edit{"", "a + b", "a - b"}, edit{"", "a + b", "a * b"}, edit{"", "string) {}", "string) { _ = 1 }"},
		edit{"", "return list", "return nil"}, edit{"", "return true", "return false"})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"// a comment\nfunc plain__0(a, b int, _ string) (sum int, err error) { return a + b, nil }",
		"//line mutant0.go:1\nfunc plain__0(", "//line mutant1.go:1\nfunc plain__1(a, b int, _ string) (sum int, err error) { return a * b, nil }",
		"func plain(a int, b int, parameter2 string) (int, error) {", "\tcase \"1\":\n\t\treturn plain__1(a, b, parameter2)", "\treturn plain__0(a, b, parameter2)\n}",
		"func silent(parameter0 ...string) {", "silent__2(parameter0...); return",
		"func generic[T any](list ...T) []T {", "return generic__3(list...)",
		"func (receiver0 *s) method(parameter0 s) bool {", "return receiver0.method__4(parameter0)", "func (*s) method__4(s) bool { return false }",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("expected %s in\n%s", want, got)
		}
	}
}

func TestWhatIsBuiltAlone(t *testing.T) {
	_, errs := combineFile(t, edit{"", "var variable = 1", "var variable = 2"}, edit{"", "return true", "return true }\nfunc more() {"},
		edit{"", "type s struct{}", "type s int"}, edit{"", "func silent(", "func loud("}, edit{"", "return true", "return ==="})
	for i, err := range errs {
		if !errors.Is(err, errAlone) {
			t.Errorf("mutant %d: expected it to be refused, got %v", i, err)
		}
	}
}
