package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

//go:embed text/*.json
var ownTexts embed.FS

// languageTag is as much of a language tag as the name of a file needs.
var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// fallback is the language that has every text.
const fallback = "en"

// catalog are the texts of a language, by key.
type catalog map[string]string

// say fills in the placeholders of a text: pairs are names and values.
func (c catalog) say(key string, pairs ...string) string {
	text := c[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", c.isolate(pairs[i+1]))
	}
	return text
}

// isolate keeps a foreign value from turning the direction of the text around it.
func (c catalog) isolate(value string) string {
	mirrored := strings.ContainsFunc(value, func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
	})
	if mirrored != (c["language.dir"] == "rtl") {
		return "\u2068" + value + "\u2069"
	}
	return value
}

// loadTexts reads our texts and what the overrides change or add.
func loadTexts(overrides fs.FS) (map[string]catalog, error) {
	texts := make(map[string]catalog)
	faults := []error{readTexts(texts, ownTexts)}
	if overrides != nil {
		faults = append(faults, readTexts(texts, overrides))
	}
	for _, c := range texts {
		for key, text := range texts[fallback] {
			if _, ok := c[key]; !ok {
				c[key] = text
			}
		}
	}
	return texts, errors.Join(faults...)
}

func readTexts(texts map[string]catalog, from fs.FS) error {
	files, err := fs.Glob(from, "text/*.json")
	faults := []error{err}
	for _, name := range files {
		language := strings.TrimSuffix(path.Base(name), ".json")
		added, err := readCatalog(from, name)
		switch {
		case err != nil:
		case !languageTag.MatchString(language):
			err = &TemplateError{Template: name, Problem: "its name is no language", Fix: "name it like text/ar.json or text/pt-BR.json"}
		case texts[fallback] != nil:
			err = added.check(name, texts[fallback])
		}
		if texts[language] == nil {
			texts[language] = catalog{"language.name": language}
		}
		maps.Copy(texts[language], added)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func readCatalog(from fs.FS, name string) (catalog, error) {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	var c catalog
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, &TemplateError{Template: name, Line: lineOf(data, err), Problem: err.Error(), Fix: "the file must be one JSON object of texts"}
	}
	return c, nil
}

// lineOf is the line at which reading JSON failed.
func lineOf(data []byte, err error) int {
	offset := int64(len(data))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	}
	return 1 + strings.Count(string(data[:min(offset, int64(len(data)))]), "\n")
}

// check finds texts that nobody would ever see, and placeholders that nobody
// fills in. Labels of attributes are free.
func (c catalog) check(name string, english catalog) error {
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(c)) {
		original, known := english[key]
		switch {
		case strings.HasPrefix(key, "attribute."):
		case !known:
			faults = append(faults, &TemplateError{Template: name, Problem: fmt.Sprintf("unknown text %q", key), Fix: "see text/en.json for the keys"})
		case !slices.Equal(placeholders(original), placeholders(c[key])):
			faults = append(faults, &TemplateError{
				Template: name, Problem: fmt.Sprintf("text %q has the placeholders %v", key, placeholders(c[key])),
				Fix: fmt.Sprintf("use each of %v once", placeholders(original)),
			})
		}
	}
	if dir := c["language.dir"]; dir != "" && dir != "ltr" && dir != "rtl" {
		faults = append(faults, &TemplateError{Template: name, Problem: fmt.Sprintf("language.dir is %q", dir), Fix: "write ltr or rtl"})
	}
	return errors.Join(faults...)
}

// placeholders are the names in braces, sorted.
func placeholders(text string) []string {
	names := []string{}
	for _, part := range strings.Split(text, "{")[1:] {
		if name, _, ok := strings.Cut(part, "}"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// choose gives the languages to offer, in order.
func choose(texts map[string]catalog, wanted []string) ([]string, error) {
	known := slices.Sorted(maps.Keys(texts))
	if len(wanted) == 0 {
		rest := slices.DeleteFunc(known, func(language string) bool { return language == fallback })
		return append([]string{fallback}, rest...), nil
	}
	for i, language := range wanted {
		if texts[language] == nil || slices.Contains(wanted[:i], language) {
			return nil, fmt.Errorf("language %q: expected each of %s at most once; another needs a text/%s.json in the overrides", language, strings.Join(known, ", "), language)
		}
	}
	return wanted, nil
}

// Language is the language of a page: the explicit choice if there is such a
// language, else the best by an Accept-Language header field, else the default.
func (p *Pages) Language(explicit, acceptLanguage string) string {
	if slices.Contains(p.languages, explicit) {
		return explicit
	}
	best, rank := p.languages[0], 0.0
	for n, part := range strings.SplitN(acceptLanguage, ",", maxAccepted+1) {
		tag, weight := accepted(part)
		if language := p.match(tag); n < maxAccepted && weight > rank && language != "" {
			best, rank = language, weight
		}
	}
	return best
}

// maxAccepted bounds how many entries of Accept-Language are looked at. Browsers
// send a handful.
const maxAccepted = 20

// accepted takes one entry of Accept-Language apart. One that cannot be read has
// the weight 0.
func accepted(part string) (tag string, weight float64) {
	tag, params, weighted := strings.Cut(part, ";")
	weight = 1
	if weighted {
		q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		var err error
		if weight, err = strconv.ParseFloat(q, 64); !ok || err != nil || weight > 1 {
			weight = 0
		}
	}
	return strings.ToLower(strings.TrimSpace(tag)), weight
}

// match finds the language of a tag such as de-AT, also by the shorter tags before
// its hyphens. Whatever will do ("*") is the default.
func (p *Pages) match(tag string) string {
	if tag == "*" {
		return p.languages[0]
	}
	for tag != "" {
		for _, language := range p.languages {
			if strings.ToLower(language) == tag {
				return language
			}
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
	}
	return ""
}
