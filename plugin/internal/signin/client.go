package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	api "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// HTTPClient makes requests; [http.Client] does.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// Options configures a [Client].
type Options struct {
	// UserPoolID is the user pool, such as "eu-west-1_AbCdEfGhI". Required.
	UserPoolID string
	// ClientID is the app client. Required.
	ClientID string
	// Secrets are the secrets of the app client: none, the one, or the one and the
	// next. Either of two will do, so that they can be exchanged at leisure.
	Secrets []Secret
	// Endpoint replaces the public endpoint of the region.
	Endpoint string
	// HTTPClient makes the calls. Default: one with a timeout. An [http.Client] is
	// used as a copy that follows no redirects; any other must not follow them.
	HTTPClient HTTPClient
	// Trace is told of every call. Optional.
	Trace Trace `json:"-"`
}

// Trace is told that a call begins, with its ctx and its operation, such as
// "InitiateAuth", and the function that it returns, how the call ended.
type Trace func(ctx context.Context, operation string) (end func(error))

// Begin is the call of a Trace that may be nil.
func (t Trace) Begin(ctx context.Context, operation string) (end func(error)) {
	if t == nil {
		return func(error) {}
	}
	return t(ctx, operation)
}

// Caller is on whose behalf a call is made. The zero value tells nothing.
type Caller struct {
	// IP is the visitor's address, by which Cognito's threat protection judges.
	// Cognito heeds it of app clients that have a secret and
	// EnablePropagateAdditionalUserContextData.
	IP netip.Addr
	// Metadata is passed to Lambda triggers.
	Metadata map[string]string
}

// Client is one app client of one user pool. Its methods may be called
// concurrently.
type Client struct {
	opts    Options         // without the secrets
	secrets func() []Secret // a function, which fmt cannot look into
	realm   string          // the pool ID after the region: the pool's name in SRP
	api     *api.Client
	working atomic.Int32 // index of the secret that worked last
	now     func() time.Time
}

// CallTimeout bounds one call, and with it how long a request waits. Cognito gives a
// Lambda trigger three tries of 5 seconds. Whoever gives up earlier loses what the
// answer brings and what works once: a session, a code, a rotated refresh token.
const CallTimeout = 20 * time.Second

// maxAnswer bounds an answer in bytes; tokens are some kilobytes.
const maxAnswer = 1 << 20

// NewClient checks opts. It makes no call.
func NewClient(opts Options) (*Client, error) {
	pool, err := verifier.ParseUserPool(opts.UserPoolID)
	switch {
	case err != nil:
		return nil, err
	case opts.ClientID == "":
		return nil, errors.New("expected an app client ID")
	case len(opts.Secrets) > 2:
		return nil, fmt.Errorf("expected at most two client secrets, got %d", len(opts.Secrets))
	}
	for _, secret := range opts.Secrets {
		if secret == "" {
			return nil, errors.New("expected a client secret, got an empty one")
		}
	}
	secrets := slices.Clone(opts.Secrets)
	opts.Secrets = nil
	service := api.New(api.Options{
		Region: pool.Region, BaseEndpoint: optional(opts.Endpoint), HTTPClient: bounded{clientOr(opts.HTTPClient)}, Retryer: retryer(),
	})
	return &Client{
		opts: opts, secrets: func() []Secret { return secrets }, api: service, now: time.Now,
		realm: strings.TrimPrefix(pool.ID, pool.Region+"_"),
	}, nil
}

// Format shows no secret.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "sign-in client of %s", c.opts.UserPoolID)
}

// call makes a call with the secret that worked last and, when Cognito complains
// about it, with the other one.
func (c *Client) call(ctx context.Context, s situation, do func(secret Secret) error) (err error) {
	end := c.opts.Trace.Begin(ctx, s.operation)
	defer func() { end(err) }()
	secrets := c.secrets()
	if len(secrets) == 0 {
		return s.classify(do(""))
	}
	first := int(c.working.Load()) % len(secrets)
	err = do(secrets[first])
	if other := 1 - first; len(secrets) == 2 && wrongSecret(err) {
		if err = do(secrets[other]); !wrongSecret(err) {
			c.working.Store(int32(other))
		}
	}
	return s.classify(err)
}

// wrongSecret reports whether the complaint is about the client secret.
func wrongSecret(err error) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	meaning := meaningOf(answer.ErrorCode(), answer.ErrorMessage())
	return meaning.Reason == ErrMisconfigured && meaning.Detail == "secret"
}

// hash is the SECRET_HASH of a call, nil without a secret.
func (c *Client) hash(secret Secret, username string) *string {
	if secret == "" {
		return nil
	}
	return aws.String(secretHash(secret, username, c.opts.ClientID))
}

// context is what Cognito is told about the visitor.
func (c Caller) context() *types.UserContextDataType {
	if !c.IP.IsValid() {
		return nil
	}
	return &types.UserContextDataType{IpAddress: aws.String(c.IP.Unmap().WithZone("").String())}
}

// clientOr never follows a redirect: with 307 and 308 it would carry the password
// to wherever the answer points.
func clientOr(client HTTPClient) HTTPClient {
	if client == nil {
		client = &http.Client{Timeout: CallTimeout}
	}
	if std, ok := client.(*http.Client); ok {
		stays := *std
		stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return &stays
	}
	return client
}

// bounded cuts answers that are too long.
type bounded struct{ HTTPClient }

// Do makes the request. The SDK closes its body as soon as the answer begins, when
// net/http may still be looking whether there is more of it. Asked by WriteTo, the
// closed body fails, and net/http closes the connection under the answer: on a busy
// machine, one sign-in of 300 was lost. Read tells the end.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body} // without WriteTo
	}
	answer, err := b.HTTPClient.Do(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

// retryer tries twice within a second, and only what Cognito has certainly not
// carried out. Sessions, codes and rotated refresh tokens work once, so that a
// repeated call would fail where the first succeeded, and a wrong password sent
// twice counts twice towards the user's lockout.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.MaxBackoff = 200 * time.Millisecond
		o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(notCarriedOut)}
	})
}

func notCarriedOut(err error) aws.Ternary {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return aws.BoolTernary(throttles(answer.ErrorCode()))
	}
	dial, ok := errors.AsType[*net.OpError](err)
	return aws.BoolTernary(ok && dial.Op == "dial" && !errors.Is(err, context.Canceled))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
