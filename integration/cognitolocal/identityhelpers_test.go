package cognitolocal_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const (
	memberRole = "arn:aws:iam::111122223333:role/Members"
	guestRole  = "arn:aws:iam::111122223333:role/Guests"
	adminRole  = "arn:aws:iam::111122223333:role/Admins" // of the group admins
	otherRole  = "arn:aws:iam::111122223333:role/path/of/Others"
	policy     = `{"Version":"2012-10-17","Statement":[]}`
)

// cloud is a world with SDK clients of identity pools and STS.
type cloud struct {
	*world
	identity *cognitoidentity.Client
	sts      *sts.Client
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	w := newWorld(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := bodyCopier{http.Client{Transport: transport}}
	return &cloud{
		w,
		cognitoidentity.New(cognitoidentity.Options{
			Region: "eu-west-1", BaseEndpoint: &w.url, Credentials: aws.AnonymousCredentials{}, HTTPClient: client, RetryMaxAttempts: 1,
		}),
		sts.New(sts.Options{
			Region: "eu-west-1", BaseEndpoint: &w.url, Credentials: aws.AnonymousCredentials{}, HTTPClient: client, RetryMaxAttempts: 1,
		}),
	}
}

func (c *cloud) pool(t *testing.T, o cognitolocal.IdentityPoolOptions) *cognitolocal.IdentityPool {
	t.Helper()
	pool, err := c.AddIdentityPool(o)
	noError(t, err)
	return pool
}

// open is a pool that lets everybody in.
func open() cognitolocal.IdentityPoolOptions {
	return cognitolocal.IdentityPoolOptions{
		Guests: true, Classic: true, AuthenticatedRole: memberRole, UnauthenticatedRole: guestRole,
	}
}

// logins are jo's, with a token of which mutate may change the claims.
func (c *cloud) logins(t *testing.T, mutate func(map[string]any)) map[string]string {
	t.Helper()
	token, err := c.Pool().IDToken("jo", webClient, mutate)
	noError(t, err)
	return map[string]string{c.Pool().ProviderName(): token}
}

// loginsOf are those of somebody else.
func (c *cloud) loginsOf(t *testing.T, user string) map[string]string {
	t.Helper()
	_, err := c.Pool().AddUser(cognitolocal.User{Username: user})
	noError(t, err)
	token, err := c.Pool().IDToken(user, webClient, nil)
	noError(t, err)
	return map[string]string{c.Pool().ProviderName(): token}
}

func (c *cloud) getID(t *testing.T, pool string, logins map[string]string) (string, error) {
	t.Helper()
	out, err := c.identity.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &pool, Logins: logins})
	if err != nil {
		return "", err
	}
	return *out.IdentityId, nil
}

// mustID is getID that succeeds.
func (c *cloud) mustID(t *testing.T, pool *cognitolocal.IdentityPool, logins map[string]string) string {
	t.Helper()
	id, err := c.getID(t, pool.ID(), logins)
	noError(t, err)
	return id
}

func (c *cloud) getCredentials(t *testing.T, id string, logins map[string]string, role string) (*cognitoidentity.GetCredentialsForIdentityOutput, error) {
	t.Helper()
	in := &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id, Logins: logins}
	if role != "" {
		in.CustomRoleArn = &role
	}
	return c.identity.GetCredentialsForIdentity(t.Context(), in)
}

func (c *cloud) getOpenIDToken(t *testing.T, id string, logins map[string]string) (string, error) {
	t.Helper()
	out, err := c.identity.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: &id, Logins: logins})
	if err != nil {
		return "", err
	}
	return *out.Token, nil
}

// enhanced runs the enhanced flow and returns the session it opens.
func (c *cloud) enhanced(t *testing.T, pool *cognitolocal.IdentityPool, logins map[string]string, role string) (cognitolocal.Session, error) {
	t.Helper()
	out, err := c.getCredentials(t, c.mustID(t, pool, logins), logins, role)
	if err != nil {
		return cognitolocal.Session{}, err
	}
	return c.session(t, *out.Credentials.AccessKeyId), nil
}

func (c *cloud) session(t *testing.T, key string) cognitolocal.Session {
	t.Helper()
	session, ok := c.Session(key)
	if !ok {
		t.Fatalf("expected a session of %s", key)
	}
	return session
}

// assume exchanges a token; change may alter the request.
func (c *cloud) assume(t *testing.T, role, token string, change func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("jo@example.org"), WebIdentityToken: &token}
	if change != nil {
		change(in)
	}
	return c.sts.AssumeRoleWithWebIdentity(t.Context(), in)
}

// wantText checks the code of an API error and that the message has the text.
func wantText(t *testing.T, err error, code, message string) {
	t.Helper()
	wantCode(t, err, code, "")
	if !strings.Contains(err.Error(), message) {
		t.Errorf("expected %q in the message, got %v", message, err)
	}
}

// otherPool is a user pool of another server with a user "jo" and one client.
func otherPool(t *testing.T, c *cloud) *cognitolocal.Pool {
	t.Helper()
	s, err := cognitolocal.New(cognitolocal.Options{
		PoolID: "us-east-2_Other", Now: c.clock.Now, Issuer: "https://cognito-idp.us-east-2.amazonaws.com/us-east-2_Other",
	})
	noError(t, err)
	noError(t, s.Pool().AddClient(cognitolocal.Client{ID: "otherclient"}))
	_, err = s.Pool().AddUser(cognitolocal.User{Username: "jo"})
	noError(t, err)
	return s.Pool()
}
