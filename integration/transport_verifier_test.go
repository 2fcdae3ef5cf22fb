package integration_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// TestTheServiceKnowsSignaturesOfAWS holds the service's arithmetic against
// signatures that AWS publishes (aws-signing-test-suite).
func TestTheServiceKnowsSignaturesOfAWS(t *testing.T) {
	for _, row := range []struct{ name, target, want string }{
		{"nothing but a host", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"redundant slashes", "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
		{"a query in another order", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{
				Method: "GET", RequestURI: row.target, Host: "example.amazonaws.com", Header: http.Header{"X-Amz-Date": {"20150830T123600Z"}},
			}
			s := sigv4{"AKIDEXAMPLE", "20150830", "us-east-1", "service", []string{"host", "x-amz-date"}, ""}
			got, err := s.of(r, hexHash(nil), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
			if got != row.want || err != nil {
				t.Errorf("expected %s, got %s, %v", row.want, got, err)
			}
		})
	}
}

// issued is a service with a session that it accepts.
func issued(t *testing.T, name string) (*awsService, cognitolocal.Session) {
	t.Helper()
	srv := newPool(t, cognitolocal.Options{})
	pool, err := srv.AddIdentityPool(cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole})
	check(t, err)
	w := &storeWorld{world: &world{T: t, cognito: srv, pool: srv.Pool(), upstream: new(recorder)}, identities: pool}
	id, token := w.identityOf("jo"), w.tokenOf("jo", nil)
	got := roundTrip(t, http.DefaultClient, "POST", w.caddyExpand("$COGNITO/"),
		`{"IdentityId":"`+id+`","Logins":{"`+srv.Pool().ProviderName()+`":"`+token+`"}}`,
		"Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSCognitoIdentityService.GetCredentialsForIdentity")
	key := decode(t, got.body)["Credentials"].(map[string]any)["AccessKeyId"].(string)
	session, ok := srv.Session(key)
	if !ok {
		t.Fatalf("expected a session, got %s", got.body)
	}
	return newService(t, name, srv, nil), session
}

// signedBySDK is a request as an application with AWS's own SDK sends it.
func signedBySDK(t *testing.T, s *awsService, session cognitolocal.Session, method, target, body string, at time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.addr+target, strings.NewReader(body))
	check(t, err)
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	hash := hexHash([]byte(body))
	if s.name == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	creds := aws.Credentials{AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey, SessionToken: session.SessionToken}
	check(t, v4.NewSigner().SignHTTP(t.Context(), creds, r, hash, s.name, serviceRegion, at,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.name == "s3" }))
	return r
}

func TestTheServiceAcceptsWhatTheSDKSigns(t *testing.T) {
	for _, name := range []string{"dynamodb", "execute-api", "s3"} {
		s, session := issued(t, name)
		targets := []string{"/", "/a%20b/caf%C3%A9", "/a~b-c_d.e", "/a%25", "/?b=2&a=1&a=%20&c", "/x?q=%2B%2F%3D&Q=caf%C3%A9"}
		if name != "s3" { // where the SDK's users must not escape a slash
			targets = append(targets, "/%2Fa%2f")
		}
		for _, target := range targets {
			for _, body := range []string{"", `{"TableName":"a"}`} {
				t.Run(name+" "+target, func(t *testing.T) {
					answer, err := http.DefaultClient.Do(signedBySDK(t, s, session, "POST", target, body, time.Now()))
					check(t, err)
					defer answer.Body.Close()
					if got, err := io.ReadAll(answer.Body); string(got) != session.Subject || err != nil {
						t.Errorf("expected to be served as the user, got %s, %v", got, err)
					}
				})
			}
		}
	}
}

// TestTheServiceRefuses what was changed after it was signed, or never was.
func TestTheServiceRefuses(t *testing.T) {
	const body = `{"TableName":"a"}`
	s, session := issued(t, "dynamodb")
	rows := []struct {
		name   string
		change func(*http.Request)
		code   string
	}{
		{"another method", func(r *http.Request) { r.Method = "PUT" }, "InvalidSignatureException"},
		{"another path", func(r *http.Request) { r.URL.Path = "/other" }, "InvalidSignatureException"},
		{"a path encoded in another way", func(r *http.Request) { r.URL.RawPath = "/a%62" }, "InvalidSignatureException"},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "a=2" }, "InvalidSignatureException"},
		{"another body", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2 }, "InvalidSignatureException"},
		{"another host", func(r *http.Request) { r.Host = "elsewhere.example" }, "InvalidSignatureException"},
		{"another operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable") }, "InvalidSignatureException"},
		{"a header more", func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, "IncompleteSignatureException"},
		{"a header less", func(r *http.Request) { r.Header.Del("X-Amz-Target") }, "IncompleteSignatureException"},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, "IncompleteSignatureException"},
		{"two signatures", func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, "IncompleteSignatureException"},
		{"two dates", func(r *http.Request) { r.Header.Add("X-Amz-Date", r.Header.Get("X-Amz-Date")) }, "IncompleteSignatureException"},
		{"no session token", func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }, "IncompleteSignatureException"},
		{"another session token", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") }, "UnrecognizedClientException"},
		{"a signature of another algorithm", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "IncompleteSignatureException"},
		{"a later date", func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().Add(time.Minute).UTC().Format("20060102T150405Z"))
		}, "InvalidSignatureException"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := signedBySDK(t, s, session, "POST", "/ab?a=1", body, time.Now())
			row.change(r)
			s.wantFault(t, r, row.code)
		})
	}
	other := session
	other.SecretAccessKey += "x"
	for name, r := range map[string]*http.Request{
		"another secret":       signedBySDK(t, s, other, "POST", "/", body, time.Now()),
		"an old signature":     signedBySDK(t, s, session, "POST", "/", body, time.Now().Add(-6*time.Minute)),
		"one of the future":    signedBySDK(t, s, session, "POST", "/", body, time.Now().Add(6*time.Minute)),
		"one for another name": signedBySDK(t, &awsService{name: "sqs", addr: s.addr}, session, "POST", "/", body, time.Now()),
	} {
		t.Run(name, func(t *testing.T) { s.wantFault(t, r, "InvalidSignatureException") })
	}
}

func (s *awsService) wantFault(t *testing.T, r *http.Request, code string) {
	t.Helper()
	w := httptest.NewRecorder()
	r.RequestURI = r.URL.RequestURI()
	if r.URL.RawPath != "" && r.URL.Path != "/other" {
		r.RequestURI = r.URL.RawPath + "?" + r.URL.RawQuery
	}
	s.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "#"+code) {
		t.Errorf("expected %s, got %d %s", code, w.Code, w.Body)
	}
}
