package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/dustin/go-humanize/english"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
)

// validateURL accepts an empty value: nothing is configured.
func validateURL(key, value string, insecure bool) error {
	if value == "" {
		return nil
	}
	if err := withoutPassword(key, value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(value, "?#") || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%s: expected a URL that starts with https:// and has no query and no fragment, got %q", key, value)
	}
	if u.Scheme == "http" && !insecure && !loopback.Host(u.Hostname()) {
		return fmt.Errorf("%s: http is for this machine only, got %q; use https, or set insecure_http in a test network", key, value)
	}
	return nil
}

// withoutPassword does not show what may be one.
func withoutPassword(key, value string) error {
	if strings.Contains(value, "@") {
		return fmt.Errorf("%s: expected a URL without user and password", key)
	}
	return nil
}

// isObject tells an object from other JSON.
func isObject(document string) bool { return strings.HasPrefix(strings.TrimSpace(document), "{") }

func distinct(key string, values []string) error {
	for i, value := range values {
		if value == "" {
			return fmt.Errorf("%s: must not be empty", key)
		}
		if slices.Contains(values[:i], value) {
			return fmt.Errorf("%s: %q stands here twice; remove one of them", key, value)
		}
	}
	return nil
}

// oneOf refuses an empty value, too.
func oneOf(key, value string, choices ...string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s: expected %s, got %q", key, english.WordSeries(choices, "or"), value)
}

// maybeOneOf accepts an empty value: nothing is configured.
func maybeOneOf(key, value string, choices ...string) error {
	if value == "" {
		return nil
	}
	return oneOf(key, value, choices...)
}

// someOf checks a list whose values are each one of the choices.
func someOf(key string, values []string, choices ...string) error {
	for _, value := range values {
		if err := maybeOneOf(key, value, choices...); err != nil {
			return err
		}
	}
	return distinct(key, values)
}

// literals checks a list in which no placeholders are replaced.
func literals(key string, values []string) error {
	for _, value := range values {
		if err := literal(key, value); err != nil {
			return err
		}
	}
	return distinct(key, values)
}

// copied is a shallow copy, of nil nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// replaceable is a setting that may hold placeholders: a value, or a list.
type replaceable struct {
	key    string
	value  *string
	list   *[]string
	secret bool // errors do not show its value
}

func replaceValue(key string, value *string) replaceable { return replaceable{key: key, value: value} }

// replaceList makes the list the setting's own, since its values are replaced in
// place.
func replaceList(key string, list *[]string) replaceable {
	*list = slices.Clone(*list)
	return replaceable{key: key, list: list}
}

// within are the fields of a block in the settings.
func within(key string, fields []replaceable) []replaceable {
	for i := range fields {
		fields[i].key = key + ": " + fields[i].key
	}
	return fields
}

func (r replaceable) values() []*string {
	if r.list == nil {
		return []*string{r.value}
	}
	values := make([]*string, len(*r.list))
	for i := range *r.list {
		values[i] = &(*r.list)[i]
	}
	return values
}

// settings are a struct with placeholders.
type settings[T any] interface {
	*T
	// replaceable makes what it returns the struct's own.
	replaceable() []replaceable
	// validate checks what is there; with more to come, it passes over what a
	// later setting can mend.
	validate(more bool) error
}

func isOpen(value string) bool { return strings.Contains(value, "{") }

func hasPlaceholder[T any, S settings[T]](s S) bool {
	if s == nil {
		return false
	}
	copied := *s
	return slices.ContainsFunc(S(&copied).replaceable(), func(r replaceable) bool {
		return slices.ContainsFunc(r.values(), func(value *string) bool { return isOpen(*value) })
	})
}

// resolve returns a copy with placeholders replaced. One that is unknown or empty
// is an error.
func resolve[T any, S settings[T]](s S, repl *caddy.Replacer) (S, error) {
	if s == nil {
		return nil, errNull
	}
	resolved := *s
	for _, field := range S(&resolved).replaceable() {
		for _, value := range field.values() {
			replaced, err := repl.ReplaceOrErr(*value, true, true)
			if err != nil {
				return nil, field.unresolved(*value, err)
			}
			*value = replaced
		}
	}
	return &resolved, nil
}

func (r replaceable) unresolved(value string, err error) error {
	if r.secret && placeholderForm.FindString(value) != value {
		err = errors.New("a placeholder in it is unknown or empty")
	}
	return fmt.Errorf("%s: %w; it needs a value when the configuration is loaded", r.key, err)
}

// validateSettled leaves out the values with placeholders, which are known only
// when the configuration is loaded.
func validateSettled[T any, S settings[T]](s S, more bool) error {
	settled := *s
	for _, field := range S(&settled).replaceable() {
		if field.list != nil {
			*field.list = slices.DeleteFunc(*field.list, isOpen)
		} else if isOpen(*field.value) {
			*field.value = ""
		}
	}
	return S(&settled).validate(more)
}
