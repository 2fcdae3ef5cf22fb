package cognitolocal_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// ours is a cloud by the clock of the machine, which our providers go by, and
// our providers before it.
type ours struct {
	*cloud
	pool            *cognitolocal.IdentityPool
	enhanced, basic *credentials.IdentityPool
	web             *credentials.WebIdentity
}

func newOurs(t *testing.T) ours {
	t.Helper()
	c, pool := newSTS(t)
	c.clock.Advance(time.Since(c.clock.Now()))
	client := bodyCopier{http.Client{Timeout: 10 * time.Second}}
	web, err := credentials.NewWebIdentity(credentials.WebIdentityOptions{Endpoint: c.url, HTTPClient: client})
	noError(t, err)
	enhanced, err := credentials.NewIdentityPool(credentials.IdentityPoolOptions{ID: pool.ID(), Endpoint: c.url, HTTPClient: client, Guests: true})
	noError(t, err)
	basic, err := credentials.NewIdentityPool(credentials.IdentityPoolOptions{ID: pool.ID(), Endpoint: c.url, HTTPClient: client, Basic: web})
	noError(t, err)
	return ours{c, pool, enhanced, basic, web}
}

// jo is the user with a token, of which mutate may change the claims.
func (o ours) jo(t *testing.T, mutate func(map[string]any)) credentials.Identity {
	t.Helper()
	jo, _ := o.Pool().User("jo")
	return credentials.Identity{
		Token: o.token(t, mutate), TokenExpires: time.Now().Add(time.Hour),
		Issuer: o.Pool().Issuer(), Subject: jo.Sub, ClientID: webClient, Username: "jo doe|1",
	}
}

func TestOurProvidersGetCredentials(t *testing.T) {
	o := newOurs(t)
	jo := o.jo(t, nil)
	tests := []struct {
		name         string
		provider     credentials.Provider
		user         credentials.Identity
		asked        string
		role, suffix string
		identity     bool
		subject      string
	}{
		{"the enhanced flow", o.enhanced, jo, "", memberRole, "/CognitoIdentityCredentials", true, jo.Subject},
		{"the enhanced flow of a guest", o.enhanced, credentials.Identity{}, "", guestRole, "/CognitoIdentityCredentials", true, ""},
		{"the basic flow", o.basic, jo, memberRole, memberRole, "", true, jo.Subject},
		{"web identity", o.web, jo, otherRole, otherRole, "", false, jo.Subject},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.provider.Retrieve(t.Context(), tt.user, tt.asked)
			noError(t, err)
			session := o.session(t, got.AccessKeyID)
			if got.SecretAccessKey != session.SecretAccessKey || got.SessionToken != session.SessionToken || !got.Expires.Equal(session.Expires) {
				t.Error("expected the credentials of the session")
			}
			if session.RoleARN != tt.role || session.Subject != tt.subject || !strings.HasSuffix(session.SessionARN, tt.suffix) {
				t.Errorf("unexpected session %v of subject %q", session, session.Subject)
			}
			if (got.IdentityID != "") != tt.identity || got.IdentityID != session.IdentityID {
				t.Errorf("unexpected identity %q of the credentials, %q of the session", got.IdentityID, session.IdentityID)
			}
		})
	}
}

func TestOurProvidersUnderstandRefusals(t *testing.T) {
	o := newOurs(t)
	jo := o.jo(t, nil)
	expired := o.jo(t, func(m map[string]any) { m["exp"] = 1 })
	foreign := o.jo(t, func(m map[string]any) { m["aud"] = "unknown" })
	tests := []struct {
		name     string
		provider credentials.Provider
		user     credentials.Identity
		role     string
		want     error
	}{
		{"an expired token at the identity pool", o.enhanced, expired, "", credentials.ErrTokenRejected},
		{"an expired token in the basic flow", o.basic, expired, memberRole, credentials.ErrTokenRejected},
		{"an expired token at STS", o.web, expired, otherRole, credentials.ErrTokenRejected},
		{"a foreign client at the identity pool", o.enhanced, foreign, "", credentials.ErrTokenRejected},
		{"a foreign client at STS", o.web, foreign, otherRole, credentials.ErrTokenRejected},
		{"a role that does not trust the pool", o.basic, jo, otherRole, credentials.ErrDenied},
		{"a role nobody added", o.web, jo, "arn:aws:iam::111122223333:role/Nobody", credentials.ErrDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.provider.Retrieve(t.Context(), tt.user, tt.role); !errors.Is(err, tt.want) {
				t.Errorf("expected %v, got %v", tt.want, err)
			}
		})
	}
}
