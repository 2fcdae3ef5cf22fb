package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// newMuteStore denies each key that ends in one of denied, and has no other.
func newMuteStore(t *testing.T, denied ...string) *bucket {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, code := http.StatusNotFound, "NoSuchKey"
		for _, end := range denied {
			if strings.HasSuffix(r.URL.Path, end) {
				status, code = http.StatusForbidden, "AccessDenied"
			}
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>of the store</Message></Error>", code)
	}))
	t.Cleanup(server.Close)
	return &bucket{url: server.URL}
}

func TestAStoreThatShowsNothingIsTold(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct {
		name, config, target string
		denied               []string
		want                 []string // keys of warnings
	}{
		{"the index document", ``, "/", []string{"index.html"}, []string{"index.html"}},
		{"the first of two index documents", `,"index":["a.html","b.html"]`, "/", []string{"a.html"}, []string{"a.html"}},
		{"the second of two index documents", `,"index":["a.html","b.html"]`, "/", []string{"b.html"}, []string{"b.html"}},
		{"the index document of a user's place, without the user", `,"prefix":"{http.auth.user.sub}/"`, "/", []string{"index.html"}, []string{"{http.auth.user.sub}/index.html"}},
		{"the error document", `,"error_document":"error.html"`, "/none", []string{"error.html"}, []string{"error.html"}},
		{"the error document below a prefix", `,"prefix":"a/","error_document":"error.html"`, "/none", []string{"error.html"}, []string{"a/error.html"}},
		{"the error document outside the prefix", `,"prefix":"a/","error_document":"/error.html"`, "/none", []string{"error.html"}, []string{"error.html"}},
		{"the error document of a user", `,"error_document":"{http.auth.user.sub}.html"`, "/none", []string{testSub + ".html"}, []string{"{http.auth.user.sub}.html"}},
		{"the fallback", `,"fallback":"app.html"`, "/none", []string{"app.html"}, []string{"app.html"}},
		{"the index document and the fallback", `,"fallback":"app.html"`, "/", []string{".html"}, []string{"index.html", "app.html"}},

		{"an object that a client names", ``, "/secret.txt", []string{"secret.txt"}, nil},
		{"the index document of a directory that a client names", ``, "/docs/", []string{"index.html"}, nil},
		{"the index document of a directory without its slash", ``, "/docs", []string{"index.html"}, nil},
		{"an index document that is not there", ``, "/", nil, nil},
		{"an error document that is not there", `,"error_document":"error.html"`, "/none", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			site := newSite(t, ctx, newMuteStore(t, row.denied...), row.config)
			core, logs := observer.New(zapcore.WarnLevel)
			site.problems.logger = zap.New(core)
			for range 3 {
				ask(t, site, signedIn(t, ctx, served("GET", row.target), `"pool":["main"]`, nil))
			}
			var keys []string
			for _, entry := range logs.TakeAll() {
				fields := entry.ContextMap()
				keys = append(keys, fmt.Sprint(fields["key"]))
				if fields["bucket"] != "site" || fields["status"] != int64(403) || fields["code"] != "AccessDenied" || fields["credentials"] != "media" {
					t.Errorf("expected what to look at, got %v", fields)
				}
				if strings.Contains(fmt.Sprint(entry), testSub) || strings.Contains(fmt.Sprint(entry), "of the store") {
					t.Errorf("expected neither the user nor the store's words, got %v", entry)
				}
			}
			if !reflect.DeepEqual(keys, row.want) {
				t.Errorf("expected one line each for %q, got %q", row.want, keys)
			}
		})
	}
}

func TestADenialIsToldAgainAfterAMinute(t *testing.T) {
	ctx := newCloud(t).context(t)
	site := newSite(t, ctx, newMuteStore(t, "index.html"), "")
	core, logs := observer.New(zapcore.WarnLevel)
	site.problems.logger = zap.New(core)
	for range 2 {
		ask(t, site, signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil))
		site.problems.last["denied index.html"] = time.Now().Add(-problemEvery)
	}
	if logs.Len() != 2 {
		t.Errorf("expected two lines, got %v", logs.All())
	}
}

// TestMissingObjectsAreNamedForDebugging, with what the store said of them.
func TestMissingObjectsAreNamedForDebugging(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct {
		method, target, key string
		status              int64
		code                string
	}{
		{"GET", "/secret.txt", "secret.txt", 403, "AccessDenied"},
		{"HEAD", "/secret.txt", "secret.txt", 403, ""},
		{"GET", "/none", "none", 404, "NoSuchKey"},
		{"GET", "/docs/", "docs/index.html", 404, "NoSuchKey"},
	} {
		site := newSite(t, ctx, newMuteStore(t, "secret.txt"), "")
		core, logs := observer.New(zapcore.DebugLevel)
		site.problems.logger = zap.New(core)
		ask(t, site, signedIn(t, ctx, served(row.method, row.target), `"pool":["main"]`, nil))
		lines := logs.FilterMessage("the store gives no object for a request").All()
		if len(lines) != 1 || lines[0].Level != zapcore.DebugLevel {
			t.Errorf("%s %s: expected one line, got %v", row.method, row.target, logs.All())
			continue
		}
		fields := lines[0].ContextMap()
		if fields["bucket"] != "site" || fields["key"] != row.key || fields["status"] != row.status || fields["code"] != row.code {
			t.Errorf("%s %s: expected %s, %d and %q, got %v", row.method, row.target, row.key, row.status, row.code, fields)
		}
	}
}

// TestProblemsOfABucketNameIt, and come from the directive that somebody wrote.
func TestProblemsOfABucketNameIt(t *testing.T) {
	ctx := newCloud(t).context(t)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, "<Error><Code>NoSuchBucket</Code></Error>")
	}))
	defer store.Close()
	site := newSite(t, ctx, &bucket{url: store.URL}, "")
	core, logs := observer.New(zapcore.ErrorLevel)
	site.problems.logger = zap.New(core)
	if got := ask(t, site, signedIn(t, ctx, served("GET", "/a"), `"pool":["main"]`, nil)); got.status != 502 {
		t.Errorf("expected 502, got %d", got.status)
	}
	if logs.Len() != 1 {
		t.Fatalf("expected one line of the handler's own logger, got %v", logs.All())
	}
	if fields := logs.All()[0].ContextMap(); fields["key"] != "bucket" || fields["bucket"] != "site" || fields["endpoint"] != store.URL {
		t.Errorf("expected bucket and endpoint, got %v", fields)
	}
}
