package plugin

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestAnOutageIsTwoLinesInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		o := &outage{began: "began", ended: "ended"}
		note := func(reasons ...string) {
			for _, reason := range reasons {
				o.observe(zap.New(core), reason)
			}
		}
		for _, step := range []struct {
			name    string
			reasons []string
			want    []string
		}{
			{"all is well", []string{"", ""}, nil},
			{"it lasts", []string{"down", "down", "slow", "down"}, []string{"began"}},
			{"it is over", []string{"", ""}, []string{"ended"}},
			{"every other attempt fails within the minute", []string{"down", "", "down", ""}, nil},
		} {
			note(step.reasons...)
			got := logs.TakeAll()
			if len(got) != len(step.want) || len(got) == 1 && got[0].Message != step.want[0] {
				t.Errorf("%s: expected %q, got %v", step.name, step.want, got)
			}
		}
		note("down")
		time.Sleep(outageEvery)
		note("slow")
		if got := logs.TakeAll(); len(got) != 1 || got[0].Level != zapcore.WarnLevel || o.last() != "slow" {
			t.Errorf("expected another outage after a minute, got %v", got)
		}
	})
}

func TestRefreshReason(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want string
	}{
		{"Cognito throttles", &signin.UnavailableError{Throttled: true}, "throttled"},
		{"Cognito is down", &session.UnavailableError{Err: &signin.UnavailableError{}}, "unavailable"},
		{"the client secret is wrong", &signin.Error{Reason: signin.ErrMisconfigured}, "misconfigured"},
		{"something else", errors.New("x"), "other"},
	} {
		if got := refreshReason(row.err); got != row.want {
			t.Errorf("%s: expected %q, got %q", row.name, row.want, got)
		}
	}
}
