package credentials

import (
	"context"
	"fmt"
	"time"
)

// Credentials are temporary AWS credentials. Printing them shows no secret.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	// Expires is when the service stops accepting them.
	Expires time.Time
	// IdentityID is the user's ID in the identity pool; empty without one.
	IdentityID string
}

// String shows no secret.
func (c Credentials) String() string {
	return fmt.Sprintf("credentials until %s", c.Expires.UTC().Format(time.RFC3339))
}

// GoString shows no secret, since %#v would otherwise.
func (c Credentials) GoString() string { return c.String() }

// MarshalJSON shows no secret: whoever is to get credentials as JSON must name
// each field.
func (c Credentials) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"Expiration":%q}`, c.Expires.UTC().Format(time.RFC3339)), nil
}

// Identity is a user whose token was verified.
type Identity struct {
	// Token is the ID token in compact form. Empty asks for the credentials of a
	// guest.
	Token string
	// TokenExpires is when the token expires.
	TokenExpires time.Time
	// Issuer and Subject say who it is.
	Issuer, Subject string
	// ClientID is the app client: identity pools choose roles by it.
	ClientID string
	// Username becomes part of the session name.
	Username string
	// Groups and PreferredRole are the claims by which roles are chosen.
	Groups        []string
	PreferredRole string
	// Rights is a hash of everything else in the token by which an exchange may
	// decide (rules and principal tags look at any claim); 0 for none. It is part
	// of the cache's key.
	Rights uint64
}

// guest reports whether nobody signed in.
func (i Identity) guest() bool { return i.Token == "" }

// Provider exchanges a token for credentials. Retrieve makes calls each time; a
// [Cache] makes fewer. Its errors match [ErrTokenRejected], [ErrDenied],
// [ErrNoRole], [ErrAnswer] or, when ctx was canceled, [context.Canceled], or are
// an [UnavailableError] or a [MisconfiguredError].
type Provider interface {
	// Retrieve returns credentials of the user for the role, or for the
	// provider's own choice when role is empty.
	Retrieve(ctx context.Context, user Identity, role string) (Credentials, error)
}

// ProviderFunc lets a function be a [Provider].
type ProviderFunc func(ctx context.Context, user Identity, role string) (Credentials, error)

// Retrieve implements [Provider].
func (f ProviderFunc) Retrieve(ctx context.Context, user Identity, role string) (Credentials, error) {
	return f(ctx, user, role)
}
