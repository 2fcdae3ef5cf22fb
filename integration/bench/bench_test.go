package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestReadAnswer(t *testing.T) {
	for _, row := range []struct {
		name, wire string
		want       answer
	}{
		{"with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", answer{200, []byte("hello"), false}},
		{"with names in lower case", "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: Close\r\n\r\nno", answer{403, []byte("no"), true}},
		{"in chunks", "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", answer{401, []byte("no!"), false}},
		{"without a body", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", answer{401, nil, false}},
	} {
		r := bufio.NewReaderSize(strings.NewReader(row.wire+"HTTP/1.1 204 next\r\nContent-Length: 0\r\n\r\n"), answerSize)
		got, err := readAnswer(r)
		if err != nil || got.status != row.want.status || string(got.body) != string(row.want.body) || got.closes != row.want.closes {
			t.Errorf("%s: expected %+v, got %+v, %v", row.name, row.want, got, err)
		}
		if next, err := readAnswer(r); err != nil || next.status != 204 {
			t.Errorf("%s: expected the next answer behind it, got %+v, %v", row.name, next, err)
		}
	}
}

func TestReadAnswerRefuses(t *testing.T) {
	for name, wire := range map[string]string{
		"nothing":            "",
		"rubbish":            "hello\r\n\r\n",
		"a status of words":  "HTTP/1.1 two OK\r\n\r\n",
		"a length of words":  "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
		"a body cut short":   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"a header cut short": "HTTP/1.1 200 OK\r\nContent-Le",
		"chunks cut short":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	} {
		if got, err := readAnswer(bufio.NewReaderSize(strings.NewReader(wire), answerSize)); err == nil {
			t.Errorf("%s: expected an error, got %+v", name, got)
		}
	}
}

func TestAnswersThatLookFastAreNone(t *testing.T) {
	hello := page("hello")
	for _, row := range []struct {
		name   string
		want   page
		answer answer
		ok     bool
	}{
		{"the page", hello, answer{status: 200, body: hello}, true},
		{"a refusal", refusal, answer{status: 401}, true},
		{"another refusal", refusal, answer{status: 403}, true},
		{"a refusal for the page", hello, answer{status: 401, body: hello}, false},
		{"another page", hello, answer{status: 200, body: page("sign in")}, false},
		{"an empty page", hello, answer{status: 200}, false},
		{"the page for a refusal", refusal, answer{status: 200, body: hello}, false},
		{"a redirect for a refusal", refusal, answer{status: 302}, false},
		{"a failure for a refusal", refusal, answer{status: 502}, false},
	} {
		if err := row.want.check(row.answer); (err == nil) != row.ok {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}

func TestLoadChecksEveryAnswer(t *testing.T) {
	upstream, err := serve(okAnswer(smallPage))
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	l, p := new(lab), &process{site: site{address: upstream.Addr().String()}, cmd: &exec.Cmd{Process: self}}
	lines := []string{"A: 1", "A: 2", "A: 3"}
	got, err := l.load(p, &source{lines: lines, once: true}, page(smallPage), 2, time.Minute)
	if err != nil || got.requests != len(lines) {
		t.Errorf("expected a request for each line, got %+v, %v", got, err)
	}
	for name, want := range map[string]page{"another page": page("other"), "a refusal": refusal} {
		if got, err := l.load(p, &source{lines: lines, once: true}, want, 2, time.Minute); err == nil {
			t.Errorf("%s: expected an error, got %+v", name, got)
		}
	}
}

func TestUpstreamsTellWhatTheySaw(t *testing.T) {
	upstream, err := serve(okAnswer(smallPage))
	if err != nil {
		t.Fatal(err)
	}
	defer upstream.Close()
	for path, want := range map[string]bool{seenPath: true, "/bucket" + seenPath: true, measuredPath: false} {
		got, err := ask(upstream.Addr().String(), path, "X-User: jo")
		if err != nil || strings.Contains(string(got.body), "X-User: jo\r\n") != want {
			t.Errorf("%s: expected the header lines %t, got %q, %v", path, want, got.body, err)
		}
	}
}

// costing are the costs of one pair, in microseconds of processor time.
func costing(without, with float64) costs {
	return costs{without: []sample{{cpu: without}}, with: []sample{{cpu: with}}}
}

func TestPromises(t *testing.T) {
	limited := func(most float64) row { return row{atMost: most} }
	for _, row := range []struct {
		name  string
		short bool
		most  float64
		costs costs
		ok    bool
	}{
		{"within", true, 2, costing(50, 90), true},
		{"beyond", true, 2, costing(50, 110), false},
		{"beyond, where nothing is promised", true, 0, costing(50, 110), true},
		{"beyond, in a run for figures", false, 2, costing(50, 110), true},
	} {
		l := &lab{settings: settings{short: row.short}}
		if err := l.promised(limited(row.most), row.costs); (err == nil) != row.ok {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}

func TestPromisesOfRefusals(t *testing.T) {
	l := &lab{settings: settings{short: true, pairs: 3, duration: time.Second}}
	kept := refusals{unknown: flood{costs: costing(50, 20), fetched: 2}, badSignature: flood{costs: costing(50, 50)}, expired: flood{costs: costing(50, 20)}}
	if err := l.promisedRefusals(kept); err != nil {
		t.Error(err)
	}
	for name, broken := range map[string]refusals{
		"fetches without end":      {unknown: flood{costs: costing(50, 20), fetched: 3}, badSignature: flood{costs: costing(50, 50)}, expired: flood{costs: costing(50, 20)}},
		"unknown keys cost much":   {unknown: flood{costs: costing(50, 80)}, badSignature: flood{costs: costing(50, 50)}, expired: flood{costs: costing(50, 20)}},
		"bad signatures cost much": {unknown: flood{costs: costing(50, 20)}, badSignature: flood{costs: costing(50, 80)}, expired: flood{costs: costing(50, 20)}},
		"expired ones cost much":   {unknown: flood{costs: costing(50, 20)}, badSignature: flood{costs: costing(50, 50)}, expired: flood{costs: costing(50, 80)}},
	} {
		if err := l.promisedRefusals(broken); err == nil {
			t.Errorf("%s: expected an error", name)
		}
	}
}

func TestMangledIsAnother(t *testing.T) {
	for _, line := range []string{strings.Repeat("A", 40), strings.Repeat("B", 40)} {
		if got := mangled(line); got == line || len(got) != len(line) {
			t.Errorf("expected another line of the same length than %s, got %s", line, got)
		}
	}
}

func TestRowsForTheReadme(t *testing.T) {
	c := costs{memory: [2]int{36 << 20, 120 << 20}}
	for i := range 3 {
		without := sample{perSecond: 20_000, cpu: 47.6, busy: 1, p50: 63, p99: 350}
		with := sample{perSecond: 19_000 - 1_000*float64(i), cpu: 49.9, busy: 1, p50: 65, p99: 400}
		c.without, c.with = append(c.without, without), append(c.with, with)
	}
	if got, want := c.String(), "20000 → 18000 | 0.90 (0.85–0.95) | 63 → 65 | 350 → 400 | 47.6 → 49.9 | +2.3 | 36 → 120 |"; got != want {
		t.Errorf("expected %s, got %s", want, got)
	}
	for i := range c.without {
		c.without[i].busy = 0.7
	}
	if got := c.String(); !strings.Contains(got, "≤ 0.90 (") {
		t.Errorf("expected the ratio to be a bound where the load was the limit, got %s", got)
	}
}
