//go:build interop

package minio_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/minio"
)

const (
	client = "1storageexample"
	site   = "site"

	// policy lets each user read everything and write below u/<sub>.
	policy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"},
		{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/u/${jwt:sub}/*"}]}`
)

// world is a user pool with jo in the group staff and mo in none, and a MinIO
// that trusts it.
type world struct {
	*testing.T
	pool   *cognitolocal.Pool
	jo     string // sub
	server *minio.Server
}

func newWorld(t *testing.T, o minio.Options) *world {
	t.Helper()
	cognito, err := cognitolocal.New(cognitolocal.Options{})
	noError(t, err)
	_, err = cognito.Start("")
	noError(t, err)
	t.Cleanup(func() { noError(t, cognito.Close()) })
	w := &world{T: t, pool: cognito.Pool()}
	noError(t, w.pool.AddClient(cognitolocal.Client{ID: client}))
	noError(t, w.pool.AddGroup(cognitolocal.Group{Name: "staff"}))
	w.jo, err = w.pool.AddUser(cognitolocal.User{Username: "jo", Groups: []string{"staff"}})
	noError(t, err)
	_, err = w.pool.AddUser(cognitolocal.User{Username: "mo"})
	noError(t, err)
	o.Dir, o.ClientID, o.DiscoveryURL = t.TempDir(), client, w.pool.Issuer()+"/.well-known/openid-configuration"
	w.start(o)
	return w
}

// start runs MinIO with the bucket site, an object and the policy staff.
func (w *world) start(o minio.Options) {
	w.Helper()
	var err error
	w.server, err = minio.Start(w.Context(), o)
	noError(w.T, err)
	w.Cleanup(func() { noError(w.T, w.server.Close()) })
	noError(w.T, w.server.AddPolicy(w.Context(), "staff", policy))
	noError(w.T, w.server.CreateBucket(w.Context(), site))
	noError(w.T, w.server.PutObject(w.Context(), site, "index.html", []byte("hello"), minio.ObjectOptions{
		ContentType: "text/html", CacheControl: "no-store", Metadata: map[string]string{"who": "me"},
	}))
}

// idToken mints one with changed claims.
func (w *world) idToken(user string, change func(map[string]any)) string {
	w.Helper()
	token, err := w.pool.IDToken(user, client, change)
	noError(w.T, err)
	return token
}

// assume exchanges a token for credentials.
func (w *world) assume(token string) (*types.Credentials, error) {
	w.Helper()
	c := sts.New(sts.Options{
		BaseEndpoint: aws.String(w.server.URL()), Region: "us-east-1", Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	out, err := c.AssumeRoleWithWebIdentity(w.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String("arn:aws:iam::123456789012:role/any"), RoleSessionName: aws.String("jo"), WebIdentityToken: &token,
	})
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}

// s3 is a client that signs with credentials.
func (w *world) s3(c *types.Credentials, change ...func(*s3.Options)) *s3.Client {
	o := s3.Options{
		BaseEndpoint: aws.String(w.server.URL()), Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		HTTPClient:                 &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}, nil
		}),
	}
	return s3.New(o, change...)
}

func (w *world) put(c *s3.Client, key string) error {
	_, err := c.PutObject(w.Context(), &s3.PutObjectInput{
		Bucket: aws.String(site), Key: &key, Body: bytes.NewReader([]byte("text")),
	})
	return err
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks the error code of the server.
func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		t.Fatalf("expected %q, got %v", want, err)
	}
	if answer.ErrorCode() != want {
		t.Errorf("expected %q, got %q: %s", want, answer.ErrorCode(), answer.ErrorMessage())
	}
}

func TestInteropTheStoreEnforcesThePrefixOfAUser(t *testing.T) {
	w := newWorld(t, minio.Options{})
	credentials, err := w.assume(w.idToken("jo", nil))
	noError(t, err)
	c := w.s3(credentials)
	own := "u/" + w.jo + "/a +(b)@ü.txt"
	noError(t, w.put(c, own))
	wantCode(t, w.put(c, "u/other/note.txt"), "AccessDenied")
	wantCode(t, w.put(c, "index.html"), "AccessDenied")

	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(site), Key: aws.String("index.html")})
	noError(t, err)
	got := [...]string{aws.ToString(head.ContentType), aws.ToString(head.CacheControl), head.Metadata["who"]}
	if want := [...]string{"text/html", "no-store", "me"}; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
	keys, err := w.server.Keys(t.Context(), site)
	noError(t, err)
	if want := []string{"index.html", own}; !slices.Equal(keys, want) {
		t.Errorf("expected %q, got %q", want, keys)
	}
	body, err := w.server.GetObject(t.Context(), site, own)
	noError(t, err)
	if string(body) != "text" {
		t.Errorf("expected %q, got %q", "text", body)
	}
}

func TestInteropATokenThatProvesNothingGetsNoCredentials(t *testing.T) {
	w := newWorld(t, minio.Options{})
	access, err := w.pool.AccessToken("jo", client, nil)
	noError(t, err)
	for _, row := range []struct{ name, token, want string }{
		{"an access token", access, "InvalidParameterValue"},
		{"no policy for the user", w.idToken("mo", nil), "InvalidParameterValue"},
		{"for another client", w.idToken("jo", func(c map[string]any) { c["aud"] = "other" }), "InvalidParameterValue"},
		{"expired", w.idToken("jo", func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }), "InvalidParameterValue"},
		{"signed with the empty key", forged(""), "InvalidParameterValue"},
		{"signed with the client ID", forged(client), "InvalidParameterValue"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := w.assume(row.token)
			wantCode(t, err, row.want)
		})
	}
}

// forged is the token of the attack that Options' client secret is against.
func forged(key string) string {
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"alg":"HS256","typ":"JWT","kid":"`+client+`"}`)) + "." +
		encode([]byte(`{"iss":"x","sub":"x","aud":"`+client+`","exp":4102444800,"cognito:groups":["consoleAdmin"]}`))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(input))
	return input + "." + encode(mac.Sum(nil))
}

func TestInteropCredentialsAreChecked(t *testing.T) {
	w := newWorld(t, minio.Options{Region: "eu-west-1", Domain: "s3.test"})
	for _, row := range []struct {
		name   string
		change func(*types.Credentials)
		region string
		want   string
	}{
		{"a forged session token", func(c *types.Credentials) { c.SessionToken = aws.String("forged") }, "eu-west-1", "InvalidTokenId"},
		{"a wrong secret", func(c *types.Credentials) { *c.SecretAccessKey += "x" }, "eu-west-1", "SignatureDoesNotMatch"},
		{"an unknown access key", func(c *types.Credentials) { *c.AccessKeyId = "UNKNOWN" }, "eu-west-1", "InvalidAccessKeyId"},
		{"a wrong region", func(*types.Credentials) {}, "us-east-1", "AuthorizationHeaderMalformed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			credentials, err := w.assume(w.idToken("jo", nil))
			noError(t, err)
			row.change(credentials)
			_, err = w.s3(credentials, func(o *s3.Options) { o.Region = row.region }).GetObject(t.Context(),
				&s3.GetObjectInput{Bucket: aws.String(site), Key: aws.String("index.html")})
			wantCode(t, err, row.want)
		})
	}
}

func TestInteropHostsNameBucketsOfADomain(t *testing.T) {
	w := newWorld(t, minio.Options{Domain: "s3.test"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+"/index.html", nil)
	noError(t, err)
	req.Host = "site.s3.test"
	resp, err := http.DefaultClient.Do(req)
	noError(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	var body strings.Builder
	noError(t, resp.Write(&body))
	if !strings.Contains(body.String(), "<BucketName>site</BucketName>") {
		t.Errorf("the bucket is not found in the host: %s", &body)
	}
}

func TestInteropStartTellsWhatIsWrong(t *testing.T) {
	for _, row := range []struct {
		name string
		o    minio.Options
		want string
	}{
		{"no directory", minio.Options{}, "Dir: required"},
		{"no client", minio.Options{Dir: t.TempDir(), DiscoveryURL: "http://127.0.0.1:1/"}, "one needs the other"},
		{"no issuer", minio.Options{Dir: t.TempDir(), DiscoveryURL: "http://127.0.0.1:1/", ClientID: client}, "refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := minio.Start(t.Context(), row.o)
			if err == nil {
				noError(t, s.Close())
			}
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected %q, got %v", row.want, err)
			}
		})
	}
}
