package page

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed templates/*.html
var ownTemplates embed.FS

// TemplateError is a fault in a file of the overrides.
type TemplateError struct {
	// Template is the name of the file, Line the line in it, 0 if none is to blame.
	Template string
	Line     int
	// Problem is what is wrong, Fix what to do.
	Problem, Fix string
}

// Error names all four.
func (e *TemplateError) Error() string {
	where := e.Template
	if e.Line > 0 {
		where += ":" + strconv.Itoa(e.Line)
	}
	return fmt.Sprintf("template %s: %s: %s", where, e.Problem, e.Fix)
}

// templates are the parsed templates. Each set has a layout.html; they differ in
// their main.html.
type templates struct {
	common *template.Template
	// byName are the sets with another main.html, by the name of its file.
	byName map[string]*template.Template
}

// parts are the templates that all pages share.
var parts = []string{"layout.html", "main.html", "problem.html", "form.html", "input.html", "setup.html", "passkey.html"}

const customDir = "custom/"

// Templates are the names of templates that overrides can have: the parts of all
// pages; the middle part (main.html) of a single kind of page, such as
// "sign_in.html", or of a challenge, such as "sms_mfa.html"; the templates of
// CUSTOM_CHALLENGE are besides these, as custom/<name>.html.
func (p *Pages) Templates() []string { return templateNames() }

func templateNames() []string {
	var names []string
	for kind := range composers {
		names = append(names, string(kind)+".html")
	}
	for challenge := range challenges {
		names = append(names, fileOf(challenge))
	}
	slices.Sort(names)
	return append(slices.Clone(parts), names...)
}

func fileOf(challenge string) string { return strings.ToLower(challenge) + ".html" }

func loadTemplates(overrides fs.FS) (templates, error) {
	own, err := readTemplates(ownTemplates, "templates/*.html")
	if err != nil {
		return templates{}, err
	}
	given := map[string]string{}
	if overrides != nil {
		if given, err = readTemplates(overrides, "*.html", customDir+"*.html"); err != nil {
			return templates{}, err
		}
	}
	if err := errors.Join(judge(given), strays(overrides)); err != nil {
		return templates{}, err
	}
	return parseTemplates(own, given)
}

// strays finds stylesheets and texts that would have no effect where they are. Other
// files may be there for whatever the operator wants.
func strays(overrides fs.FS) error {
	if overrides == nil {
		return nil
	}
	entries, err := fs.ReadDir(overrides, ".")
	if err != nil {
		return err
	}
	var faults []error
	for _, entry := range entries {
		name := entry.Name()
		language, isText := strings.CutSuffix(name, ".json")
		switch {
		case path.Ext(name) == ".css" && name != styleFile:
			faults = append(faults, &TemplateError{Template: name, Problem: "no page has this stylesheet", Fix: "name it " + styleFile + ", or remove it"})
		case isText && languageTag.MatchString(language):
			faults = append(faults, &TemplateError{Template: name, Problem: "texts are not read from here", Fix: "move it to text/" + name})
		}
	}
	return errors.Join(faults...)
}

// readTemplates reads files; those of the folder "templates" lose it.
func readTemplates(from fs.FS, patterns ...string) (map[string]string, error) {
	files := map[string]string{}
	for _, pattern := range patterns {
		names, err := fs.Glob(from, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return nil, err
			}
			files[strings.TrimPrefix(name, "templates/")] = string(data)
		}
	}
	return files, nil
}

// judge looks for files that would have no effect and for what the policy would
// block without a word.
func judge(given map[string]string) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !strings.HasPrefix(name, customDir) && !slices.Contains(templateNames(), name) {
			faults = append(faults, &TemplateError{Template: name, Problem: "there is no page of that name", Fix: "expected one of " + strings.Join(templateNames(), ", ")})
		}
		faults = append(faults, blocked(name, given[name])...)
	}
	return errors.Join(faults...)
}

func parseTemplates(own, given map[string]string) (templates, error) {
	set := templates{common: template.New("pages"), byName: map[string]*template.Template{}}
	var faults []error
	for _, name := range parts {
		source, ok := given[name]
		if !ok {
			source = own[name]
		}
		_, err := set.common.New(name).Parse(source)
		faults = append(faults, explain(name, err))
	}
	if err := errors.Join(faults...); err != nil {
		return set, err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(parts, name) {
			faults = append(faults, set.add(name, given[name]))
		}
	}
	return set, errors.Join(faults...)
}

// add makes a set whose main.html is the given one.
func (t templates) add(name, source string) error {
	// Parsed under its own name, which errors then have.
	parsed, err := template.New(name).Parse(source)
	if err != nil {
		return explain(name, err)
	}
	set, err := t.common.Clone()
	if err != nil {
		return err
	}
	for _, one := range parsed.Templates() {
		under := one.Name()
		if under == name {
			under = "main.html"
		}
		if _, err := set.AddParseTree(under, one.Tree); err != nil {
			return explain(name, err)
		}
	}
	t.byName[name] = set
	return nil
}

// forPage is the most exact set for a page, and the name that errors give it.
func (t templates) forPage(page, kind, custom string) (*template.Template, string) {
	for _, name := range []string{customDir + custom + ".html", fileOf(page), kind + ".html"} {
		if set := t.byName[name]; set != nil {
			return set, name
		}
	}
	return t.common, "main.html"
}

// custom are the names of the templates of CUSTOM_CHALLENGE.
func (t templates) custom() []string {
	var names []string
	for file := range t.byName {
		if strings.HasPrefix(file, customDir) {
			names = append(names, strings.TrimSuffix(path.Base(file), ".html"))
		}
	}
	slices.Sort(names)
	return names
}

// customName is the template that a custom challenge asks for, if there is one of
// that name.
func (p *Pages) customName(v View) string {
	if v.Kind != Challenge || v.Challenge.Name != "CUSTOM_CHALLENGE" {
		return ""
	}
	name := v.Challenge.Parameters[p.opts.Custom.Template]
	if p.templates.byName[customDir+name+".html"] == nil {
		return ""
	}
	return name
}

// complaint is how the template packages word an error: where, and what.
var complaint = regexp.MustCompile(`^(?:html/)?template: ?([^:\s]+):(\d+)(?::\d+)?: (?s:(.*))$`)

// explain makes a TemplateError of an error in a template.
func explain(name string, err error) error {
	if err == nil {
		return nil
	}
	fault := &TemplateError{Template: name, Problem: err.Error(), Fix: "see the fields of page.Page"}
	if found := complaint.FindStringSubmatch(err.Error()); found != nil {
		if found[1] != "main.html" { // which stands for the file by whose name it goes
			fault.Template = found[1]
		}
		fault.Line, _ = strconv.Atoi(found[2])
		fault.Problem = found[3]
	}
	fault.Fix = fixFor(fault.Problem)
	return fault
}

// fixes are what to do, by a word of what is wrong.
var fixes = []struct{ word, fix string }{
	{"unknown text", "see text/en.json for the keys, or add it to the text files"},
	{"can't evaluate field", "see page.Page for the fields there are"},
	{"function", "use the fields of page.Page and the functions of html/template"},
	{"no such template", "expected one of " + strings.Join(parts, ", ")},
	{"unexpected EOF", "close every {{if}}, {{range}}, {{with}} and {{define}} by {{end}}"},
	{"unclosed action", "close the action by }} on the same line"},
	{"ambiguous", "put the action between quotes, or out of the script or URL"},
	{"ends in a non-text context", "close every tag and quote that begins in the template"},
}

func fixFor(problem string) string {
	for _, fix := range fixes {
		if strings.Contains(problem, fix.word) {
			return fix.fix
		}
	}
	return "see html/template for what is possible"
}
