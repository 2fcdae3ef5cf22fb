package hosted

import (
	"strings"
	"unicode"
)

// Bounds of text that is shown or logged, in characters.
const (
	maxText = 300 // a sentence or two
	maxName = 64  // an error code or a request ID
)

// plain makes foreign text fit to be shown, as package signin does: one line,
// bounded, without control characters and those that turn the direction of
// writing. The two joiners stay, some scripts need them.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText-1]) + "…"
	}
	return strings.TrimSpace(s)
}

// nameOf is s when it is a name as Cognito makes them, else "unnamed", so that no
// answer can write into a log what it likes.
func nameOf(s string) string {
	if s == "" || len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return "unnamed"
	}
	return s
}
