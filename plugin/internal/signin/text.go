package signin

import (
	"strings"
	"unicode"
)

// MaxText bounds a sentence or two that are shown, in characters.
const MaxText = 300

// maxName bounds a code or a challenge.
const maxName = 64

// Plain makes foreign text fit to be shown: one line, bounded, without control
// characters and without those that turn the direction of writing, by which a
// text can look like another. The two joiners stay, some scripts need them.
func Plain(s string, limit int) string {
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

// NameOf is s when it is a name as Cognito makes them, else "unnamed", so that no
// answer can write into a log what it likes.
func NameOf(s string) string {
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
