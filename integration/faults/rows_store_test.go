package faults_test

import (
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const misconfigured outcome = "502 misconfigured"

// both are downloads and uploads.
func both(must ...outcome) sights { return sights{readers: sees(must...), uploaders: sees(must...)} }

// exchangeRows are about credentials. Those of the world live for four seconds.
func exchangeRows() []row {
	pool := cognitolocal.EndpointIdentityPool
	return []row{
		row{name: "the identity pool takes 0.3 seconds longer"}.cognito(pool, cognitolocal.FaultSlow(300*time.Millisecond)),
		row{name: "the identity pool throttles", sees: both(served, unavailable)}.cognito(pool, cognitolocal.FaultThrottle()),
		row{name: "the identity pool breaks connections", sees: both(served, unavailable)}.cognito(pool, cognitolocal.FaultDown()),
		row{name: "the identity pool answers 500", sees: both(served, unavailable)}.cognito(pool, cognitolocal.FaultStatus(http.StatusInternalServerError)),
		row{name: "the identity pool answers a page of HTML with status 200", sees: both(served, "502 answer")}.cognito(pool, cognitolocal.FaultHandler(htmlPage)),
		row{name: "the identity pool answers truncated JSON", sees: both(served, "502 answer")}.cognito(pool, cognitolocal.FaultHandler(truncated)),
	}
}

// revoked must not come twice within half a minute: then the store is wrong, and
// not the credentials.
func revoked() row {
	return row{
		name:  "all credentials are revoked",
		begin: func(w *world) { w.cognito.RevokeSessions(nil) },
		sees:  sights{uploaders: mayBe(unavailable)},
	}
}

// storeRows are about the store.
func storeRows() []row {
	return []row{
		{
			name:  "nobody can connect to the store",
			begin: func(w *world) { w.storeDoor.shut(w.T) },
			end:   func(w *world) { w.storeDoor.open(w.T) },
			sees:  both("502"),
		},
		row{name: "the store takes 0.7 seconds longer"}.ofStore(nil).slowly(),
		row{name: "the store hangs, with `response_header_timeout`", sees: both("504")}.ofStore(hang),
		row{name: "the store answers 503 SlowDown", sees: both("503")}.ofStore((&storeError{http.StatusServiceUnavailable, "SlowDown", ""}).write),
		row{name: "the store answers 500", sees: both("502")}.ofStore((&storeError{http.StatusInternalServerError, "InternalError", ""}).write),
		row{name: "the bucket is in another region, and the store says so with 400", sees: both(misconfigured)}.ofStore(
			(&storeError{http.StatusBadRequest, "AuthorizationHeaderMalformed", "us-west-2"}).write),
		row{name: "the bucket is in another region, and the store says so with 301", sees: both(misconfigured)}.ofStore(
			(&storeError{http.StatusMovedPermanently, "PermanentRedirect", "us-west-2"}).write),
		row{name: "the bucket is gone", sees: both(misconfigured)}.ofStore((&storeError{http.StatusNotFound, "NoSuchBucket", ""}).write),
		row{name: "the store breaks off in the middle", sees: sights{readers: sees(cutOff), uploaders: sees("502").or(cutOff)}}.ofStore(breaksOff),
		{
			name:  "nobody can connect to the application",
			begin: func(w *world) { w.backend.shut(w.T) },
			end:   func(w *world) { w.backend.open(w.T) },
			sees: sights{
				callers: sees("502"), browsers: sees("502"), strangers: sees("502"), bare: sees("502"),
			},
		},
	}
}

// slowly has the store think, rather than fail.
func (r row) slowly() row {
	begin := r.begin
	r.begin = func(w *world) {
		begin(w)
		w.store.failWith(func(rw http.ResponseWriter, req *http.Request) {
			select {
			case <-time.After(700 * time.Millisecond):
				w.store.answer(rw, req)
			case <-req.Context().Done():
			}
		})
	}
	return r
}

// clockRows need a world whose tokens and credentials live for an hour. A hosted
// sign-in that is on its way as a clock jumps may find its code expired.
func clockRows() []row {
	return []row{
		row{name: "the clock of the edge is 2 minutes ahead"}.clockMoves(-2 * time.Minute),
		row{name: "the clock of the edge is 2 minutes behind"}.clockMoves(2 * time.Minute),
		row{
			name: "the clock of the edge is 20 minutes ahead, which stores refuse",
			sees: sights{uploaders: mayBe(unavailable), hosted: mayBe("422 page")},
		}.clockMoves(-20 * time.Minute),
		row{
			name: "the clock of the edge is 20 minutes behind, which stores refuse",
			sees: sights{uploaders: mayBe(unavailable), hosted: mayBe("422 page")},
		}.clockMoves(20 * time.Minute),
		row{
			name: "the clock of the edge is 2 hours ahead, and tokens live for one",
			sees: sights{
				callers: sees("401 expired"), readers: sees("401 expired"), uploaders: sees("401 expired").or(unavailable),
				browsers: mayBe(sessionUnavailable), signers: sees("500 unusable_tokens"), hosted: sees("500 page").or("422 page"),
			},
		}.clockMoves(-2 * time.Hour),
	}
}
