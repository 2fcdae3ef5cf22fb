package credentials

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// WebIdentityOptions configures a [WebIdentity].
type WebIdentityOptions struct {
	// Endpoint is the URL of the STS. Default: that of Region.
	Endpoint string
	// Region is the AWS region. Default "us-east-1", which stores that are not
	// AWS do not look at.
	Region string
	// Duration is how long credentials are to last, 15 minutes to 12 hours. Default:
	// until the token expires, but 15 minutes at least and an hour at most.
	Duration time.Duration
	// Policy is a session policy in JSON, which can only take rights away.
	Policy string
	// PolicyARNs are managed session policies.
	PolicyARNs []string
	// HTTPClient makes the calls. Default: one with a timeout.
	HTTPClient HTTPClient
}

// Bounds of DurationSeconds at STS.
const minDuration, maxDuration = 15 * time.Minute, 12 * time.Hour

// maxPolicy bounds a session policy in bytes.
const maxPolicy = 2048

// WebIdentity is a [Provider]: STS AssumeRoleWithWebIdentity.
type WebIdentity struct {
	opts   WebIdentityOptions
	client *sts.Client
}

// NewWebIdentity checks opts. It makes no call.
func NewWebIdentity(opts WebIdentityOptions) (*WebIdentity, error) {
	if opts.Region == "" {
		opts.Region = "us-east-1"
	}
	if opts.Duration != 0 && (opts.Duration < minDuration || opts.Duration > maxDuration) {
		return nil, fmt.Errorf("duration: expected %v to %v, got %v", minDuration, maxDuration, opts.Duration)
	}
	if len(opts.Policy) > maxPolicy {
		return nil, fmt.Errorf("policy: expected at most %d bytes, got %d", maxPolicy, len(opts.Policy))
	}
	client := sts.New(sts.Options{
		Region: opts.Region, BaseEndpoint: optional(opts.Endpoint), HTTPClient: clientOr(opts.HTTPClient), Retryer: retryer(retry.IsErrorRetryableFunc(keysToCome)),
	})
	return &WebIdentity{opts, client}, nil
}

// Retrieve implements [Provider]. The role is required; stores that map claims
// to policies take any well-formed ARN. No partition is insisted on, since
// MinIO has one of its own.
func (w *WebIdentity) Retrieve(ctx context.Context, user Identity, role string) (Credentials, error) {
	if !strings.HasPrefix(role, "arn:") {
		return Credentials{}, &exchangeError{ErrNoRole, fmt.Errorf("expected a role ARN, got %q", role)}
	}
	input := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String(sessionName(user)), WebIdentityToken: &user.Token,
		DurationSeconds: aws.Int32(w.seconds(user)), Policy: optional(w.opts.Policy),
	}
	for _, arn := range w.opts.PolicyARNs {
		input.PolicyArns = append(input.PolicyArns, types.PolicyDescriptorType{Arn: &arn})
	}
	answer, err := w.client.AssumeRoleWithWebIdentity(ctx, input)
	if err != nil {
		return Credentials{}, classifyWebIdentity(user, err)
	}
	got := answer.Credentials
	if got == nil {
		got = &types.Credentials{}
	}
	return complete(Credentials{
		AccessKeyID: aws.ToString(got.AccessKeyId), SecretAccessKey: aws.ToString(got.SecretAccessKey),
		SessionToken: aws.ToString(got.SessionToken), Expires: aws.ToTime(got.Expiration),
	})
}

// classifyWebIdentity tells apart what STS says with one code. Nobody need sign in
// again for the first two.
func classifyWebIdentity(user Identity, err error) error {
	text, code := invalidIdentityToken(err)
	switch {
	case keysToCome(err) == aws.TrueTernary:
		return &UnavailableError{RetryAfter: time.Second, Err: err}
	case strings.Contains(text, "No OpenIDConnect provider"):
		return &MisconfiguredError{Key: "web_identity", Got: user.Issuer, Code: code}
	}
	return classify(err)
}

// keysToCome is about an STS that could not fetch the keys of the issuer just now.
// The SDK's own provider takes that for temporary, too.
func keysToCome(err error) aws.Ternary {
	if text, _ := invalidIdentityToken(err); strings.Contains(text, "verification key") {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

func invalidIdentityToken(err error) (text, code string) {
	if invalid, ok := errors.AsType[*types.InvalidIdentityTokenException](err); ok {
		return invalid.ErrorMessage(), invalid.ErrorCode()
	}
	return "", ""
}

// seconds is what is left of the token, unless another duration is configured:
// credentials should not outlive what they were given for.
func (w *WebIdentity) seconds(user Identity) int32 {
	duration := w.opts.Duration
	if duration == 0 {
		duration = min(max(time.Until(user.TokenExpires), minDuration), time.Hour)
	}
	return int32(duration / time.Second)
}
