package versity

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	readers = "arn:aws:iam::123456789012:role/readers"
	writers = "arn:aws:iam::123456789012:role/writers"
	alice   = "arn:aws:sts::123456789012:assumed-role/readers/alice"
	bob     = "arn:aws:sts::123456789012:assumed-role/readers/bob"
	site    = "site"
)

// policy lets readers read everything and alice write below u/alice.
const policy = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Principal": {"AWS": "` + readers + `"},
	 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"},
	{"Effect": "Allow", "Principal": {"AWS": "` + alice + `"},
	 "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::site/u/alice/*"}]}`

// issuer stands for an STS.
type issuer struct {
	mu       sync.Mutex // guards sessions
	sessions map[string]Session
}

func (i *issuer) find(accessKeyID string) (Session, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	s, ok := i.sessions[accessKeyID]
	return s, ok
}

// issue makes credentials, which change may change before they are remembered.
func (i *issuer) issue(role, session string, change func(*Session)) Session {
	s := Session{
		AccessKeyID: "ASIA" + rand.Text()[:16], SecretAccessKey: rand.Text(), SessionToken: rand.Text() + "/+=",
		Expires: time.Now().Add(time.Hour), RoleARN: role, SessionARN: session,
	}
	if change != nil {
		change(&s)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.sessions == nil {
		i.sessions = map[string]Session{}
	}
	i.sessions[s.AccessKeyID] = s
	return s
}

func (i *issuer) revoke(s Session) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.sessions, s.AccessKeyID)
}

// started runs a gateway with the bucket site, its policy and one object.
func started(t *testing.T, o Options) *Gateway {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	g, err := Start(o)
	noError(t, err)
	t.Cleanup(func() { noError(t, g.Close()) })
	noError(t, g.CreateBucket(t.Context(), site))
	noError(t, g.PutPolicy(t.Context(), site, policy))
	noError(t, g.PutObject(t.Context(), site, "index.html", []byte("hello"), ObjectOptions{
		ContentType: "text/html", ContentEncoding: "identity", CacheControl: "no-store", Metadata: map[string]string{"who": "me"},
	}))
	return g
}

// client signs with a session's credentials through the SDK.
func client(g *Gateway, s Session, change ...func(*s3.Options)) *s3.Client {
	o := s3.Options{
		BaseEndpoint: aws.String(g.URL()), Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		HTTPClient:                 &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: s.SessionToken}, nil
		}),
	}
	return s3.New(o, change...)
}

func get(t *testing.T, c *s3.Client, key string) (string, error) {
	t.Helper()
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(site), Key: &key})
	if err != nil {
		return "", err
	}
	defer func() { noError(t, out.Body.Close()) }()
	var body bytes.Buffer
	_, err = body.ReadFrom(out.Body)
	return body.String(), err
}

func put(t *testing.T, c *s3.Client, key, body string) error {
	t.Helper()
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(site), Key: &key, Body: bytes.NewReader([]byte(body)),
	})
	return err
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks the error code of the store. An empty one means success.
func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		noError(t, err)
		return
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		t.Fatalf("expected %q, got %v", want, err)
	}
	if answer.ErrorCode() != want {
		t.Errorf("expected %q, got %q: %s", want, answer.ErrorCode(), answer.ErrorMessage())
	}
}
