package credentials_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

func FuzzNormalizePath(f *testing.F) {
	for _, path := range []string{"/a/b", "/a%2F..%2Fb", "/%2e%2E/", "/a//b/./c", "/é+(x)", "/%", "/%zz", "..", "", "/a%252e%252e/b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		normal, ok := credentials.NormalizePath(path)
		decoded, err := url.PathUnescape(path)
		if !ok {
			segments := strings.Split(decoded, "/")
			if normal != "" || err == nil && !slices.Contains(segments, ".") && !slices.Contains(segments, "..") {
				t.Fatalf("%q was refused without need, or not whole: %q", path, normal)
			}
			return
		}
		if again, ok := credentials.NormalizePath(normal); !ok || again != normal {
			t.Fatalf("%q became %q and then %q", path, normal, again)
		}
		back, err := url.PathUnescape(normal)
		if err != nil || back != decoded {
			t.Fatalf("%q became %q, which decodes to %q", path, normal, back)
		}
		for segment := range strings.SplitSeq(back, "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q became %q", path, normal)
			}
		}
		u := &url.URL{Scheme: "https", Host: "b", Path: back, RawPath: normal}
		if strings.HasPrefix(normal, "/") && u.EscapedPath() != normal {
			t.Fatalf("%q would be sent as %q", normal, u.EscapedPath())
		}
	})
}

// FuzzFault has a store say anything. What it says must reach the caller or become
// an error of ours, with nothing of it in the text but names.
func FuzzFault(f *testing.F) {
	f.Add(403, s3Error("InvalidToken"), "", "")
	f.Add(400, s3Error("AuthorizationHeaderMalformed", "<Region>us-east-1</Region>"), "", "")
	f.Add(400, `{"__type":"a#ExpiredTokenException","message":"m"}`, "", "")
	f.Add(301, "<Error><Endpoint>h</Endpoint><Code>PermanentRedirect</Code>", "", "us-east-1")
	f.Add(400, s3Error("AuthorizationHeaderMalformed", "<Region>us-east-1&#10;level=error</Region>"), "", "")
	f.Add(301, s3Error("PermanentRedirect", "<Endpoint>h&#10;level=error</Endpoint>"), "", "")
	f.Add(400, "", "InvalidClientTokenId:http://x", "\x00")
	f.Add(404, "<a><Error><Code>x</b>", "", "")
	f.Fuzz(func(t *testing.T, status int, body, code, region string) {
		most := 0
		w := newWorld(t, inS3, func(int, *http.Request) *http.Response {
			answer := says(status, "", "X-Amzn-Errortype", code, "X-Amz-Bucket-Region", region)
			answer.Body = io.NopCloser(&counting{strings.NewReader(body), &most})
			return answer
		})
		answer, err := w.Send(request(t, "GET", object, ""), user("jo"))
		if most > 2*(16<<10+1) && w.store.count() == 1 { // what is looked at, and what is drained
			t.Fatalf("read %d of an error body", most)
		}
		if err == nil {
			if got := text(t, answer); got != body {
				t.Fatalf("expected the body of %d, got %d", len(body), len(got))
			}
			return
		}
		wrong, ok := errors.AsType[*credentials.MisconfiguredError](err)
		if !ok {
			t.Fatalf("unexpected %v", err)
		}
		for _, value := range []string{wrong.Code, wrong.Want, err.Error()} {
			if len(value) > 600 || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' || c == '<' }) {
				t.Fatalf("unexpected text %q", value)
			}
		}
	})
}

type counting struct {
	r    io.Reader
	read *int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.read += n
	return n, err
}

// TestNoMoreOfAnErrorIsReadThanNeeded looks at the answer before its body is read.
func TestNoMoreOfAnErrorIsReadThanNeeded(t *testing.T) {
	most := 0
	w := newWorld(t, inS3, func(int, *http.Request) *http.Response {
		answer := says(403, "")
		answer.Body = io.NopCloser(&counting{io.LimitReader(zeros{}, 1<<30), &most})
		return answer
	})
	w.fine(t, request(t, "GET", object, ""))
	if most > 16<<10 {
		t.Errorf("expected at most 16 KiB, read %d", most)
	}
	w.store.answer = func(int, *http.Request) *http.Response {
		answer := says(404, "")
		answer.Body = io.NopCloser(&counting{io.MultiReader(strings.NewReader(s3Error("NoSuchBucket")), io.LimitReader(zeros{}, 1<<30)), &most})
		return answer
	}
	most = 0
	if _, err := w.Send(request(t, "GET", object, ""), user("jo")); err == nil || most > 32<<10 {
		t.Errorf("expected at most 32 KiB of an answer that is dropped, read %d, %v", most, err)
	}
}
