package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// IdentityPool describes a Cognito identity pool.
type IdentityPool struct {
	// ID is the identity pool ID, such as
	// `eu-west-1:1d2c3b4a-0000-0000-0000-000000000000`. Required.
	ID string `json:"id,omitempty"`
	Exchange
	// Logins says by which provider name the identity pool knows a user pool,
	// where that is not Cognito's own `cognito-idp.<region>.amazonaws.com/<id>`.
	Logins []Login `json:"login,omitempty"`
	// Guests lets requests without a token have the credentials of an
	// unauthenticated identity. The identity pool must allow that, too.
	Guests bool `json:"guests,omitempty"`
	// Endpoint is the base URL of the identity pool API, where it is not the
	// public one of the region.
	Endpoint string `json:"endpoint,omitempty"`
	// Basic uses the basic (classic) flow: the pool only vouches for the user,
	// and the STS described here makes the credentials, of the roles above.
	Basic *STS `json:"basic,omitempty"`
}

// Login is the provider name of a user pool.
type Login struct {
	// UserPool is the name of a user pool.
	UserPool string `json:"user_pool"`
	// Provider is what the identity pool calls it.
	Provider string `json:"provider"`
}

// IdentityPoolRegion is the region of an identity pool ID.
func IdentityPoolRegion(id string) string {
	region, _, _ := strings.Cut(id, ":")
	return region
}

var identityPoolForm = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-\d+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Validate checks the identity pool. Placeholders must have been replaced.
func (p *IdentityPool) Validate() error {
	if p == nil {
		return errNull
	}
	if err := p.validateID(); err != nil {
		return err
	}
	if len(p.UserPools) == 0 && !p.Guests {
		return errors.New("user_pool: required, unless only guests are let in; name the user pools whose tokens are exchanged")
	}
	if p.Basic != nil && !p.hasRole() {
		return errors.New("role_arn: required in the basic flow, unless group_role or preferred_role says the role")
	}
	if err := p.validateComplete(); err != nil {
		return err
	}
	return p.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders. With more to come, it passes over what a later setting
// can mend.
func (p *IdentityPool) ValidateSettings(more bool) error { return validateSettled(p, more) }

func (p *IdentityPool) validate(more bool) error {
	if p.ID != "" {
		if err := p.validateID(); err != nil {
			return err
		}
	}
	if err := p.Exchange.validate(); err != nil {
		return err
	}
	insecure := p.InsecureHTTP || more
	if err := validateURL("endpoint", p.Endpoint, insecure); err != nil {
		return err
	}
	if p.Basic != nil {
		if err := p.Basic.validate(insecure); err != nil {
			return fmt.Errorf("basic: %w", err)
		}
	}
	return p.validateLogins(more)
}

func (p *IdentityPool) validateID() error {
	if !identityPoolForm.MatchString(p.ID) {
		return fmt.Errorf("id: expected an identity pool ID such as eu-west-1:1d2c3b4a-0000-0000-0000-000000000000, got %q", p.ID)
	}
	return nil
}

func (p *IdentityPool) validateLogins(more bool) error {
	for i, login := range p.Logins {
		if strings.Contains(login.Provider, "://") || login.Provider == "" {
			return fmt.Errorf("login: expected a provider name such as cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI, without https://, got %q", login.Provider)
		}
		if slices.ContainsFunc(p.Logins[:i], func(before Login) bool { return before.UserPool == login.UserPool }) {
			return fmt.Errorf("login: user_pool %q stands here twice; remove one of them", login.UserPool)
		}
		if !more && !slices.Contains(p.UserPools, login.UserPool) {
			return fmt.Errorf("login: %q is not a user_pool of this identity_pool; name it in user_pool, too", login.UserPool)
		}
	}
	return nil
}

// HasPlaceholder reports whether the pool can be judged only when it is loaded.
func (p *IdentityPool) HasPlaceholder() bool { return hasPlaceholder(p) }

// Resolve returns a copy with placeholders replaced, except in the policy. One
// that is unknown or empty is an error.
func (p *IdentityPool) Resolve(repl *caddy.Replacer) (*IdentityPool, error) { return resolve(p, repl) }

func (p *IdentityPool) replaceable() []replaceable {
	fields := append([]replaceable{replaceValue("id", &p.ID), replaceValue("endpoint", &p.Endpoint)}, p.Exchange.replaceable()...)
	if p.Basic == nil {
		return fields
	}
	p.Basic = copied(p.Basic)
	return append(fields, within("basic", p.Basic.replaceable())...)
}
