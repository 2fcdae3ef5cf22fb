package cognitolocal_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

func TestFaultsOfTheKeySet(t *testing.T) {
	tests := []struct {
		name   string
		fault  cognitolocal.Fault
		status int
		check  func(*testing.T, *http.Response, string)
	}{
		{name: "none serves the keys", status: http.StatusOK, check: func(t *testing.T, _ *http.Response, body string) {
			if !strings.Contains(body, `"kid"`) {
				t.Error("expected keys")
			}
		}},
		{name: "a status is answered", fault: cognitolocal.FaultStatus(503), status: http.StatusServiceUnavailable},
		{name: "a handler answers", fault: cognitolocal.FaultHandler(http.NotFound), status: http.StatusNotFound},
		{name: "a slow answer comes in the end", fault: cognitolocal.FaultSlow(time.Millisecond), status: http.StatusOK},
		{name: "garbage is not JSON", fault: cognitolocal.FaultGarbage(), status: http.StatusOK, check: func(t *testing.T, r *http.Response, body string) {
			if r.Header.Get("Content-Type") != "application/json" || strings.HasPrefix(body, "{") {
				t.Error("expected text that claims to be JSON")
			}
		}},
		{name: "an empty set has no keys", fault: cognitolocal.FaultEmptyKeySet(), status: http.StatusOK, check: func(t *testing.T, _ *http.Response, body string) {
			if body != `{"keys":[]}` {
				t.Errorf("expected no keys, got %q", body)
			}
		}},
		{name: "a huge answer is far above ten megabytes", fault: cognitolocal.FaultHuge(), status: http.StatusOK, check: func(t *testing.T, _ *http.Response, body string) {
			if len(body) < 60<<20 {
				t.Errorf("expected 64 MiB, got %d bytes", len(body))
			}
		}},
		{
			name: "a redirect names another host", fault: cognitolocal.FaultRedirect("http://other.test/keys"),
			status: http.StatusTemporaryRedirect, check: func(t *testing.T, r *http.Response, _ string) {
				if got := r.Header.Get("Location"); got != "http://other.test/keys" {
					t.Errorf("expected the other host, got %q", got)
				}
			},
		},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.Requests(cognitolocal.EndpointJWKS)
			w.SetFault(cognitolocal.EndpointJWKS, tt.fault)
			resp, body := w.get(t, jwks)
			if resp.StatusCode != tt.status {
				t.Errorf("expected status %d, got %d", tt.status, resp.StatusCode)
			}
			if tt.check != nil {
				tt.check(t, resp, body)
			}
			if got := w.Requests(cognitolocal.EndpointJWKS) - before; got != 1 {
				t.Errorf("expected one request to be counted, got %d", got)
			}
		})
	}
	if w.signIn(t); w.Requests(cognitolocal.EndpointAPI) != 1 {
		t.Error("expected the API to be on its own")
	}
}

// waitFor polls until the condition holds, for as long as no machine needs.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatal("the condition never held")
		case <-tick.C:
		}
	}
}

// hang starts a sign-in against a hanging API and returns its result to come.
func hang(t *testing.T, ctx context.Context, w *world) <-chan error {
	t.Helper()
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultHang())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(`{"AccessToken":"x"}`))
	noError(t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.GetUser")
	done := make(chan error, 1)
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
			err = errors.New(resp.Status)
		}
		done <- err
	}()
	waitFor(t, func() bool { return w.Requests(cognitolocal.EndpointAPI) == 1 })
	return done
}

func TestHangEndsWithTheClient(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := hang(t, ctx, w)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("expected the client's own end, got %v", err)
	}
}

func TestHangEndsWithTheSwitchAndKeepsTheRequest(t *testing.T) {
	w := newWorld(t)
	done := hang(t, t.Context(), w)
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultSlow(time.Hour)) // which is a change, too
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.Fault{})
	if err := <-done; err == nil || err.Error() != "400 Bad Request" {
		t.Errorf("expected the refusal of the token, got %v", err)
	}
	if got := w.Requests(cognitolocal.EndpointAPI); got != 1 {
		t.Errorf("expected one request, got %d", got)
	}
}

func TestHangEndsWithTheServer(t *testing.T) {
	w := newWorld(t)
	done := hang(t, t.Context(), w)
	noError(t, w.Close())
	if err := <-done; err == nil || strings.HasPrefix(err.Error(), "4") {
		t.Errorf("expected a broken connection, got %v", err)
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	w := newWorld(t)
	try := func() error {
		_, err := w.auth(t, types.AuthFlowTypeUserPasswordAuth, webClient, "USERNAME", "jo", "PASSWORD", password)
		return err
	}
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultAPI("TooManyRequestsException", "Rate exceeded"))
	if _, ok := errors.AsType[*types.TooManyRequestsException](try()); !ok {
		t.Error("expected a typed throttle")
	}
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultAPI("InternalErrorException", "x"))
	err := try()
	if _, ok := errors.AsType[*types.InternalErrorException](err); !ok || !strings.Contains(err.Error(), "StatusCode: 500") {
		t.Errorf("expected an internal error with 500, got %v", err)
	}
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultWAF())
	if err := try(); err == nil || !strings.Contains(err.Error(), "StatusCode: 403") {
		t.Errorf("expected 403, got %v", err)
	}
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultGarbage())
	if try() == nil {
		t.Error("expected garbage to be an error")
	}
	w.SetFault("no such endpoint", cognitolocal.FaultStatus(500))
	w.SetFault(cognitolocal.EndpointAPI, cognitolocal.FaultStatus(500).Times(0))
	noError(t, try())
}

func TestFaultTimes(t *testing.T) {
	w := newWorld(t)
	w.SetFault(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(503).Times(2))
	for i, want := range []int{503, 503, 200, 200} {
		if resp, _ := w.get(t, jwks); resp.StatusCode != want {
			t.Errorf("request %d: expected %d, got %d", i+1, want, resp.StatusCode)
		}
	}
}
