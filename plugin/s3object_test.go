package plugin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

func TestPrivately(t *testing.T) {
	for _, row := range []struct{ name, stored, want string }{
		{"nothing", "", "private"},
		{"public", "public, max-age=60", "private, max-age=60"},
		{"already private", "private, no-cache", "private, no-cache"},
		{"for shared caches only", "s-maxage=600, proxy-revalidate", "private"},
		{"in upper case", "PUBLIC, S-MAXAGE=600, MAX-AGE=60", "private, MAX-AGE=60"},
		{"with spaces", " public ,max-age=60,  immutable", "private, max-age=60, immutable"},
		{"with a space before the value", "s-maxage =600, max-age=1", "private, max-age=1"},
		{"private for some headers only, which caches may read as public", `private="set-cookie", max-age=1`, "private, max-age=1"},
		{"not to be stored", "no-store", "private, no-store"},
		{"empty directives", ",,public,,", "private"},
	} {
		if got := privately(row.stored); got != row.want {
			t.Errorf("%s: expected %q, got %q", row.name, row.want, got)
		}
	}
}

// visiting is an answer on its way to a client.
func visiting(t *testing.T, o *objectWriter, shared bool) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r, _ := withIdentity(httptest.NewRecorder(), served("GET", "/"))
	s := new(S3)
	s.SharedCache = shared
	o.visit, o.header = &visit{S3: s, w: w, r: r, header: make(http.Header)}, make(http.Header)
	return w
}

func TestAnswersOfTheStoreThatPass(t *testing.T) {
	for _, row := range []struct {
		name           string
		o              objectWriter
		status, client int // 0: stays here
	}{
		{"an object", objectWriter{}, 200, 200},
		{"a part", objectWriter{}, 206, 206},
		{"nothing new", objectWriter{}, 304, 304},
		{"an upload", objectWriter{}, 204, 204},
		{"an object that stands for another", objectWriter{as: 404}, 200, 404},
		{"somebody who went away", objectWriter{}, 499, 499},

		{"a part of what stands for another", objectWriter{as: 404}, 206, 0},
		{"nothing new of what stands for another", objectWriter{as: 200}, 304, 0},
		{"a probe", objectWriter{probe: true}, 200, 0},
		{"a probe that finds nothing new", objectWriter{probe: true}, 304, 0},
		{"a redirect", objectWriter{}, 301, 0},
		{"another redirect", objectWriter{}, 307, 0},
		{"a refusal", objectWriter{}, 403, 0},
		{"nothing", objectWriter{}, 404, 0},
		{"an error", objectWriter{}, 500, 0},
		{"a success that nobody asked for", objectWriter{}, 202, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := row.o
			w := visiting(t, &o, false)
			o.Header().Set("Content-Type", "text/plain")
			o.Header().Set("X-Amz-Request-Id", "of the store")
			o.WriteHeader(100) // which says nothing yet
			o.WriteHeader(row.status)
			o.WriteHeader(200) // which comes too late
			body := "body"
			if row.client == 204 || row.client == 304 {
				body = "" // nobody writes one
			} else if n, err := io.WriteString(&o, body); n != len(body) || err != nil {
				t.Fatal(n, err)
			}
			if row.client == statusClientGone {
				body = "" // nobody is there to read it
			}
			if o.status != row.status || o.passed != (row.client != 0) {
				t.Fatalf("expected status %d to pass: %v; got %+v", row.status, row.client != 0, &o)
			}
			if row.client == 0 {
				if w.Body.Len() > 0 || len(w.Header()) > 0 {
					t.Errorf("expected nothing for the client, got %v %q", w.Header(), w.Body)
				}
				return
			}
			if w.Code != row.client || w.Body.String() != body || w.Header().Get("X-Amz-Request-Id") != "" {
				t.Errorf("expected %d with %q, got %d %v %q", row.client, body, w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestHeadersOfObjects(t *testing.T) {
	for _, shared := range []bool{false, true} {
		o := new(objectWriter)
		w := visiting(t, o, shared)
		w.Header().Set("Vary", "Accept-Encoding")
		for name, value := range map[string]string{
			"Content-Type": "text/plain", "Etag": `"a"`, "Cache-Control": "public, max-age=1", "X-Amz-Meta-A": "b", "X-Amz-Version-Id": "c",
			"Server": "store", "X-Amz-Id-2": "d", "X-Amz-Request-Id": "e", "Set-Cookie": "f", "X-Amz-Server-Side-Encryption": "g", "Location": "/", "Www-Authenticate": "h",
		} {
			o.Header().Set(name, value)
		}
		_, _ = io.WriteString(o, "body") // without a status: 200
		want := http.Header{
			"Content-Type": {"text/plain"}, "Etag": {`"a"`}, "Cache-Control": {"private, max-age=1"}, "X-Amz-Meta-A": {"b"}, "X-Amz-Version-Id": {"c"},
			"X-Content-Type-Options": {"nosniff"}, "Vary": {"Accept-Encoding", "Authorization, Cookie"},
		}
		if shared {
			want["Cache-Control"], want["Vary"] = []string{"public, max-age=1"}, []string{"Accept-Encoding"}
		}
		if got := w.Header(); !reflect.DeepEqual(got, want) || w.Code != 200 {
			t.Errorf("expected %v, got %d %v", want, w.Code, got)
		}
	}
}

func TestObjectWriterFlushes(t *testing.T) {
	o := new(objectWriter)
	w := visiting(t, o, false)
	if err := o.FlushError(); err != nil || w.Flushed {
		t.Errorf("expected nothing to be flushed yet, got %v", err)
	}
	o.WriteHeader(200)
	if err := http.NewResponseController(o).Flush(); err != nil || !w.Flushed {
		t.Errorf("expected a flush, got %v", err)
	}
	if o.Unwrap() != http.ResponseWriter(w) {
		t.Error("expected the writer below")
	}
}

func TestMissing(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		err    error
		want   bool
	}{
		{"nothing there", 404, nil, true}, {"nothing to see", 403, nil, true}, {"an object", 200, nil, false}, {"an error", 500, nil, false},
		{"our own refusal", 403, credentials.ErrDenied, false},
	} {
		o := &objectWriter{status: row.status}
		visiting(t, o, false)
		identityOf(o.visit.r.Context()).refused = row.err
		if got := o.missing(); got != row.want {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
}

func TestLength(t *testing.T) {
	for text, want := range map[string]int64{"": -1, "0": 0, "42": 42, "x": -1} {
		o := &objectWriter{header: http.Header{"Content-Length": {text}}}
		if got := o.length(); got != want {
			t.Errorf("%q: expected %d, got %d", text, want, got)
		}
	}
}
