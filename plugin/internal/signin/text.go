package signin

import (
	"strings"
	"unicode"
)

// Bounds of text that is shown or logged, in characters.
const (
	maxText = 300 // a sentence or two
	maxName = 64  // a code or a challenge
)

// plain makes foreign text fit to be shown: one line, bounded, without control
// characters and without those that turn the direction of writing, by which a
// text can look like another. The two joiners stay, some scripts need them.
func plain(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit-1]) + "…"
	}
	return strings.TrimSpace(s)
}

// nameOf is s when it is a name as Cognito makes them, else "unnamed", so that no
// answer can write into a log what it likes.
func nameOf(s string) string {
	if s == "" || len(s) > maxName {
		return "unnamed"
	}
	for _, r := range s {
		if r != '_' && r != '-' && r != '.' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			return "unnamed"
		}
	}
	return s
}
