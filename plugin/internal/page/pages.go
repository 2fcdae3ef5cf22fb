package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Pages renders the pages of one sign-in. Its methods may be called concurrently.
type Pages struct {
	opts      Options
	languages []string
	texts     map[string]catalog
	style     inline
	script    inline
	templates templates
}

// New makes the pages of a theme. It reports all faults that it finds; those of
// templates are [TemplateError]s.
func New(opts Options) (*Pages, error) {
	p := &Pages{opts: opts.withDefaults(), script: newInline("script", passkeyScript)}
	if err := p.opts.check(); err != nil {
		return nil, err
	}
	var faults [4]error
	p.texts, faults[0] = loadTexts(opts.Overrides)
	p.languages, faults[1] = choose(p.texts, opts.Languages)
	p.style, faults[2] = newStyle(p.opts)
	p.templates, faults[3] = loadTemplates(opts.Overrides)
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	if err := errors.Join(p.checkSources(), p.rehearse()); err != nil {
		return nil, err
	}
	return p, nil
}

// Languages are the languages on offer, the default first.
func (p *Pages) Languages() []string { return slices.Clone(p.languages) }

// Render writes the page of a view. Nothing is written when it fails, which it
// does for a kind that there is not, and for a template of the overrides that
// cannot cope with the view.
func (p *Pages) Render(w io.Writer, v View) error {
	var page bytes.Buffer
	if err := p.render(&page, v); err != nil {
		return err
	}
	_, err := w.Write(page.Bytes())
	return err
}

func (p *Pages) render(page *bytes.Buffer, v View) error {
	model, err := p.compose(v)
	if err != nil {
		return err
	}
	set, name := p.templates.forPage(model.Kind, string(v.Kind), p.customName(v))
	if err := set.ExecuteTemplate(page, "layout.html", model); err != nil {
		return explain(name, err)
	}
	return nil
}

// checkSources looks for sources that are granted to nothing.
func (p *Pages) checkSources() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(p.opts.Custom.Sources)) {
		if file := customDir + name + ".html"; p.templates.byName[file] == nil {
			faults = append(faults, fmt.Errorf("sources of template %q: there is no %s in the overrides", name, file))
		}
	}
	return errors.Join(faults...)
}

// rehearse renders every page, since templates of a theme fail only when they are
// used.
func (p *Pages) rehearse() error {
	if p.opts.Overrides == nil {
		return nil
	}
	var faults []error
	seen := map[string]bool{} // what is wrong with the layout is wrong on every page
	for _, view := range p.samples() {
		var page bytes.Buffer
		if err := p.render(&page, view); err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// samples are views of every kind, with and without what they can have.
func (p *Pages) samples() []View {
	var views []View
	for kind := range composers {
		views = append(views, View{Kind: kind}, View{Kind: kind, Problem: Problem{Reason: "input", Detail: "username", Text: "No."}})
	}
	for name := range challenges {
		views = append(views, sampleChallenge(name), View{Kind: Challenge, Challenge: sampleChallenge(name).Challenge, Username: "jo"})
	}
	for _, name := range p.templates.custom() {
		view := sampleChallenge("CUSTOM_CHALLENGE")
		view.Challenge.Parameters = map[string]string{p.opts.Custom.Template: name}
		views = append(views, view)
	}
	return views
}
