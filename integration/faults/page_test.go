package faults_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the page")

const page = "../../caddyfile/docs/failures.md"

const introduction = `<!-- Written by integration/faults: change the rows there, and run its test with -update. -->

# When something fails

What users see while something fails. Each row is played by ` + "`go test ./integration/faults`" + `, with people and programs at work all the time: API
calls with tokens, sessions in browsers, downloads from and uploads to a private bucket, sign-ins and sign-outs, public pages, forged tokens. Tokens
of sessions and credentials live for seconds there, so that their end comes while something fails; with yours it may not. Keys are
fetched every second, and at once for a token with an unknown key; with the default ` + "`cooldown`" + ` of 10 seconds, a token of a key that is newer than the
last fetch gets 401 ` + "`unknown_key`" + ` for so long.

In every row, all the time:

- nobody loses a session, or is sent to sign in, who did not sign out;
- a session that was signed out is never of use again, at any instance, also after a crash;
- forged tokens are refused, and nobody gets what is another user's;
- what is not named in a row goes on as if nothing were;
- an upload that was answered with 200 is in the bucket;
- every 503 says ` + "`Retry-After`" + `, unless it is the application's, and no log holds a token, a cookie, a secret or a password;
- everybody is served again within %.0f seconds of the end.

The words after a status are reasons: see [what happens when](what-happens.md).
`

func TestPageSaysWhatTheRowsSay(t *testing.T) {
	want := pageOf(lanes())
	if *update {
		check(t, os.WriteFile(page, []byte(want), 0o644))
	}
	got, err := os.ReadFile(page)
	check(t, err)
	if string(got) != want {
		t.Errorf("%s is not what the rows say; go test ./integration/faults -run Page -update rewrites it", page)
	}
}

func pageOf(all []lane) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, recovery.Seconds())
	heading := ""
	for _, l := range all {
		if l.heading != heading {
			heading = l.heading
			fmt.Fprintf(&b, "\n## %s\n\n| while | users see |\n|---|---|\n", heading)
		}
		for _, r := range l.rows {
			fmt.Fprintf(&b, "| %s | %s |\n", r.name, r.cell())
		}
	}
	return b.String()
}

// cell is what users see, in words.
func (r row) cell() string {
	var parts []string
	for _, k := range kinds {
		if text := r.sees[k].text(r.sees[bare].may); text != "" {
			parts = append(parts, string(k)+": "+text)
		}
	}
	if len(r.sees[bare].may) > 0 {
		parts = append(parts, "connections break as on routes without the plugin")
	}
	text := "nothing"
	if len(parts) > 0 {
		text = strings.Join(merged(parts), "; ")
	}
	if r.also != "" {
		text += ". " + r.also
	}
	return text
}

// merged puts those together who see the same.
func merged(parts []string) (all []string) {
	for _, part := range parts {
		who, what, ok := strings.Cut(part, ": ")
		i := slices.IndexFunc(all, func(other string) bool { return ok && strings.HasSuffix(other, ": "+what) })
		if i < 0 {
			all = append(all, part)
			continue
		}
		others := strings.TrimSuffix(all[i], ": "+what)
		all[i] = others + ", " + who + ": " + what
	}
	return all
}

// text is empty for those who are served. What happens to everybody is not said
// for each.
func (s sight) text(toAll []outcome) string {
	var must, may []string
	for _, o := range s.must {
		must = append(must, o.text())
	}
	for _, o := range s.may {
		if !slices.Contains(toAll, o) {
			may = append(may, o.text())
		}
	}
	text := strings.Join(must, ", then ")
	if len(may) > 0 {
		text = strings.TrimPrefix(text+", or ", ", or ") + strings.Join(may, " or ")
	}
	if text == string(served) {
		return ""
	}
	return text
}

func (o outcome) text() string {
	status, reason, ok := strings.Cut(string(o), " ")
	switch {
	case !ok || o == refused || o == cutOff:
		return string(o)
	case reason == "page":
		return "a page with " + status
	}
	return status + " `" + reason + "`"
}
