package diagnose

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Bounds of what is well.
const (
	slowKeys  = 2 * time.Second
	skewWorth = 5 * time.Second
	skewFatal = time.Minute
)

// dated notes when an answer came and what time its sender has.
type dated struct {
	next http.RoundTripper

	mu   sync.Mutex // guards all below
	at   time.Time
	date string
}

// RoundTrip implements [http.RoundTripper].
func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.next.RoundTrip(r)
	if err == nil {
		d.mu.Lock()
		d.at, d.date = time.Now(), answer.Header.Get("Date")
		d.mu.Unlock()
	}
	return answer, err
}

// keys fetches a key set as a Caddy would that starts, and compares the clocks.
func (e *Examiner) keys(ctx context.Context, target string) (keys, clock Finding) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	seen := &dated{next: e.client.Transport}
	events := make(chan verifier.KeySetEvent, 1)
	set, err := verifier.NewRemoteKeySet(verifier.RemoteOptions{
		URL: target, FetchTimeout: e.Timeout, Transport: seen, Observe: func(event verifier.KeySetEvent) {
			select {
			case events <- event:
			default:
			}
		},
	})
	if err != nil {
		return fail("%v", err), Finding{}
	}
	defer set.Close()
	set.Start()
	select {
	case event := <-events:
		return e.judgeKeys(target, event), seen.judgeClock()
	case <-ctx.Done():
		return fail("%s: %s", target, networkText(ctx.Err(), e.Timeout)), Finding{}
	}
}

func (e *Examiner) judgeKeys(target string, event verifier.KeySetEvent) Finding {
	_, sent := errors.AsType[*url.Error](event.Err)
	switch {
	case event.Err == nil && event.Duration > slowKeys:
		return warn("%s: %d keys, but only after %v; until keys are known, requests wait", target, event.Keys, event.Duration.Round(time.Millisecond))
	case event.Err == nil:
		return ok("%s: %d keys", target, event.Keys)
	case sent && strings.Contains(event.Err.Error(), "redirect"):
		return fail("%s redirects to another host, which is not followed; check the URL, and whether a proxy is in between", target)
	case sent:
		return fail("%s: %s", target, networkText(event.Err, e.Timeout))
	case errors.Is(event.Err, verifier.ErrNotKeySet), errors.Is(event.Err, verifier.ErrNoKeys), errors.Is(event.Err, verifier.ErrDuplicateKeyID):
		return fail("%v; check the URL, and whether a proxy is in between", event.Err)
	case strings.Contains(event.Err.Error(), "got 4"):
		return fail("%v; check the pool ID and its region: Cognito answers so for pools that do not exist", event.Err)
	}
	return fail("%v; Cognito may be down, or this is not its address", event.Err)
}

// judgeClock compares our clock with that of the issuer, which says when tokens
// expire. The header has whole seconds.
func (d *dated) judgeClock() Finding {
	d.mu.Lock()
	defer d.mu.Unlock()
	theirs, err := http.ParseTime(d.date)
	if err != nil {
		return Finding{}
	}
	skew := d.at.Sub(theirs)
	side, effect := "ahead of", "tokens are refused too early"
	if skew < 0 {
		skew, side, effect = -skew, "behind", "tokens are accepted for too long"
	}
	switch {
	case skew > skewFatal:
		return fail("%s %s that of the issuer: %s; synchronize the clock of this machine (NTP)", span(skew), side, effect)
	case skew > skewWorth:
		return warn("%s %s that of the issuer: %s; synchronize the clock of this machine (NTP)", span(skew), side, effect)
	}
	return ok("as that of the issuer")
}
