package config

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
)

// WebIdentity describes an exchange at an STS, by AssumeRoleWithWebIdentity: that
// of AWS, or one of a store that speaks the same protocol, such as MinIO.
type WebIdentity struct {
	STS
	Exchange
}

// Validate checks the web identity. Placeholders must have been replaced.
func (w *WebIdentity) Validate() error {
	if w == nil {
		return errNull
	}
	if len(w.UserPools) == 0 {
		return errors.New("user_pool: required; name the user pools whose tokens are exchanged")
	}
	if w.Endpoint == "" && w.Region == "" {
		return errors.New("region: required without an endpoint; name the AWS region, or the URL of the store")
	}
	if !w.hasRole() {
		return errors.New("role_arn: required, unless group_role or preferred_role says the role; stores that map claims to policies take any, such as arn:aws:iam::000000000000:role/any")
	}
	if err := w.validateComplete(); err != nil {
		return err
	}
	return w.validate(false)
}

// ValidateSettings checks what is there, not whether something is missing, nor
// values with placeholders. With more to come, it passes over what a later setting
// can mend.
func (w *WebIdentity) ValidateSettings(more bool) error { return validateSettled(w, more) }

func (w *WebIdentity) validate(more bool) error {
	if err := w.Exchange.validate(); err != nil {
		return err
	}
	return w.STS.validate(w.InsecureHTTP || more)
}

// HasPlaceholder reports whether the web identity can be judged only when it is
// loaded.
func (w *WebIdentity) HasPlaceholder() bool { return hasPlaceholder(w) }

// Resolve returns a copy with placeholders replaced, except in the policy. One
// that is unknown or empty is an error.
func (w *WebIdentity) Resolve(repl *caddy.Replacer) (*WebIdentity, error) { return resolve(w, repl) }

func (w *WebIdentity) replaceable() []replaceable {
	return append(w.Exchange.replaceable(), w.STS.replaceable()...)
}
