package plugin

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// observedProblems logs to memory, from level DEBUG.
func observedProblems() (*problemLog, *observer.ObservedLogs) {
	core, logs := observer.New(zapcore.DebugLevel)
	return &problemLog{logger: zap.New(core), audit: newAuditLog(zap.New(core))}, logs
}

// levelsOf is level, key or reason, of what was logged.
func levelsOf(logs *observer.ObservedLogs) (all []string) {
	for _, entry := range logs.TakeAll() {
		fields := entry.ContextMap()
		key := fields["key"]
		if key == nil {
			key = fields["reason"]
		}
		all = append(all, fmt.Sprint(entry.Level, " ", key))
	}
	return all
}

func TestProblemsAreToldOnceAMinute(t *testing.T) {
	p, logs := observedProblems()
	region := &credentials.MisconfiguredError{Key: "region", Got: "eu-west-1", Want: "eu-west-2"}
	for range 3 {
		p.report(region)
		p.report(fmt.Errorf("wrapped: %w", &credentials.MisconfiguredError{Key: "bucket"}))
		p.report(errors.New("something else"))
	}
	if got, want := levelsOf(logs), []string{"error region", "error bucket", "error other"}; !reflect.DeepEqual(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
	p.last["region"] = time.Now().Add(-problemEvery)
	p.report(region)
	p.report(region)
	if got, want := levelsOf(logs), []string{"error region"}; !reflect.DeepEqual(got, want) {
		t.Errorf("expected %q a minute later, got %q", want, got)
	}
}

func TestRefusalsAreForUsersUnlessAnOperatorCanEndThem(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want []string // of three
	}{
		{"a route without cognito_auth", errNoAuth, []string{"warn no_auth", "debug no_auth", "debug no_auth", "debug no_auth"}},
		{"a route for access tokens", errNotIDToken, []string{"warn not_id_token", "debug not_id_token", "debug not_id_token", "debug not_id_token"}},
		{"a session on a route for access tokens", errSessionUse, []string{"warn session_token_use", "debug session_token_use", "debug session_token_use", "debug session_token_use"}},
		{"a pool that is not exchanged", errForeignPool, []string{"warn foreign_pool", "debug foreign_pool", "debug foreign_pool", "debug foreign_pool"}},
		{"no token", errNoToken, []string{"debug missing", "debug missing", "debug missing"}},
		{"no role", credentials.ErrNoRole, []string{"debug no_role", "debug no_role", "debug no_role"}},
		{"dot segments", credentials.ErrPath, []string{"debug path", "debug path", "debug path"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, logs := observedProblems()
			for range 3 {
				p.logRefusal(newRequest("GET", "/"), refusalOf(row.err), row.err)
			}
			if got := levelsOf(logs); !reflect.DeepEqual(got, row.want) {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

// TestRefusalsOfStores have the statuses that the documentation says.
func TestRefusalsOfStores(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		status int
		reason string
		retry  time.Duration
	}{
		{"a token that the exchange does not take", credentials.ErrTokenRejected, 401, "token_rejected", 0},
		{"an access token", errNotIDToken, 401, "not_id_token", 0},
		{"a pool that is not exchanged", errForeignPool, 401, "foreign_pool", 0},
		{"a denial", credentials.ErrDenied, 403, "denied", 0},
		{"no role", credentials.ErrNoRole, 403, "no_role", 0},
		{"no place in the bucket", errNoPrefix, 403, "no_prefix", 0},
		{"another site", errCrossOrigin, 403, "cross_origin", 0},
		{"an outage", &credentials.UnavailableError{RetryAfter: 7 * time.Second}, 503, "unavailable", 7 * time.Second},
		{"an outage that does not say how long", &credentials.UnavailableError{}, 503, "unavailable", time.Second},
		{"an answer that cannot be read", credentials.ErrAnswer, 502, "answer", 0},
		{"a wrong region", &credentials.MisconfiguredError{Key: "region"}, 502, "misconfigured", 0},
		{"a request that the store must not be asked", &s3RequestError{"header", "X-Amz-Acl"}, 400, "store_request", 0},
		{"dot segments", credentials.ErrPath, 400, "path", 0},
		{"a path that names no object", errKey, 400, "path", 0},
		{"another method", errMethod, 405, "method", 0},
		{"no length", credentials.ErrLengthRequired, 411, "length_required", 0},
		{"a body that is too large", credentials.ErrBodyTooLarge, 413, "too_large", 0},
		{"an upload that is too large", errUploadTooLarge, 413, "too_large", 0},
		{"a body that is shorter than announced", credentials.ErrBodyLength, 400, "body_length", 0},
		{"no cognito_auth", errNoAuth, 500, "no_auth", 0},
		{"a session without an ID token", errSessionUse, 500, "session_token_use", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, err := range []error{row.err, fmt.Errorf("wrapped: %w", row.err)} {
				got := refusalOf(err)
				if got.status != row.status || got.reason != row.reason || got.retryAfter != row.retry || (got.challenge != "") != (row.status == 401) {
					t.Errorf("expected %d %s after %v, got %+v", row.status, row.reason, row.retry, got)
				}
			}
			detail := problemOf(refusalOf(row.err), row.err).Detail
			if hidden := detail == "the request cannot be served"; hidden != (row.status == 502 || row.status == 500) {
				t.Errorf("unexpected detail %q", detail)
			}
		})
	}
}
