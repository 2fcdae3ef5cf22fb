package credentials

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	lru "github.com/hashicorp/golang-lru/v2"
)

// IdentityPoolOptions configures an [IdentityPool].
type IdentityPoolOptions struct {
	// ID is the identity pool ID, such as
	// "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000". Required.
	ID string
	// Logins maps an issuer to the provider name that the identity pool knows it
	// by. Default: the issuer without its scheme, which is what Cognito uses.
	Logins map[string]string
	// Guests allows identities without a token. The identity pool must allow
	// them, too.
	Guests bool
	// Basic, when set, uses the basic (classic) flow: the pool only vouches for
	// the user, and STS makes the credentials. Roles then come from the caller.
	Basic *WebIdentity
	// Endpoint replaces the public endpoint of the region.
	Endpoint string
	// HTTPClient makes the calls. Default: one with a timeout.
	HTTPClient HTTPClient
}

// IdentityPool is a [Provider]: a Cognito identity pool.
type IdentityPool struct {
	opts   IdentityPoolOptions
	client *cognitoidentity.Client
	ids    *lru.Cache[subject, string] // identity IDs never change
}

// subject is a user across pools.
type subject struct{ issuer, subject string }

// maxIdentityIDs bounds how many identity IDs are remembered, some 200 bytes each.
const maxIdentityIDs = 100_000

var identityPoolID = regexp.MustCompile(`^[\w-]+:[0-9a-f-]+$`)

// NewIdentityPool checks opts. It makes no call.
func NewIdentityPool(opts IdentityPoolOptions) (*IdentityPool, error) {
	if !identityPoolID.MatchString(opts.ID) {
		return nil, fmt.Errorf("expected an identity pool ID such as eu-west-1:1d2c3b4a-0000-0000-0000-000000000000, got %q", opts.ID)
	}
	ids, err := lru.New[subject, string](maxIdentityIDs)
	if err != nil {
		return nil, err
	}
	region, _, _ := strings.Cut(opts.ID, ":")
	client := cognitoidentity.New(cognitoidentity.Options{
		Region: region, BaseEndpoint: optional(opts.Endpoint), HTTPClient: clientOr(opts.HTTPClient), Retryer: retryer(),
	})
	return &IdentityPool{opts, client, ids}, nil
}

// Retrieve implements [Provider]. In the enhanced flow a role must be one that
// the token allows; in the basic flow it is required.
func (p *IdentityPool) Retrieve(ctx context.Context, user Identity, role string) (Credentials, error) {
	if user.guest() && !p.opts.Guests {
		return Credentials{}, &exchangeError{ErrDenied, fmt.Errorf("guests are not allowed")}
	}
	id, err := p.identityID(ctx, user)
	if err != nil {
		return Credentials{}, err
	}
	if p.opts.Basic != nil {
		return p.basic(ctx, user, id, role)
	}
	return p.enhanced(ctx, user, id, role)
}

// identityID asks once for each user. All guests of a process are one user here
// and share one identity.
func (p *IdentityPool) identityID(ctx context.Context, user Identity) (string, error) {
	key := subject{user.Issuer, user.Subject}
	if id, ok := p.ids.Get(key); ok {
		return id, nil
	}
	answer, err := p.client.GetId(ctx, &cognitoidentity.GetIdInput{IdentityPoolId: &p.opts.ID, Logins: p.logins(user)})
	if err != nil {
		return "", p.classify(err)
	}
	id := aws.ToString(answer.IdentityId)
	if id == "" {
		return "", ErrAnswer
	}
	p.ids.Add(key, id)
	return id, nil
}

// logins are sent with every call: those sent to GetId vouch for nothing later.
func (p *IdentityPool) logins(user Identity) map[string]string {
	if user.guest() {
		return nil
	}
	name, ok := p.opts.Logins[user.Issuer]
	if !ok {
		_, name, _ = strings.Cut(user.Issuer, "://")
	}
	return map[string]string{name: user.Token}
}

func (p *IdentityPool) enhanced(ctx context.Context, user Identity, id, role string) (Credentials, error) {
	answer, err := p.client.GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{
		IdentityId: &id, Logins: p.logins(user), CustomRoleArn: optional(role),
	})
	if err != nil {
		return Credentials{}, p.failed(user, err)
	}
	p.merged(user, id, aws.ToString(answer.IdentityId))
	return p.credentials(answer)
}

func (p *IdentityPool) credentials(answer *cognitoidentity.GetCredentialsForIdentityOutput) (Credentials, error) {
	got := answer.Credentials
	if got == nil {
		got = &types.Credentials{}
	}
	return complete(Credentials{
		AccessKeyID: aws.ToString(got.AccessKeyId), SecretAccessKey: aws.ToString(got.SecretKey),
		SessionToken: aws.ToString(got.SessionToken), Expires: aws.ToTime(got.Expiration),
		IdentityID: aws.ToString(answer.IdentityId),
	})
}

func (p *IdentityPool) basic(ctx context.Context, user Identity, id, role string) (Credentials, error) {
	answer, err := p.client.GetOpenIdToken(ctx, &cognitoidentity.GetOpenIdTokenInput{IdentityId: &id, Logins: p.logins(user)})
	if err != nil {
		return Credentials{}, p.failed(user, err)
	}
	p.merged(user, id, aws.ToString(answer.IdentityId))
	vouched := user
	vouched.Token = aws.ToString(answer.Token)
	if vouched.Token == "" {
		return Credentials{}, ErrAnswer
	}
	creds, err := p.opts.Basic.Retrieve(ctx, vouched, role)
	creds.IdentityID = aws.ToString(answer.IdentityId)
	return creds, err
}

// merged notes that the pool joined two identities of the user.
func (p *IdentityPool) merged(user Identity, before, now string) {
	if now != "" && now != before {
		p.ids.Add(subject{user.Issuer, user.Subject}, now)
	}
}

// failed forgets the identity when it may be the cause: it can have been deleted
// from the pool.
func (p *IdentityPool) failed(user Identity, err error) error {
	classified := p.classify(err)
	if reason := Reason(classified); reason == "denied" || reason == "token_rejected" {
		p.ids.Remove(subject{user.Issuer, user.Subject})
	}
	return classified
}

// classify tells a pool that is not there, which no user can mend, from an
// identity that is not: Cognito says both with one code.
func (p *IdentityPool) classify(err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) && !strings.HasPrefix(missing.ErrorMessage(), "Identity '") {
		return &MisconfiguredError{Key: "identity_pool", Got: p.opts.ID, Code: missing.ErrorCode()}
	}
	return classify(err)
}

// complete refuses credentials that could not be used.
func complete(c Credentials) (Credentials, error) {
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.Expires.IsZero() || !c.Expires.After(time.Now()) {
		return Credentials{}, ErrAnswer
	}
	return c, nil
}
