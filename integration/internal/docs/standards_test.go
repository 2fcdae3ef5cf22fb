package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is a test in a document: its package, its function and perhaps a row.
var named = regexp.MustCompile("`([a-z0-9]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([^`]+))?`")

// testFiles are the texts of all tests by the names of their folders.
func testFiles(t *testing.T) map[string][]string {
	t.Helper()
	files := make(map[string][]string)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		folder, absErr := filepath.Abs(filepath.Dir(path))
		if absErr != nil {
			return absErr
		}
		files[filepath.Base(folder)] = append(files[filepath.Base(folder)], string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// hasTest reports whether one of the files has the test, and the words of its row.
func hasTest(files []string, function, row string) bool {
	for _, text := range files {
		if strings.Contains(text, "\nfunc "+function+"(") && strings.Contains(text, row) {
			return true
		}
	}
	return false
}

// TestStandardsNameTests: each row of the page says which test holds it, or why it
// does not apply, and the tests exist.
func TestStandardsNameTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "caddyfile/docs/standards.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := testFiles(t)
	found := named.FindAllStringSubmatch(string(text), -1)
	if len(found) < 90 {
		t.Errorf("expected the tests of three standards, got %d", len(found))
	}
	for _, name := range found {
		if !hasTest(files[name[1]], name[2], name[3]) {
			t.Errorf("there is no %s", name[0])
		}
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || !strings.HasPrefix(line, "| ") || cells[0] == "| §" {
			continue
		}
		rows++
		if !named.MatchString(cells[3]) && !strings.HasPrefix(cells[2], "Does not apply: ") {
			t.Errorf("expected a test or why there is none: %s", line)
		}
	}
	if rows < 47 {
		t.Errorf("expected a row for each section, got %d", rows)
	}
}
