package diagnose

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// MaxInput bounds what is read as a token, with everything around it.
const MaxInput = 64 << 10

// CleanToken takes off what comes along when a token is copied: white space, the
// name of the header, the scheme, quotes.
func CleanToken(input string) string {
	for {
		before := input
		input = strings.Trim(strings.TrimSpace(input), `"'`+"`")
		for _, word := range []string{"authorization:", "bearer "} {
			if len(input) >= len(word) && strings.EqualFold(input[:len(word)], word) {
				input = input[len(word):]
			}
		}
		if input == before {
			return input
		}
	}
}

// facts are what a token says of itself. Nobody has vouched for it.
type facts struct{ header, claims map[string]any }

// factsOf reads what can be read. The verifier is strict; this is not, so that a
// token which is refused can be described.
func factsOf(raw string) facts {
	header, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return facts{objectOf(header), objectOf(payload)}
}

func objectOf(encoded string) map[string]any {
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil {
		return nil
	}
	return object
}

// text is a claim that is a string.
func (f facts) text(name string) string {
	text, _ := f.claims[name].(string)
	return text
}

// time is a claim that is a time.
func (f facts) time(name string) (time.Time, bool) {
	number, ok := f.claims[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(string(number), 10, 64)
	return time.Unix(seconds, 0).UTC(), err == nil && seconds > -1<<40 && seconds < 1<<40
}

// shown are the claims that may be shown. Any other may be personal.
var shown = []string{"iss", "token_use", "client_id", "aud", "scope", "cognito:groups"}

// print writes what tells a token from others, and no more.
func (f facts) print(w io.Writer, now time.Time) {
	for _, name := range []string{"alg", "kid"} {
		if value, ok := f.header[name]; ok {
			fmt.Fprintf(w, "  %-14s  %s\n", name, plain(value))
		}
	}
	for _, name := range shown {
		if value, ok := f.claims[name]; ok {
			fmt.Fprintf(w, "  %-14s  %s\n", name, plain(value))
		}
	}
	for _, name := range []string{"auth_time", "iat", "nbf", "exp"} {
		if at, ok := f.time(name); ok {
			fmt.Fprintf(w, "  %-14s  %s, %s\n", name, at.Format(time.RFC3339), relative(at, now))
		}
	}
}

// maxShown bounds what is shown of a claim. Cognito's own are shorter, but for
// lists.
const maxShown = 200

// plain is a claim in one line that cannot change what a terminal shows.
func plain(value any) string {
	text, ok := value.(string)
	if list, isList := value.([]any); isList {
		members := make([]string, len(list))
		for i, member := range list {
			members[i] = plain(member)
		}
		text, ok = strings.Join(members, ", "), true
	}
	if !ok {
		return fmt.Sprintf("(%s)", kindOf(value))
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if looksSecret(text) {
		return "(not shown: it looks like a token)"
	}
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}

// looksSecret: a claim can hold a token, of a hostile issuer or by a trigger's
// mistake.
func looksSecret(text string) bool { return strings.Contains(text, "eyJ") }

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "an object"
}

// relative is a time as people say it.
func relative(at, now time.Time) string {
	if at.After(now) {
		return "in " + span(at.Sub(now))
	}
	return span(now.Sub(at)) + " ago"
}

// span is a duration in its two greatest units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, int(d/time.Second)%60)
	}
	return fmt.Sprintf("%ds", int(d/time.Second))
}
