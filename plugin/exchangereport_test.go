package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

type causes []error

func (c causes) Error() string   { return "outer" }
func (c causes) Unwrap() []error { return c }

// Stores repeat the token that they refuse.
func TestLoggedCausesHoldNoToken(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqbyJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	for _, said := range []string{token, "Token " + token + " is expired", "two: " + token + "," + token, strings.Repeat("x", 4000) + token} {
		got := withoutTokens(errors.New(said)).Error()
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(got, part) {
				t.Errorf("expected no token, got %s", got)
			}
		}
		if len(got) > maxCause {
			t.Errorf("expected %d bytes at most, got %d", maxCause, len(got))
		}
	}
}

func TestCause(t *testing.T) {
	inner, reason := errors.New("what the service said"), errors.New("reason")
	for _, row := range []struct {
		name      string
		err, want error
	}{
		{"an outage", &credentials.UnavailableError{Err: inner}, inner},
		{"a refusal, whose cause is last", causes{reason, inner}, inner},
		{"an error that wraps nothing", reason, reason},
		{"an outage without a cause", &credentials.UnavailableError{}, &credentials.UnavailableError{}},
	} {
		if got := cause(row.err); got != row.want && got.Error() != row.want.Error() {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
	empty := causes{}
	if got := cause(empty); got.Error() != empty.Error() {
		t.Errorf("expected an error without causes as it is, got %v", got)
	}
}

func TestExchangesAreReported(t *testing.T) {
	down := credentials.Exchange{Err: &credentials.UnavailableError{Err: errors.New("connection refused")}}
	denied := credentials.Exchange{Err: credentials.ErrDenied}
	rejected := credentials.Exchange{Err: credentials.ErrTokenRejected}
	mistake := credentials.Exchange{Err: &credentials.MisconfiguredError{Key: "web_identity"}}
	canceled := credentials.Exchange{Err: context.Canceled}
	var up credentials.Exchange
	const (
		outage  = "warn cannot get credentials; those that are valid are used meanwhile, and requests of other users get status 503"
		refused = "warn credentials were refused; if all users are, check the roles and their trust policies, and that the exchange knows the user pool and the app client"
		nobody  = "error nobody can get credentials as it is configured"
		again   = "info credentials can be got again"
	)
	for _, row := range []struct {
		name   string
		events []credentials.Exchange
		want   []string
	}{
		{"nothing happens", []credentials.Exchange{up, up}, nil},
		{"a long outage is one warning", []credentials.Exchange{up, down, down, down, up, up}, []string{outage, again}},
		{"two outages are two", []credentials.Exchange{down, up, down}, []string{outage, again, outage}},
		{"many refusals are one warning a minute", []credentials.Exchange{denied, denied, denied}, []string{refused}},
		{"tokens that are not accepted are another warning", []credentials.Exchange{denied, rejected, rejected}, []string{refused, refused}},
		{"a refusal does not end an outage", []credentials.Exchange{down, rejected, down}, []string{outage, refused}},
		{"a mistake that all requests meet is one error a minute", []credentials.Exchange{mistake, mistake, mistake}, []string{nobody}},
		{"a mistake is told beside refusals", []credentials.Exchange{denied, mistake, denied, mistake}, []string{refused, nobody}},
		{"the end of the process is no outage", []credentials.Exchange{canceled}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			app, err := loadApp(newContext(t))
			if err != nil {
				t.Fatal(err)
			}
			core, logs := observer.New(zapcore.InfoLevel)
			env := *app.env
			env.logger = zap.New(core)
			e := &exchange{exchangeSpec: exchangeSpec{Name: "media", Kind: "identity_pool"}}
			e.env.Store(&env)
			for _, event := range row.events {
				e.observe(event)
			}
			wantLogged(t, logs, row.want)
		})
	}
}

func TestExchangesInMetricsAndStatus(t *testing.T) {
	c := newCloud(t)
	ctx := c.context(t)
	r := signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil)
	if _, _, err := exchangeNamed(t, ctx, "media").grant(r.Context()); err != nil {
		t.Fatal(err)
	}
	if got := cacheEntries()[exchangeLabels{"media", "identity_pool"}]; got != 1 {
		t.Errorf("expected one user, got %d", got)
	}
	if n := testutil.CollectAndCount(metrics.live, "caddy_cognito_credential_cache_entries", "caddy_cognito_jwks_keys"); n < 4 {
		t.Errorf("expected an entry for each exchange, got %d", n)
	}
	status, body := callAdmin(t, http.MethodGet, "/cognito/status")
	for _, secret := range []string{"ASIAKEY", "secret\"", testSub, identityID, "session\""} {
		if strings.Contains(body, secret) {
			t.Errorf("the status tells %s: %s", secret, body)
		}
	}
	var got struct {
		Credentials []exchangeStatus `json:"credentials"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("expected the status, got %d %s: %v", status, body, err)
	}
	for i, name := range []string{"basic", "guests", "media", "sts"} {
		e := got.Credentials[i]
		used := name == "media"
		if e.Name != name || (e.Entries == 1) != used || (e.LastResult == "ok") != used || (e.NextExpiry != nil && e.OldestObtained != nil && e.LastExchange != nil) != used {
			t.Errorf("expected %s, in use %v, got %+v", name, used, e)
		}
	}
}
