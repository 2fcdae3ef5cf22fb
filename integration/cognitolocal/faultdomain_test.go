package cognitolocal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// calls are requests to the endpoints of the domain that browsers and relying
// parties make.
var calls = map[cognitolocal.Endpoint]func(base string) (*http.Request, error){
	cognitolocal.EndpointAuthorize: func(base string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+"/oauth2/authorize?"+params().Encode(), nil)
	},
	cognitolocal.EndpointLogin: func(base string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+"/login?"+params().Encode(), nil)
	},
	cognitolocal.EndpointToken:    formTo("/oauth2/token"),
	cognitolocal.EndpointRevoke:   formTo("/oauth2/revoke"),
	cognitolocal.EndpointUserInfo: formTo("/oauth2/userInfo"),
	cognitolocal.EndpointLogout: func(base string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, base+"/logout", nil)
	},
}

func formTo(path string) func(string) (*http.Request, error) {
	return func(base string) (*http.Request, error) {
		req, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(url.Values{"client_id": {oauthClient}}.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
}

func TestFaultsOfEveryEndpointOfTheDomain(t *testing.T) {
	tests := []struct {
		name  string
		fault cognitolocal.Fault
		check func(status int, body []byte, err error) bool
	}{
		{"down", cognitolocal.FaultDown(), func(_ int, _ []byte, err error) bool { return errors.Is(err, io.EOF) }},
		{"throttling", cognitolocal.FaultThrottle(), func(status int, body []byte, err error) bool {
			return err == nil && status == http.StatusTooManyRequests && !json.Valid(body)
		}},
		{"garbage", cognitolocal.FaultGarbage(), func(status int, body []byte, err error) bool {
			return err == nil && status == http.StatusOK && bytes.HasPrefix(body, []byte{0})
		}},
		{"a slow answer", cognitolocal.FaultSlow(time.Millisecond), func(status int, body []byte, err error) bool {
			return err == nil && !bytes.HasPrefix(body, []byte{0}) && status != http.StatusTooManyRequests
		}},
		{"none in time", cognitolocal.FaultHang(), func(_ int, _ []byte, err error) bool { return err != nil }},
	}
	w := newHosted(t)
	transport := &http.Transport{DisableKeepAlives: true}
	for _, tt := range tests {
		for e, call := range calls {
			t.Run(tt.name+" of "+string(e), func(t *testing.T) {
				before := w.Calls(string(e))
				w.SetFault(e, tt.fault)
				defer w.SetFault(e, cognitolocal.Fault{})
				client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				if tt.name == "none in time" {
					client.Timeout = 50 * time.Millisecond
				}
				req, err := call(w.url)
				noError(t, err)
				resp, err := client.Do(req.WithContext(t.Context()))
				status, body := 0, []byte(nil)
				if err == nil {
					status = resp.StatusCode
					body, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
				}
				if !tt.check(status, body, err) {
					t.Errorf("unexpected answer %d %q %v", status, body, err)
				}
				if got := w.Calls(string(e)) - before; got != 1 {
					t.Errorf("expected one call to be counted, got %d", got)
				}
			})
		}
	}
}

func TestThrottleSpeaksTheProtocolOfTheEndpoint(t *testing.T) {
	w := newWorld(t)
	w.SetFault("InitiateAuth", cognitolocal.FaultThrottle())
	_, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", "jo", "PASSWORD", password)
	if _, ok := errors.AsType[*types.TooManyRequestsException](err); !ok {
		t.Errorf("expected TooManyRequestsException, got %v", err)
	}
	w.SetFault(cognitolocal.EndpointSTS, cognitolocal.FaultThrottle())
	resp, err := http.PostForm(w.url, url.Values{"Action": {"AssumeRoleWithWebIdentity"}})
	noError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	noError(t, err)
	if resp.StatusCode != http.StatusBadRequest || !bytes.Contains(body, []byte("<Code>Throttling</Code>")) {
		t.Errorf("expected the XML of STS, got %d %s", resp.StatusCode, body)
	}
}

func TestStepsOfTheHostedPagesAreCalls(t *testing.T) {
	w, b, p := mfaUser(t, cognitolocal.SMSMFA)
	before := w.Calls("login")
	w.SetFault(cognitolocal.EndpointLogin, cognitolocal.FaultStatus(http.StatusServiceUnavailable).Times(1))
	if got := b.submit(t, p, code, w.Pool().LastCode("kit")).status; got != http.StatusServiceUnavailable {
		t.Errorf("expected the fault, got %d", got)
	}
	b.submit(t, p, code, w.Pool().LastCode("kit")).done(t, w)
	if got := w.Calls("login") - before; got != 2 {
		t.Errorf("expected two calls, got %d", got)
	}
}

func TestPagesOfAllSitesMayCallTheAPI(t *testing.T) {
	w := newWorld(t)
	for method, wanted := range map[string]string{http.MethodOptions: "content-type,x-amz-target", http.MethodPost: ""} {
		req, err := http.NewRequestWithContext(t.Context(), method, w.url, nil)
		noError(t, err)
		req.Header.Set("Origin", "http://localhost:8080")
		req.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-target")
		resp, err := http.DefaultClient.Do(req)
		noError(t, err)
		_ = resp.Body.Close()
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("Access-Control-Allow-Headers") != wanted {
			t.Errorf("%s: unexpected headers %v", method, resp.Header)
		}
	}
	if got := w.Requests(cognitolocal.EndpointAPI); got != 1 {
		t.Errorf("expected the preflight not to count, got %d", got)
	}
}
