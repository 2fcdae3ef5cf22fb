package caddyfile

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// settings are what a block becomes.
type settings interface {
	// ValidateSettings checks what is there, not whether something is missing,
	// nor values with placeholders. With more to come, it passes over what a
	// later line can mend, as insecure_http allows the URLs before it.
	ValidateSettings(more bool) error
	HasPlaceholder() bool
	Validate() error
}

// judge judges settings while they are read, so that each error stands at the
// line that caused it.
type judge struct {
	d        *caddyfile.Dispenser
	settings settings
	open     error            // what a later line has to mend
	seen     map[string]error // by its text, with the first line that brought it
}

// judged judges the arguments just read, then parses the block that follows with
// a check for each line, and judges the whole at the end, unless placeholders
// defer that until it is loaded.
func judged(d *caddyfile.Dispenser, s settings, parse func(check func() error) error) error {
	at, j := here(d), &judge{d: d, settings: s, seen: make(map[string]error)}
	if err := at.wrap(j.line()); err != nil {
		return err
	}
	if err := parse(j.line); err != nil {
		return err
	}
	if j.open != nil || s.HasPlaceholder() {
		return j.open
	}
	return at.wrap(s.Validate())
}

// line judges what was read so far, up to the line that was just read.
func (j *judge) line() error {
	j.open = j.placed(j.settings.ValidateSettings(false))
	return j.settings.ValidateSettings(true)
}

// placed is the error at the line that brought it. One with another text is
// another: what a line says, such as a duration that replaces a default, may fail
// to mend what was open and change what is wrong.
func (j *judge) placed(err error) error {
	if err == nil {
		return nil
	}
	if j.seen[err.Error()] == nil {
		j.seen[err.Error()] = wrap(j.d, err)
	}
	return j.seen[err.Error()]
}
