package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	const (
		passA  = `{"Action":"pass","Test":"TestA"}` + "\n"
		failA  = `{"Action":"fail","Test":"TestA"}` + "\n"
		failB  = `{"Action":"fail","Test":"TestB"}` + "\n"
		skipA  = `{"Action":"skip","Test":"TestA"}` + "\n"
		within = `{"Action":"fail","Test":"TestA/row"}` + "\n"
	)
	for _, row := range []struct {
		name, output, want string
	}{
		{"both tests fail", failA + failB, killed},
		{"one of two passes", passA + failB, survived},
		{"a test of the same name within another fails", within + failB, untested},
		{"a test is skipped", skipA + failB, untested},
		{"a test is not there", failB, untested},
		{"nothing at all", "", untested},
		{"the package fails without its tests", `{"Action":"fail"}`, untested},
		{"the mutant does not compile", `{"Action":"build-fail"}` + "\n" + failA + failB, unbuilt},
		{"a test panics", `{"Action":"output","Test":"TestA","Output":"panic: nil map"}` + "\n" + failA + failB, panicked},
		{"the process dies", `{"Action":"output","Output":"fatal error: all goroutines are asleep"}` + "\n" + failA + failB, panicked},
		{"a test hangs", `{"Action":"output","Test":"TestA","Output":"panic: test timed out after 1s"}` + "\n" + failA + failB, hung},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := readOutcome(strings.NewReader(row.output)).verdict([]string{"TestA", "TestB"}); got.what != row.want {
				t.Errorf("expected %q, got %q", row.want, got.what)
			}
		})
	}
}

// The command itself: what is a check less is killed, and what is not survives,
// whether it is built with the others or alone.
func TestJudge(t *testing.T) {
	r, err := newRunner(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	const file, from = "plugin/internal/visitor/navigation.go", `return mode == "navigate" &&`
	want := map[string]string{
		"a check less": killed, "another spelling": survived, "no Go": unbuilt, "a name that is not there": unbuilt,
		"a check less in a method": killed, "a variable": survived, "an end": panicked,
	}
	navigates := unit("TestNobodyLooksAtTheAnswer")
	mutants := []mutant{
		{"a check less", without(file, from, `return mode != "" &&`), navigates},
		{"another spelling", without(file, from, `return "navigate" == mode &&`), navigates},
		{"no Go", without(file, from, `return mode ==== "navigate" &&`), navigates},
		{"a name that is not there", without(file, from, `return modes == "navigate" &&`), navigates},
		{"a check less in a method", without(targetGo, ` && !t.isOwn(parts)`, ``), unit("TestUsersAreNotLedElsewhere")},
		{"a variable", without(targetGo, `const maxReadings = 5`, `const maxReadings = 6`), unit("TestUsersAreNotLedElsewhere")},
		{"an end", without(file, from, `return mode[1000] == 0 &&`), navigates},
	}
	for i := range mutants {
		mutants[i].tests.pkg = "./plugin/internal/visitor"
	}
	err = r.judgeAll(context.Background(), mutants, func(m mutant, v verdict) {
		if v.what != want[m.gain] {
			t.Errorf("%s: expected %q, got %q, %q", m.gain, want[m.gain], v.what, v.why)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
