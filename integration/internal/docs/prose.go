package docs

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentences splits a doc comment. A full stop ends one before a capital letter, a
// backtick or the end.
func sentences(text string) (list []string) {
	text = strings.Join(strings.Fields(text), " ")
	begin := 0
	for i := 0; i+2 < len(text); i++ {
		next, _ := utf8.DecodeRuneInString(text[i+2:])
		if text[i] == '.' && text[i+1] == ' ' && (unicode.IsUpper(next) || next == '`') {
			list, begin = append(list, text[begin:i+1]), i+2
		}
	}
	return append(list, text[begin:])
}

var defaultSentence = regexp.MustCompile(`^Default(?::| in)? ?(.*)\.$`)

// meaningOf splits the doc comment of a field into its default and the rest,
// without the name of the field in Go.
func meaningOf(f field) (meaning, otherwise string) {
	var rest []string
	for _, sentence := range sentences(f.doc) {
		before, after, found := strings.Cut(sentence, "; default ")
		switch {
		case found:
			rest, otherwise = append(rest, before+"."), strings.TrimSuffix(after, ".")
		case strings.HasPrefix(sentence, "Default in "):
			otherwise = join(otherwise, strings.TrimSuffix(strings.TrimPrefix(sentence, "Default "), "."))
		case defaultSentence.MatchString(sentence):
			otherwise = join(otherwise, defaultSentence.FindStringSubmatch(sentence)[1])
		case sentence == "Required." || strings.HasPrefix(sentence, "Required, "):
			otherwise = join(otherwise, "required"+strings.TrimSuffix(strings.TrimPrefix(sentence, "Required"), "."))
		case otherwise != "" && strings.HasPrefix(sentence, "Elsewhere "):
			otherwise = join(otherwise, "e"+strings.TrimSuffix(strings.TrimPrefix(sentence, "E"), "."))
		default:
			rest = append(rest, sentence)
		}
	}
	if otherwise == "" && f.flag {
		otherwise = "off"
	}
	return withoutName(f.name, strings.Join(rest, " ")), otherwise
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// withoutName makes a line of a table of a comment that starts with a name.
func withoutName(name, text string) string {
	text = strings.TrimPrefix(text, name+" ")
	for _, verb := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, verb)
	}
	return text
}

// markdown makes paragraphs of a doc comment, which has backticks and lists as
// Markdown has them.
func markdown(text string) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, outsideCode(strings.Join(paragraph, "\n")))
		}
		paragraph = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch item, isItem := strings.CutPrefix(line, "  - "); {
		case line == "":
			flush()
		case isItem:
			paragraph = append(paragraph, "- "+item)
		case strings.HasPrefix(line, "    "):
			paragraph = append(paragraph, "  "+strings.TrimSpace(line))
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n\n")
}

// outsideCode keeps what stands between angle brackets from being taken for HTML.
func outsideCode(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], "<", "&lt;")
	}
	return strings.Join(parts, "`")
}

// cell is text in a table.
func cell(text string) string { return strings.ReplaceAll(outsideCode(text), "|", `\|`) }

// code is a literal in a table.
func code(text string) string { return cell("`" + text + "`") }
