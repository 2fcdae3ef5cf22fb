package integration_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// crowd are users with their tokens, each with a request that names its subject.
type crowd struct{ subs, tokens []string }

func (w *serviceWorld) crowd(n int) crowd {
	w.Helper()
	c := crowd{make([]string, n), make([]string, n)}
	for i := range n {
		name := fmt.Sprintf("user%04d", i)
		sub, err := w.pool.AddUser(cognitolocal.User{Username: name, Password: password})
		check(w.T, err)
		c.subs[i], c.tokens[i] = sub, w.tokenOf(name, nil)
	}
	return c
}

// all runs f for each user at once.
func (c crowd) all(f func(i int)) {
	var wg sync.WaitGroup
	for i := range c.subs {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// onlyOwn has the service look at whose path is asked for by whom.
func (w *serviceWorld) onlyOwn() {
	w.service.answers(func(rw http.ResponseWriter, r *http.Request, who arrived) bool {
		if who.err == nil && !strings.HasPrefix(r.URL.Path, "/"+who.session.Subject+"/") {
			rw.WriteHeader(http.StatusConflict)
			return true
		}
		return false
	})
}

// TestAThousandUsersNeverSwap: each request names its user, and the service looks
// at whose credentials signed it.
func TestAThousandUsersNeverSwap(t *testing.T) {
	const users, rounds = 1000, 3
	w := startedService(t, signing{})
	c := w.crowd(users)
	w.onlyOwn()
	client := edge.Client(filepath.Join(w.dir, "site.sock"))
	client.Transport.(*http.Transport).MaxConnsPerHost = 50 // or two cores with the race detector are too slow for time-outs
	defer client.CloseIdleConnections()
	failures := make(chan string, users*rounds)
	for round := range rounds {
		c.all(func(i int) {
			body := fmt.Sprintf("%d of %s", round, c.subs[i])
			got, err := try(t, client, "POST", fmt.Sprintf("http://edge/%s/%d", c.subs[i], round), body, "Authorization: Bearer "+c.tokens[i])
			if err != nil || got.status != 200 || got.body != c.subs[i] {
				failures <- fmt.Sprintf("user %d: %d %q, %v", i, got.status, got.body, err)
			}
		})
	}
	close(failures)
	for failure := range failures {
		t.Error(failure)
	}
	requests := w.service.take()
	for _, got := range requests {
		if got.err != nil || !strings.HasSuffix(got.body, got.session.Subject) {
			t.Errorf("expected the request of %s, got %s: %v", got.session.Subject, got.body, got.err)
		}
	}
	if len(requests) != users*rounds || w.exchanges() != users {
		t.Errorf("expected %d requests and %d exchanges, got %d and %d", users*rounds, users, len(requests), w.exchanges())
	}
}

// TestAThousandRequestsOfOneUserMakeOneExchange.
func TestAThousandRequestsOfOneUserMakeOneExchange(t *testing.T) {
	const requests = 1000
	w := startedService(t, signing{})
	w.onlyOwn()
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultHang())
	client := edge.Client(filepath.Join(w.dir, "site.sock"))
	client.Transport.(*http.Transport).MaxConnsPerHost = 100 // a Unix socket has a short queue
	defer client.CloseIdleConnections()
	path, token := "http://edge/"+w.sub("jo")+"/a", "Authorization: Bearer "+w.tokenOf("jo", nil)
	failures := make(chan string, requests)
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() {
			if got, err := try(t, client, "GET", path, "", token); err != nil || got.status != 200 {
				failures <- fmt.Sprintf("%d %q, %v", got.status, got.body, err)
			}
		})
	}
	eventually(t, "the exchange runs", func() bool { return w.exchanges() > 0 })
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.Fault{})
	wg.Wait()
	close(failures)
	for failure := range failures {
		t.Error(failure)
	}
	if w.cognito.Calls("GetId") != 1 || w.exchanges() != 1 {
		t.Errorf("expected one exchange, got %d and %d calls", w.cognito.Calls("GetId"), w.exchanges())
	}
}

// TestUsersNeverSwapWhileEverythingGoesWrong: revocations, a cache that is much too
// small, reloads of the same configuration and outages.
func TestUsersNeverSwapWhileEverythingGoesWrong(t *testing.T) {
	const users, rounds = 40, 15
	s := signing{exchange: "cache_size 8"}
	w := startedService(t, s)
	c := w.crowd(users)
	w.onlyOwn()
	done := make(chan struct{})
	var trouble sync.WaitGroup
	trouble.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			switch rand.N(3) {
			case 0:
				w.cognito.RevokeSessions(func(cognitolocal.Session) bool { return rand.N(2) == 0 })
			case 1:
				w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultStatus(500).Times(3))
			case 2:
				w.wantStatus(200, roundTrip(t, w.admin, "GET", "http://admin/cognito/status", ""))
			}
		}
	})
	served := make(chan int, users)
	failures := make(chan string, users*rounds)
	c.all(func(i int) {
		client := edge.Client(filepath.Join(w.dir, "site.sock"))
		defer client.CloseIdleConnections()
		n := 0
		for round := range rounds {
			got, err := try(t, client, "GET", fmt.Sprintf("http://edge/%s/%d", c.subs[i], round), "", "Authorization: Bearer "+c.tokens[i])
			switch {
			case err != nil || got.status == http.StatusConflict || got.status == 200 && got.body != c.subs[i]:
				failures <- fmt.Sprintf("user %d: %d %q, %v", i, got.status, got.body, err)
			case got.status == 200:
				n++
			}
		}
		served <- n
	})
	close(done)
	trouble.Wait()
	close(served)
	close(failures)
	for failure := range failures {
		t.Error(failure)
	}
	total := 0
	for n := range served {
		total += n
	}
	if total == 0 {
		t.Error("nobody was served at all")
	}
	for _, got := range w.service.take() {
		if got.session.Subject != "" && !strings.HasPrefix(got.uri, "/"+got.session.Subject+"/") {
			t.Errorf("%s was asked for with the credentials of %s", got.uri, got.session.Subject)
		}
	}
}

// TestReloadsKeepCredentials: a configuration that describes the exchange alike
// takes them over, and one that does not has its own.
func TestReloadsKeepCredentials(t *testing.T) {
	w := startedService(t, signing{})
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	first := w.service.one(t).session.AccessKeyID
	w.reload(w.siteOf(signing{service: "dynamodb", proxy: "header_up X-Other a"}))
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	if got := w.service.one(t); got.session.AccessKeyID != first || w.exchanges() != 1 {
		t.Error("expected the credentials to be kept")
	}
	w.reload(w.siteOf(signing{service: "dynamodb", exchange: "role_arn " + memberRole}))
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	if got := w.service.one(t); got.session.AccessKeyID == first {
		t.Error("expected credentials for the role that is configured now")
	}
}
