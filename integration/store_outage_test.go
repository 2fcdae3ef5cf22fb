package integration_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const (
	exchangeDown      = "cannot get credentials"
	exchangeRecovered = "credentials can be got again"
)

// TestAnExchangeThatIsOfNoUse: users with credentials notice nothing, others are
// told to come back, and nobody's request goes unsigned.
func TestAnExchangeThatIsOfNoUse(t *testing.T) {
	evil := newPool(t, cognitolocal.Options{})
	w := newStoreWorld(t)
	for _, row := range []struct {
		name   string
		fault  cognitolocal.Fault
		status int
	}{
		{"answers 500", cognitolocal.FaultStatus(500), 503},
		{"answers 503", cognitolocal.FaultStatus(503), 503},
		{"answers 429", cognitolocal.FaultStatus(429), 503},
		{"throttles", cognitolocal.FaultAPI("TooManyRequestsException", "Rate exceeded"), 503},
		{"throttles in the words of STS", cognitolocal.FaultAPI("Throttling", "Rate exceeded"), 503},
		{"has an error of its own", cognitolocal.FaultAPI("InternalErrorException", "x"), 503},
		{"asks another service that is down", cognitolocal.FaultAPI("ExternalServiceException", "x"), 503},
		{"talks garbage", cognitolocal.FaultGarbage(), 502},
		{"never stops talking", cognitolocal.FaultHuge(), 502},
		{"is behind a firewall that refuses", cognitolocal.FaultWAF(), 502},
		{"redirects to another host", cognitolocal.FaultRedirect(evil.Pool().Issuer()), 503},
		{"redirects to nowhere", cognitolocal.FaultRedirect("http://127.0.0.1:1/"), 503},
		{"is not there", cognitolocal.FaultStatus(404), 502},
	} {
		t.Run("the exchange "+row.name, func(t *testing.T) {
			w := w.row(t)
			mark := len(w.logLines())
			w.run(setup{site: bucketSite("methods GET HEAD PUT")})
			w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
			w.cognito.SetFault(cognitolocal.EndpointIdentityPool, row.fault)
			defer w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
			w.tap.forget()
			for _, method := range []string{"GET", "HEAD", "PUT", "GET"} {
				began := time.Now()
				got := w.as("mo", method, "/app.js", map[string]string{"PUT": "x"}[method])
				if row.status == 503 {
					w.wantUnavailable(got)
				}
				w.wantRefused(row.status, got)
				if spent := time.Since(began); spent > 2*time.Second {
					t.Errorf("expected an answer within a second or so, it took %v", spent)
				}
			}
			w.tap.none(t)
			w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
			if n := count(w.logSince(mark), "warn", exchangeDown); row.status == 503 && n != 1 {
				t.Errorf("expected 1 warning for the outage, got %d", n)
			}
			w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
			if row.status == 503 {
				eventually(t, "mo is served", func() bool { return w.as("mo", "GET", "/app.js", "").status == 200 })
				if n := count(w.logSince(mark), "info", exchangeRecovered); n != 1 {
					t.Errorf("expected the recovery to be logged once, got %d", n)
				}
			}
		})
	}
	if n := evil.Requests(cognitolocal.EndpointAPI); n > 0 {
		t.Errorf("expected no token to go where a redirect points, got %d requests", n)
	}
}

// TestAnExchangeThatHangs keeps only those waiting who have nothing, and not for
// ever.
func TestAnExchangeThatHangs(t *testing.T) {
	w := startedStore(t, setup{site: bucketSite()})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultHang())
	began := time.Now()
	var waiting sync.WaitGroup
	token := w.bearerOf("mo")
	for range 20 {
		waiting.Go(func() {
			got, err := try(t, w.web, "GET", "http://edge/app.js", "", "Authorization: Bearer "+token)
			if err != nil || got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("expected 503 with Retry-After, got %d and %v", got.status, err)
			}
		})
	}
	before := w.cognito.Requests(cognitolocal.EndpointIdentityPool)
	for range 20 {
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	}
	if spent := time.Since(began); spent > 4*time.Second {
		t.Errorf("expected jo not to wait, it took %v", spent)
	}
	waiting.Wait()
	if spent := time.Since(began); spent > 15*time.Second {
		t.Errorf("expected mo to be told within the time-out, it took %v", spent)
	}
	if n := w.cognito.Requests(cognitolocal.EndpointIdentityPool) - before; n > 3 {
		t.Errorf("expected one exchange and its retry, got %d requests", n)
	}
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
	eventually(t, "mo is served", func() bool { return w.as("mo", "GET", "/app.js", "").status == 200 })
}

// TestACallerWhoGoesDoesNotEndTheExchangeOfTheOthers.
func TestACallerWhoGoesDoesNotEndTheExchangeOfTheOthers(t *testing.T) {
	w := startedStore(t, setup{site: bucketSite()})
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultHang())
	conn := w.dial()
	_, err := conn.Write([]byte(w.request("GET", "/app.js", "")))
	check(t, err)
	eventually(t, "the exchange is asked", func() bool { return w.exchanges() > 0 })
	check(t, conn.Close())
	eventually(t, "the caller is gone", func() bool {
		return w.logged("error", "handled request") > 0 || w.logged("info", "handled request") > 0
	})
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.Fault{})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	if n := w.exchanges(); n != 1 {
		t.Errorf("expected 1 exchange, got %d", n)
	}
	if n := w.logged("warn", exchangeDown); n != 0 {
		t.Errorf("expected no outage in the log, got %d", n)
	}
}

// TestCredentialsServeUntilTheyExpire, whatever becomes of the refresh.
func TestCredentialsServeUntilTheyExpire(t *testing.T) {
	w := newStoreWorld(t, func(o *cognitolocal.IdentityPoolOptions) { o.CredentialsLifetime = 4 * time.Second })
	w.run(setup{site: bucketSite()})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.FaultStatus(500))
	all := w.sessions()
	if len(all) != 1 {
		t.Fatalf("expected 1 session, got %v", all)
	}
	expires := all[0].Expires
	served := 0
	for {
		asked := time.Now()
		got := w.as("jo", "GET", "/app.js", "")
		if got.status == 200 {
			served++
			continue
		}
		w.wantUnavailable(got)
		if asked.Before(expires.Add(-50 * time.Millisecond)) { // the request is signed a moment later
			t.Errorf("expected %d answers to go on until the end, got %d %v before it", served, got.status, expires.Sub(asked))
		}
		break
	}
	if time.Now().Before(expires) || served < 10 {
		t.Errorf("expected the credentials to be used to their end, got %d answers", served)
	}
	if n := w.cognito.Requests(cognitolocal.EndpointIdentityPool); n < 4 {
		t.Errorf("expected refreshes to be tried meanwhile, got %d requests", n)
	}
	if n := w.logged("warn", exchangeDown); n != 1 {
		t.Errorf("expected 1 warning, got %d", n)
	}
	w.cognito.SetFault(cognitolocal.EndpointIdentityPool, cognitolocal.Fault{})
	eventually(t, "jo is served again", func() bool { return w.as("jo", "GET", "/app.js", "").status == 200 })
}

// TestCredentialsAreRefreshedAheadAndNobodyWaits: the exchange takes as long as it
// likes.
func TestCredentialsAreRefreshedAheadAndNobodyWaits(t *testing.T) {
	w := newStoreWorld(t, func(o *cognitolocal.IdentityPoolOptions) { o.CredentialsLifetime = 5 * time.Second })
	w.run(setup{site: bucketSite()})
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultHang())
	eventually(t, "a refresh begins", func() bool {
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		return w.exchanges() == 2
	})
	for range 20 {
		began := time.Now()
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		if spent := time.Since(began); spent > 500*time.Millisecond {
			t.Errorf("expected jo not to wait for the refresh, it took %v", spent)
		}
	}
	if n := w.exchanges(); n != 2 {
		t.Errorf("expected one refresh at a time, got %d exchanges", n)
	}
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.Fault{})
	eventually(t, "the new credentials are in use", func() bool {
		w.tap.forget()
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		newest := ""
		var until time.Time
		for _, s := range w.sessions() {
			if s.Expires.After(until) {
				newest, until = s.AccessKeyID, s.Expires
			}
		}
		return strings.Contains(w.tap.text(), newest)
	})
}

// TestRevokedCredentials are replaced where that is possible.
func TestRevokedCredentials(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "DELETE"} {
		t.Run(method+" gets its answer all the same", func(t *testing.T) {
			w := startedStore(t, setup{site: bucketSite("methods GET HEAD PUT DELETE")})
			want := map[string]int{"GET": 200, "HEAD": 200, "DELETE": 204}[method]
			w.put(w.places["jo"]+"two.txt", "x", objectOptions{})
			w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
			if n := w.cognito.RevokeSessions(nil); n != 1 {
				t.Errorf("expected 1 session, got %d", n)
			}
			w.wantStatus(want, w.as("jo", method, "/$JO"+"two.txt", ""))
			if n := w.exchanges(); n != 2 {
				t.Errorf("expected 2 exchanges, got %d", n)
			}
		})
	}
	t.Run("an upload is told to come back, and then works", func(t *testing.T) {
		w := startedStore(t, setup{site: bucketSite("methods GET HEAD PUT")})
		w.wantStatus(200, w.as("jo", "PUT", "/$JO"+"x", "one"))
		w.cognito.RevokeSessions(nil)
		got := w.as("jo", "PUT", "/$JO"+"x", "two")
		w.wantUnavailable(got)
		w.wantNoWord(got)
		w.wantStatus(200, w.as("jo", "PUT", "/$JO"+"x", "three"))
		if body := w.contents()[w.places["jo"]+"x"]; body != "three" {
			t.Errorf("expected the third upload, got %q", body)
		}
		if n := w.exchanges(); n != 2 {
			t.Errorf("expected 2 exchanges, got %d", n)
		}
	})
	t.Run("an empty upload is sent again", func(t *testing.T) {
		w := startedStore(t, setup{site: bucketSite("methods GET HEAD PUT")})
		w.wantStatus(200, w.as("jo", "PUT", "/$JO"+"x", "one"))
		w.cognito.RevokeSessions(nil)
		w.wantStatus(200, w.as("jo", "PUT", "/$JO"+"x", ""))
	})
	t.Run("a store that knows no credentials causes no flood of exchanges", func(t *testing.T) {
		w := startedStore(t, setup{site: bucketSite()})
		w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
		for range 20 {
			w.cognito.RevokeSessions(nil)
			if got := w.as("jo", "GET", "/app.js", ""); got.status != 200 {
				w.wantRefused(http.StatusBadGateway, got)
			}
		}
		if n := w.exchanges(); n > 3 {
			t.Errorf("expected few exchanges, got %d", n)
		}
	})
}
