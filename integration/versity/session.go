package versity

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// Session is what an issuer of temporary credentials knows of one set of
// them. The zero value has expired.
type Session struct {
	AccessKeyID, SecretAccessKey, SessionToken string

	// Expires is when the credentials end.
	Expires time.Time

	// RoleARN and SessionARN are who a bucket policy may name: all sessions
	// of the role, or this one.
	RoleARN, SessionARN string
}

// errExpired is S3's answer to credentials past their time. The gateway's own
// list of errors lacks it.
var errExpired = s3err.APIError{
	Code:           "ExpiredToken",
	Description:    "The provided token has expired.",
	HTTPStatusCode: http.StatusBadRequest,
}

// check tells whether a request may use the session. Only who holds the token
// learns that it has expired, as with S3.
func (s Session) check(token string, now time.Time) error {
	// Without the first condition, a session without a token would take
	// requests without one.
	if token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.SessionToken)) != 1 {
		return auth.ErrInvalidSessionToken
	}
	if !now.Before(s.Expires) {
		return errExpired
	}
	return nil
}

// account is the session in the gateway's terms. It holds no secrets.
func (s Session) account() auth.Account {
	account := auth.Account{
		Access: s.AccessKeyID, Role: auth.RoleUser, IsSession: true,
		Arn: s.SessionARN, RoleArn: s.RoleARN,
	}
	if account.Arn == "" { // else the gateway would not look at the role
		account.Arn = s.RoleARN
	}
	return account
}

// signingKey derives the key of one day, Region and service from the secret:
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (s Session) signingKey(date, region, service string) []byte {
	key := []byte("AWS4" + s.SecretAccessKey)
	for _, part := range []string{date, region, service, "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}

// identities answers the gateway's questions about callers other than root.
// What it inherits refuses to manage users and finds none.
type identities struct {
	auth.IAMService

	sessions func(accessKeyID string) (Session, bool)
}

func newIdentities(root auth.Account, sessions func(string) (Session, bool)) identities {
	if sessions == nil {
		sessions = func(string) (Session, bool) { return Session{}, false }
	}
	return identities{auth.NewIAMServiceSingle(root), sessions}
}

// DeriveSigningKey finds who signs with an access key and the key that
// verifies the signature. The gateway does not ask about root.
func (i identities) DeriveSigningKey(access, token, date, region, service string) ([]byte, auth.Account, error) {
	session, ok := i.sessions(access)
	if !ok {
		return nil, auth.Account{}, auth.ErrNoSuchUser
	}
	if err := session.check(token, time.Now()); err != nil {
		return nil, auth.Account{}, err
	}
	return session.signingKey(date, region, service), session.account(), nil
}

// principal matches the ARNs of a role and of a session.
var principal = regexp.MustCompile(`^arn:aws[a-z-]*:(` +
	`iam::\d{12}:role/[\w+=,.@/-]+|` +
	`sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]{2,64})$`)

// ResolvePrincipals returns those of a new bucket policy that cannot exist.
// AWS would ask IAM for the roles; here every well-formed name is taken, since
// sessions come after policies.
func (i identities) ResolvePrincipals(principals []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(principals), principal.MatchString), nil
}

// Interface guards.
var (
	_ auth.IAMService         = identities{}
	_ auth.SigningKeyProvider = identities{}
	_ auth.PrincipalResolver  = identities{}
)
