package plugin

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// clockStore has a clock of its own, and refuses what was signed by one that differs by
// more than 15 minutes, as S3 does.
type clockStore struct {
	*wire
	ahead time.Duration
	date  string // the Date of an object; empty: none, "own": of its clock
}

func (s *clockStore) answerTo(w http.ResponseWriter) {
	now := time.Now().Add(s.ahead)
	signed, err := time.Parse("20060102T150405Z", s.saw[len(s.saw)-1].Header.Get("X-Amz-Date"))
	w.Header()["Date"] = []string{now.UTC().Format(http.TimeFormat)}
	if err != nil || now.Sub(signed).Abs() > 15*time.Minute {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	switch s.date {
	case "":
		w.Header()["Date"] = nil
	case "own":
	default:
		w.Header()["Date"] = []string{s.date}
	}
	_, _ = io.WriteString(w, "object")
}

// TestLinksBearTheTimeOfTheStore: a link lives for a minute of the store's clock, which
// is dead before it is given out when the edge's own lags by two.
func TestLinksBearTheTimeOfTheStore(t *testing.T) {
	c := newCloud(t)
	c.until = time.Now().Add(12 * time.Hour).Truncate(time.Second)
	ctx := c.context(t)
	for _, row := range []struct {
		name  string
		ahead time.Duration
		date  string
	}{
		{"a store of the same time", 0, "own"},
		{"one that is ahead, but refuses nothing", 2 * time.Minute, "own"},
		{"one that lags, but refuses nothing", -14 * time.Minute, "own"},
		{"one that is ahead, and refuses the first request", 2 * time.Hour, "own"},
		{"one that lags, and refuses the first request", -2 * time.Hour, "own"},
		{"one that tells its time when it refuses only", 2 * time.Hour, ""},
		{"one whose time nobody can read, but when it refuses", 2 * time.Hour, "half past two"},
		{"one that never told its time", 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			store := &clockStore{newWire(t), row.ahead, row.date}
			store.answer = store.answerTo
			site := newSite(t, ctx, store.bucket, `,"redirect_over":1`)
			got := ask(t, site, signedIn(t, ctx, served("GET", "/big"), `"pool":["main"]`, nil))
			link, err := url.Parse(got.header.Get("Location"))
			if err != nil || got.status != 302 {
				t.Fatalf("expected a link, got %+v", got)
			}
			signed, err := time.Parse("20060102T150405Z", link.Query().Get("X-Amz-Date"))
			if off := signed.Sub(time.Now().Add(row.ahead)).Abs(); err != nil || off > 30*time.Second {
				t.Errorf("expected the time of the store, got %s, which is off by %v", link.Query().Get("X-Amz-Date"), off)
			}
		})
	}
}

// TestLinksNeverOutliveCredentials: whatever time a store tells, a link to be used
// later dies with the credentials.
func TestLinksNeverOutliveCredentials(t *testing.T) {
	c := newCloud(t)
	ctx := c.context(t)
	for name, ahead := range map[string]time.Duration{"just before their end": 59*time.Minute + 45*time.Second, "after it": 100 * 365 * 24 * time.Hour} {
		store := newWire(t)
		store.answer = func(w http.ResponseWriter) {
			w.Header()["Date"] = []string{time.Now().Add(ahead).UTC().Format(http.TimeFormat)}
			_, _ = io.WriteString(w, "object")
		}
		site := newSite(t, ctx, store.bucket, `,"redirect_over":1`)
		got := ask(t, site, signedIn(t, ctx, served("GET", "/big"), `"pool":["main"]`, nil))
		if got.status != 200 || got.body != "object" {
			t.Errorf("%s: expected the object by way of the edge, got %+v", name, got)
		}
	}
}

// TestARefusedProbeIsNotTheLastWord: our transport stands in for the store when that
// says that a probe should have gone elsewhere, and what the store then says of the
// object itself is what counts.
func TestARefusedProbeIsNotTheLastWord(t *testing.T) {
	ctx := newCloud(t).context(t)
	for name, row := range map[string]struct{ said, want int }{"a missing object": {404, 404}, "a range that is none": {416, 416}} {
		store := newWire(t)
		store.answer = func(w http.ResponseWriter) {
			if len(store.saw) == 1 {
				w.Header().Set("X-Amz-Bucket-Region", "eu-south-1")
				w.WriteHeader(http.StatusMovedPermanently)
				return
			}
			w.WriteHeader(row.said)
		}
		site := newSite(t, ctx, store.bucket, `,"redirect_over":1`)
		got := ask(t, site, signedIn(t, ctx, served("GET", "/big"), `"pool":["main"]`, nil))
		if got.status != row.want || len(store.saw) < 2 || store.saw[0].Method != http.MethodHead {
			t.Errorf("%s: expected %d, got %+v after %d requests", name, row.want, got, len(store.saw))
		}
	}
}
