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
	open     error // of the first line that a later one has to mend
}

// judged judges the arguments just read, then parses the block that follows with
// a check for each line, and judges the whole at the end, unless placeholders
// defer that until it is loaded.
func judged(d *caddyfile.Dispenser, s settings, parse func(check func() error) error) error {
	at, j := here(d), &judge{d: d, settings: s}
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
	err := j.settings.ValidateSettings(false)
	if err == nil || j.open == nil {
		j.open = wrap(j.d, err)
	}
	return j.settings.ValidateSettings(true)
}
