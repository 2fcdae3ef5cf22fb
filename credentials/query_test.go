package credentials_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// TestTheQueryOfAnApplicationIsSentAsItIs but signed in canonical form. The order
// of values may mean something.
func TestTheQueryOfAnApplicationIsSentAsItIs(t *testing.T) {
	for _, row := range []struct{ name, query, sent, signed string }{
		{"none", "", "", ""},
		{"in order", "a=1&b=2", "a=1&b=2", "a=1&b=2"},
		{"values in no order", "a=2&a=1&b=0&a=3", "a=2&a=1&b=0&a=3", "a=1&a=2&a=3&b=0"},
		{"names in no order, without values", "logs&b=&a", "logs&b=&a", "a=&b=&logs="},
		{"characters and escapes of all kinds", "q=a/b:c&caf%c3%a9=%7e", "q=a/b:c&caf%c3%a9=%7e", "caf%C3%A9=~&q=a%2Fb%3Ac"},
		{"an encoded plus", "q=a%2Bb", "q=a%2Bb", "q=a%2Bb"},
		{"a plus, which some services check as a plus", "q=a+b", "q=a%20b", "q=a%20b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, inDynamo, always(200, ""))
			w.fine(t, request(t, "GET", "https://example.com/?"+row.query, ""))
			sent := w.store.requests[0]
			if sent.URL.RawQuery != row.sent {
				t.Errorf("expected %q, got %q", row.sent, sent.URL.RawQuery)
			}
			sent.URL = &url.URL{Scheme: "https", Host: sent.Host, Path: "/", RawQuery: row.signed}
			if want := signatureOf(t, sent, inDynamo, credentials.EmptyPayload, "session-1"); sent.Header.Get("Authorization") != want {
				t.Errorf("expected a signature over %q", row.signed)
			}
		})
	}
}

func TestTheQueryForS3IsSentInCanonicalForm(t *testing.T) {
	w := newWorld(t, inS3, always(200, ""))
	w.fine(t, request(t, "GET", object+"?versionId=a/b&list-type&a=c+d", ""))
	if got := w.store.requests[0].URL.RawQuery; got != "a=c%20d&list-type=&versionId=a%2Fb" {
		t.Errorf("unexpected query %q", got)
	}
}

// TestQueriesThatAreNotReadAlikeAreNotSigned: Go drops such parameters without a
// word.
func TestQueriesThatAreNotReadAlikeAreNotSigned(t *testing.T) {
	grant := get(t, newCache(t, credentials.CacheOptions{Provider: &provider{retrieve: anHour}}), "jo")
	for _, query := range []string{"filter=a;b&x=1", "q=100%&x=1", "q=%4", "%zz=1", strings.Repeat("a&", 1<<15)} {
		for _, to := range []credentials.Target{inS3, inDynamo} {
			r := newSigned(t, "https://example.com/")
			r.URL.RawQuery = query
			err := grant.Sign(t.Context(), r, to, credentials.EmptyPayload, signedAt)
			if !errors.Is(err, credentials.ErrQuery) || credentials.Reason(err) != "query" || r.URL.RawQuery != query || len(r.Header) > 0 {
				t.Errorf("%.20s: expected ErrQuery and no change, got %v, %.20s", query, err, r.URL.RawQuery)
			}
		}
	}
}
