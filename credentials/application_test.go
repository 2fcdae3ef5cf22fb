package credentials_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// eachApplication runs a test for every service that may have an application
// behind it.
func eachApplication(t *testing.T, test func(*testing.T, credentials.Target)) {
	for _, service := range []string{"execute-api", "lambda", "vpc-lattice-svcs", "appsync"} {
		t.Run(service, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, credentials.Target{Service: service, Region: "eu-west-1"}) })
		})
	}
}

// TestAnApplicationDoesNotSetTheClock: one answer would change the signatures of
// all users.
func TestAnApplicationDoesNotSetTheClock(t *testing.T) {
	eachApplication(t, func(t *testing.T, to credentials.Target) {
		for _, code := range []string{"RequestTimeTooSkewed", "InvalidSignatureException"} {
			w := newWorld(t, to, always(403, `{"message":"Signature expired: …"}`, "X-Amzn-Errortype", code, "Date", dated(time.Now().Add(time.Hour))))
			_, err := w.Send(request(t, "GET", object, ""), user("jo"))
			wantMisconfigured(t, err, credentials.MisconfiguredError{Key: "clock", Code: code})
			if w.store.count() != 1 || !w.Now().Equal(time.Now()) {
				t.Errorf("%s: expected the clock to stay, got %v after %d requests", code, w.Now(), w.store.count())
			}
		}
		for _, method := range []string{"GET", "HEAD"} {
			w := newWorld(t, to, always(403, "", "Date", dated(time.Now().Add(time.Hour))))
			if answer := w.fine(t, request(t, method, object, "")); answer.StatusCode != 403 || w.store.count() != 1 || !w.Now().Equal(time.Now()) {
				t.Errorf("%s: expected the answer as it is, got %d after %d requests", method, answer.StatusCode, w.store.count())
			}
		}
	})
}

// TestAnApplicationGetsABodyOnce: it may have acted on it and then have written
// the refusal itself.
func TestAnApplicationGetsABodyOnce(t *testing.T) {
	eachApplication(t, func(t *testing.T, to credentials.Target) {
		w := newWorld(t, to, first(403, "", "X-Amzn-Errortype", "ExpiredTokenException"))
		_, err := w.Send(request(t, "POST", object, "hello"), user("jo"))
		if unavailable, ok := errors.AsType[*credentials.UnavailableError](err); !ok || unavailable.RetryAfter != time.Second || w.store.count() != 1 {
			t.Errorf("expected an UnavailableError after one request, got %v after %d", err, w.store.count())
		}
		w.fine(t, request(t, "POST", object, "hello"))
		if w.provider.count() != 2 {
			t.Errorf("expected other credentials for the next request, got %d exchanges", w.provider.count())
		}
	})
}

// TestAnApplicationsAnswerIsNotHeldBack: it may come bit by bit.
func TestAnApplicationsAnswerIsNotHeldBack(t *testing.T) {
	eachApplication(t, func(t *testing.T, to credentials.Target) {
		read := 0
		w := newWorld(t, to, func(int, *http.Request) *http.Response {
			answer := says(403, "")
			answer.Body = &closing{&counting{zeros{}, &read}, func() {}}
			return answer
		})
		if w.fine(t, request(t, "GET", object, "")); read != 0 {
			t.Errorf("expected the body to be left alone, read %d", read)
		}
	})
}

func TestTheSenderTellsTheTimeOfTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, first(403, s3Error("RequestTimeTooSkewed"), "Date", dated(time.Now().Add(time.Hour))))
		if !w.Now().Equal(time.Now()) {
			t.Errorf("expected this machine's time at first, got %v", w.Now())
		}
		w.fine(t, request(t, "GET", object, ""))
		if want := time.Now().Add(time.Hour); !w.Now().Equal(want) {
			t.Errorf("expected %v, got %v", want, w.Now())
		}
	})
}
