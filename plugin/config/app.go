package config

import (
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// App is the global configuration: what the handlers of a server refer to by
// name.
type App struct {
	// UserPools are the Cognito user pools, by a name of your choice.
	UserPools map[string]*UserPool `json:"user_pool,omitempty"`
	// IdentityPools are the Cognito identity pools that exchange ID tokens for
	// temporary AWS credentials, by a name of your choice.
	IdentityPools map[string]*IdentityPool `json:"identity_pool,omitempty"`
	// WebIdentities exchange ID tokens for temporary credentials directly at an
	// STS, that of AWS or of another store, by a name of your choice.
	WebIdentities map[string]*WebIdentity `json:"web_identity,omitempty"`
}

// Validate checks every entry, except that one with placeholders can be judged
// only when it is loaded, after Resolve.
func (a *App) Validate() error {
	if err := validateAll("user_pool", a.UserPools); err != nil {
		return err
	}
	if err := validateAll("identity_pool", a.IdentityPools); err != nil {
		return err
	}
	if err := validateAll("web_identity", a.WebIdentities); err != nil {
		return err
	}
	return a.ValidateReferences()
}

// entry is what has a name in the global configuration. Its methods accept nil.
type entry interface {
	HasPlaceholder() bool
	Validate() error
}

func validateAll[E entry](kind string, entries map[string]E) error {
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if err := ValidateName(kind, name); err != nil {
			return err
		}
		if entries[name].HasPlaceholder() {
			continue
		}
		if err := entries[name].Validate(); err != nil {
			return fmt.Errorf("%s %s: %w", kind, name, err)
		}
	}
	return nil
}

// ValidateReferences checks that names are found, and found once. It does not
// judge the entries themselves, which may be null.
func (a *App) ValidateReferences() error {
	for _, name := range slices.Sorted(maps.Keys(a.IdentityPools)) {
		if _, ok := a.WebIdentities[name]; ok {
			return fmt.Errorf("web_identity: %q is the name of an identity_pool, too; choose another name for one of them", name)
		}
		if pool := a.IdentityPools[name]; pool != nil {
			if err := a.findPools(pool.UserPools); err != nil {
				return fmt.Errorf("identity_pool %s: %w", name, err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.WebIdentities)) {
		if web := a.WebIdentities[name]; web != nil {
			if err := a.findPools(web.UserPools); err != nil {
				return fmt.Errorf("web_identity %s: %w", name, err)
			}
		}
	}
	return nil
}

func (a *App) findPools(names []string) error {
	for _, name := range names {
		if _, ok := a.UserPools[name]; !ok {
			return fmt.Errorf("user_pool: none is named %q; configure it in the global option cognito%s", name, ThereAre(maps.Keys(a.UserPools)))
		}
	}
	return nil
}

// mostNames bounds how many names an error repeats.
const mostNames = 10

// ThereAre ends an error about a name that is unknown with those that are known.
// It is empty when there are none.
func ThereAre(names iter.Seq[string]) string {
	known := slices.Compact(slices.Sorted(names))
	switch {
	case len(known) == 0:
		return ""
	case len(known) > mostNames:
		known = append(known[:mostNames:mostNames], "…")
	}
	return "; there are: " + strings.Join(known, ", ")
}

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z][\w-]*$`)
	poolIDForm = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-\d+_[0-9A-Za-z]+$`)
)

// ValidateName checks the name of an entry of that kind, such as user_pool. It
// keeps names apart from pool IDs, since both may follow cognito_auth.
func ValidateName(kind, name string) error {
	if !nameForm.MatchString(name) || IsPoolID(name) {
		return fmt.Errorf("%s: expected a name of your choice, got %q; names start with a letter, hold letters, digits, - and _, and do not look like a pool ID", kind, name)
	}
	return nil
}

// IsPoolID reports whether a word has the form of a pool ID of an AWS region,
// such as eu-west-1_AbCdEfGhI.
func IsPoolID(word string) bool { return poolIDForm.MatchString(word) }
