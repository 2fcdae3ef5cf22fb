package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What becomes of a mutant. All but killed are faults: of a test, or of the list.
const (
	killed   = "killed"
	survived = "SURVIVED"
	unbuilt  = "DOES NOT COMPILE"
	panicked = "PANICS" // which is no assertion: the next change may take it away
	hung     = "HANGS"
	untested = "DOES NOT RUN"
	failing  = "FAILS ANYWAY"
)

type verdict struct {
	what, why string
	took      time.Duration
}

// runner runs tests with broken files in place of those of the tree.
type runner struct {
	root  string // of the workspace
	work  string // for the broken files
	limit time.Duration
}

func newRunner(limit time.Duration) (*runner, error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "mutants")
	return &runner{root, work, limit}, err
}

func (r *runner) close() { _ = os.RemoveAll(r.work) }

// findRoot is the folder of the workspace, from wherever the command is started.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder != filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder, nil
		}
		folder = filepath.Dir(folder)
	}
	return "", errors.New("no go.work here or above")
}

// judgeAll breaks the checks, one after the other, and tells what became of each.
func (r *runner) judgeAll(ctx context.Context, chosen []mutant, tell func(mutant, verdict)) error {
	groups := make(map[string][]mutant)
	for _, m := range chosen {
		groups[m.tests.pkg] = append(groups[m.tests.pkg], m)
	}
	for _, pkg := range slices.Sorted(maps.Keys(groups)) {
		if err := r.judgeGroup(ctx, pkg, groups[pkg], tell); err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
	}
	return nil
}

// judgeGroup runs the tests of one package on all of its mutants.
func (r *runner) judgeGroup(ctx context.Context, pkg string, group []mutant, tell func(mutant, verdict)) error {
	binary, alone, err := r.build(ctx, pkg, group)
	if err != nil {
		return err
	}
	before, err := r.baseline(ctx, binary, pkg, group)
	if err != nil {
		return err
	}
	for id, m := range group {
		if !before.passes(m.tests.names) {
			tell(m, verdict{what: failing, why: before.why})
			continue
		}
		began := time.Now()
		var out *outcome
		if alone[id] {
			out, err = r.runAlone(ctx, m)
		} else {
			out, err = r.runTests(ctx, binary, m.tests, environmentKey+"="+strconv.Itoa(id))
		}
		if err != nil {
			return err
		}
		v := out.verdict(m.tests.names)
		v.took = time.Since(began)
		tell(m, v)
	}
	return nil
}

// build makes one binary of the mutants; those that do not fit in are to be built
// alone.
func (r *runner) build(ctx context.Context, pkg string, group []mutant) (binary string, alone map[int]bool, err error) {
	all := newCombination(r.root)
	alone = make(map[int]bool)
	for id, m := range group {
		if err := all.add(id, m); errors.Is(err, errAlone) {
			alone[id] = true
		} else if err != nil {
			return "", nil, fmt.Errorf("%s: %w", m.gain, err)
		}
	}
	binary = filepath.Join(r.work, strings.ReplaceAll(pkg, "/", "_")+".test")
	for {
		overlay, err := r.overlay(all.texts())
		if err != nil {
			return "", nil, err
		}
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay="+overlay, "-o", binary, pkg)
		cmd.Dir = r.root
		said, err := cmd.CombinedOutput()
		if err == nil {
			return binary, alone, nil
		}
		guilty := guiltyForm.FindAllSubmatch(said, -1)
		if len(guilty) == 0 {
			return "", nil, fmt.Errorf("%w: %s", err, said)
		}
		for _, found := range guilty { // alone, each says itself what is wrong
			id, _ := strconv.Atoi(string(found[1]))
			all.drop(id)
			alone[id] = true
		}
	}
}

var guiltyForm = regexp.MustCompile(`mutant(\d+)\.go:\d+`)

// baseline runs the tests as long as nothing is broken: one that fails anyway would
// kill everything.
func (r *runner) baseline(ctx context.Context, binary, pkg string, group []mutant) (*outcome, error) {
	all := tests{pkg: pkg}
	for _, m := range group {
		all.names = append(all.names, m.tests.names...)
	}
	slices.Sort(all.names)
	all.names = slices.Compact(all.names)
	return r.runTests(ctx, binary, all)
}

// runTests runs tests of a binary.
func (r *runner) runTests(ctx context.Context, binary string, t tests, environment ...string) (*outcome, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "test2json", binary,
		"-test.v=test2json", "-test.run="+t.pattern(), "-test.timeout="+r.limit.String())
	cmd.Dir = filepath.Join(r.root, t.pkg)
	cmd.Env = append(os.Environ(), environment...)
	return outcomeOf(ctx, cmd)
}

// runAlone builds a mutant by itself and runs its tests.
func (r *runner) runAlone(ctx context.Context, m mutant) (*outcome, error) {
	texts, err := m.apply(r.root)
	if err != nil {
		return nil, err
	}
	overlay, err := r.overlay(texts)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-vet=off", "-count=1", "-overlay="+overlay,
		"-run="+m.tests.pattern(), "-timeout="+r.limit.String(), m.tests.pkg)
	cmd.Dir = r.root
	return outcomeOf(ctx, cmd)
}

// overlay writes files and the document by which go build takes them for those of
// the tree.
func (r *runner) overlay(texts map[string]string) (path string, err error) {
	replace := make(map[string]string)
	for file, text := range texts {
		broken := filepath.Join(r.work, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(r.root, file)] = broken
	}
	document, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(r.work, "overlay.json")
	return path, os.WriteFile(path, document, 0o600)
}

// apply returns the broken files by their paths below root.
func (m mutant) apply(root string) (map[string]string, error) {
	texts := make(map[string]string)
	for _, e := range m.edits {
		text, ok := texts[e.file]
		if !ok {
			var err error
			if text, err = readFile(root, e.file); err != nil {
				return nil, err
			}
		}
		if n := strings.Count(text, e.from); n != 1 {
			return nil, fmt.Errorf("%s: expected this once, got it %d times:\n%s", e.file, n, e.from)
		}
		texts[e.file] = strings.Replace(text, e.from, e.to, 1)
	}
	return texts, nil
}

func readFile(root, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, name))
	return string(data), err
}

// outcome is what the tests say.
type outcome struct {
	ended  map[string]string // pass, fail or skip, by test
	broken bool              // the packages were not built
	panics string            // the first words of a panic
	why    string            // the first words of a failure
}

// outcomeOf runs tests. Only what keeps them from running is an error.
func outcomeOf(ctx context.Context, cmd *exec.Cmd) (*outcome, error) {
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	out := readOutcome(stdout)
	err = cmd.Wait()
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		err = nil // tests do
	}
	return out, err
}

// event is a line of go test -json.
type event struct{ Action, Test, Output string }

func readOutcome(r io.Reader) *outcome {
	out := &outcome{ended: make(map[string]string)}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			out.note(e)
		}
	}
	return out
}

func (o *outcome) note(e event) {
	words := strings.TrimSpace(e.Output)
	switch e.Action {
	case "build-fail":
		o.broken = true
	case "pass", "fail", "skip":
		if e.Test != "" {
			o.ended[e.Test] = e.Action
		}
	case "build-output":
		o.explain(words)
	case "output":
		if o.panics == "" && (strings.HasPrefix(words, "panic: ") || strings.HasPrefix(words, "fatal error: ")) {
			o.panics = words
		}
		if strings.Contains(words, "_test.go:") {
			o.explain(words)
		}
	}
}

func (o *outcome) explain(words string) {
	if o.why == "" && !strings.HasPrefix(words, "#") {
		o.why = fmt.Sprintf("%.200s", words)
	}
}

// passes reports whether all of the tests do.
func (o *outcome) passes(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return o.ended[name] != "pass" })
}

// verdict demands that each of the tests fails, by an assertion.
func (o *outcome) verdict(names []string) verdict {
	switch {
	case o.broken:
		return verdict{what: unbuilt, why: o.why}
	case strings.Contains(o.panics, "test timed out"):
		return verdict{what: hung, why: o.panics}
	case o.panics != "":
		return verdict{what: panicked, why: o.panics}
	}
	for _, name := range names {
		switch o.ended[name] {
		case "fail":
		case "pass":
			return verdict{what: survived, why: name + " passes"}
		default:
			return verdict{what: untested, why: name + " does not run"}
		}
	}
	return verdict{what: killed, why: o.why}
}
