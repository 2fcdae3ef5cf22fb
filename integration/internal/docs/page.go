package docs

import (
	"fmt"
	"slices"
	"strings"
)

// page is one file.
type page struct {
	name    string // of the file and of its introduction
	title   string
	module  string // the type whose comment says what the module does
	syntax  string // the function whose comment holds the syntax
	matcher bool   // the directive takes a matcher
	config  string // the struct of the JSON
	// arguments say how a Caddyfile gives what no word of the block does, by JSON
	// key, with the block before it: `session client`.
	arguments map[string]string
	// others are the words that stand for keys of another name.
	others []string
	// twin finds what the example becomes in JSON.
	twin func(object map[string]any) bool
	// more is written at the end.
	more func(g *generator) (string, error)
}

// links are the types that have a page of their own.
var links = map[string]string{"UserPool": "user_pool", "IdentityPool": "identity_pool", "WebIdentity": "web_identity"}

// generator writes the pages of one tree.
type generator struct {
	root   string
	schema *source // plugin/config
	parse  *source // caddyfile
	module *source // plugin
}

func newGenerator(root string) (*generator, error) {
	g := &generator{root: root}
	for folder, target := range map[string]**source{"plugin/config": &g.schema, "caddyfile": &g.parse, "plugin": &g.module} {
		var err error
		if *target, err = readSource(root + "/" + folder); err != nil {
			return nil, err
		}
	}
	return g, nil
}

const generated = "<!-- Written by integration/internal/docs: change the doc comments, or the introduction there, and run its test with -update. -->\n\n"

func (g *generator) write(p page) (string, error) {
	intro, err := introduction(p.name)
	if err != nil {
		return "", err
	}
	parts := []string{generated + "# " + p.title, intro.text}
	if p.module != "" {
		text := commentOf(g.module.types[p.module])
		if text.prose == "" {
			return "", fmt.Errorf("%s: there is no comment on %s", p.name, p.module)
		}
		parts = append(parts, "## What it does", markdown(trimName(text.prose, p.module)))
	}
	syntax, err := g.syntaxOf(p)
	if err != nil {
		return "", err
	}
	parts = append(parts, syntax...)
	if p.twin != nil {
		twin, err := twinOf(intro.example, p.twin)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		parts = append(parts, "## The example in JSON", "This is what `caddy adapt` makes of the example above. Durations are nanoseconds there; in JSON of your own, `\"15m\"` does as well.", "```json\n"+twin+"\n```")
	}
	if p.more != nil {
		text, err := p.more(g)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "\n\n") + "\n", nil
}

// trimName makes a sentence without subject of one that starts with the name of a
// type in Go.
func trimName(text, name string) string {
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		return "It " + rest
	}
	return text
}

// syntaxOf is the syntax, and a table for each block of it.
func (g *generator) syntaxOf(p page) ([]string, error) {
	var parts []string
	found := make(words)
	if p.syntax != "" {
		text := commentOf(g.parse.funcs[p.syntax])
		if text.code == "" {
			return nil, fmt.Errorf("%s: there is no syntax on %s", p.name, p.syntax)
		}
		found = wordsOf(text.code)
		syntax := text.code
		if p.matcher {
			word, rest, _ := strings.Cut(syntax, " ")
			syntax = word + " [<matcher>] " + rest
		}
		parts = append(parts, "## Syntax", "```\n"+syntax+"\n```")
		if _, notes, ok := strings.Cut(strings.TrimSpace(text.prose), "\n\n"); ok {
			parts = append(parts, markdown(strings.TrimSpace(notes)))
		}
	}
	if p.config == "" {
		return parts, nil
	}
	tables, err := g.tables(p, found, "", p.config, "## Words")
	return append(parts, tables...), err
}

// tables is the table of a struct, and those of the structs in it.
func (g *generator) tables(p page, found words, block, typ, heading string) ([]string, error) {
	fields, err := g.schema.fields(typ)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	if unused := found.unused(block, append(keys, p.others...)); len(unused) > 0 {
		return nil, fmt.Errorf("%s: words without a key: %q", p.name, unused)
	}
	inCaddyfile := block == "" && p.syntax != "" || found[block] != nil
	var table strings.Builder
	if inCaddyfile {
		table.WriteString(heading + "\n\n| in the Caddyfile | JSON key | default | meaning |\n|---|---|---|---|\n")
	} else {
		table.WriteString(heading + "\n\n| JSON key | default | meaning |\n|---|---|---|\n")
	}
	var below []string
	for _, f := range fields {
		meaning, otherwise := meaningOf(f)
		if meaning == "" {
			return nil, fmt.Errorf("%s: %s.%s has no comment", p.name, typ, f.name)
		}
		if target := links[f.typ]; target != "" && f.typ != typ {
			meaning += " See [" + target + "](" + target + ".md)."
		}
		fmt.Fprint(&table, "| ")
		if inCaddyfile {
			word, err := p.wordOf(found, block, f.key)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&table, "%s | ", word)
		}
		fmt.Fprintf(&table, "%s | %s | %s |\n", code(f.key), cell(otherwise), cell(meaning))
		if g.schema.structs[f.typ] == nil || links[f.typ] != "" {
			continue
		}
		nested, heading := strings.TrimSpace(block+" "+f.key), "## Each member of `"+f.key+"` in JSON"
		if forms := found.of(block, f.key); slices.ContainsFunc(forms, func(form usage) bool { return form.block }) {
			heading = "## In the block `" + f.key + "`"
		} else {
			nested = "in JSON: " + nested
		}
		tables, err := g.tables(p, found, nested, f.typ, heading)
		if err != nil {
			return nil, err
		}
		below = append(below, tables...)
	}
	return append([]string{strings.TrimRight(table.String(), "\n")}, below...), nil
}

// saysOther reports whether a form of a word is a key of its own in JSON.
func (p page) saysOther(line string) bool {
	for _, said := range p.arguments {
		if said == "`"+line+"`" {
			return true
		}
	}
	return false
}

// wordOf is how a Caddyfile says what a key does.
func (p page) wordOf(found words, block, key string) (string, error) {
	var list []string
	for _, form := range found.of(block, key) {
		line := form.line
		if p.saysOther(line) {
			continue
		}
		if form.block {
			line += " { … }"
		}
		list = append(list, code(line))
	}
	if said := p.arguments[strings.TrimSpace(block+" "+key)]; said != "" {
		list = append(list, cell(said))
	}
	if len(list) == 0 {
		return "", fmt.Errorf("%s: nothing says how a Caddyfile sets %s %s", p.name, block, key)
	}
	return strings.Join(list, "<br>"), nil
}
