package faults_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// cognito makes an endpoint of Cognito fail while the row lasts, which must not
// end before the endpoint was asked.
func (r row) cognito(endpoint cognitolocal.Endpoint, fault cognitolocal.Fault) row {
	before := 0
	r.begin = func(w *world) {
		before = w.cognito.Requests(endpoint)
		w.cognito.SetFault(endpoint, fault)
	}
	r.end = func(w *world) { w.cognito.SetFault(endpoint, cognitolocal.Fault{}) }
	r.met = func(w *world) error {
		if n := w.cognito.Requests(endpoint) - before; n < 2 {
			return fmt.Errorf("%s was asked %d times", endpoint, n)
		}
		return nil
	}
	return r
}

// ofStore makes the store fail while the row lasts.
func (r row) ofStore(fault http.HandlerFunc) row {
	before := int64(0)
	r.begin = func(w *world) {
		before = w.store.asked.Load()
		w.store.failWith(fault)
	}
	r.end = func(w *world) { w.store.failWith(nil) }
	r.met = func(w *world) error {
		if w.store.asked.Load()-before < 4 {
			return errors.New("the store was not asked")
		}
		return nil
	}
	return r
}

// ofStorage makes the storage of Caddy fail while the row lasts.
func (r row) ofStorage(how string) row {
	r.begin = func(w *world) { w.breakStorage(how) }
	r.end = func(w *world) { w.breakStorage("") }
	r.met = after(aRefresh)
	return r
}

// clockMoves moves the clocks of everybody but Caddy, which is as if Caddy's had
// moved the other way.
func (r row) clockMoves(by time.Duration) row {
	r.begin = func(w *world) { w.clock.move(by) }
	r.end = func(w *world) { w.clock.move(0) }
	r.met = after(func(*world) time.Duration { return 2 * time.Second })
	return r
}

// after has a row last for a while at least.
func after(while func(*world) time.Duration) func(*world) error {
	var since time.Time
	return func(w *world) error {
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < while(w) {
			return errors.New("it has just begun")
		}
		return nil
	}
}

// aRefresh is long enough for sessions to be refreshed.
func aRefresh(w *world) time.Duration { return w.tokens }

// What services answer that are not themselves.
var (
	// htmlPage is that of a proxy in between, with the status of success.
	htmlPage = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Welcome</title><p>Please accept the terms of this network.")
	}
	// truncated is JSON that ends too early, and says so.
	truncated = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","kid":"`)
	}
	// shorter breaks off before the announced length.
	shorter = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "4096")
		_, _ = io.WriteString(w, `{"keys":[`)
	}
	// breaksOff is a store that goes down in the middle.
	breaksOff = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			panic(http.ErrAbortHandler)
		}
		shorter(w, r)
	}
	// empty is a success without a word. That is what Cognito answers when a token
	// was revoked, so nobody could tell there.
	empty = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RevokeToken") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
)

// hang answers when the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or nobody would notice
	<-r.Context().Done()
}
