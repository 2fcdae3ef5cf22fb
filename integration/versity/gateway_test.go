package versity

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func wantStatus(t *testing.T, url string, want int) {
	t.Helper()
	resp, err := http.Get(url)
	noError(t, err)
	noError(t, resp.Body.Close())
	if resp.StatusCode != want {
		t.Errorf("expected %d, got %d", want, resp.StatusCode)
	}
}

func TestThereIsOneGatewayAtATime(t *testing.T) {
	g := started(t, Options{})
	if _, err := Start(Options{Dir: t.TempDir()}); !errors.Is(err, ErrRunning) {
		t.Errorf("expected %v, got %v", ErrRunning, err)
	}
	noError(t, g.Close())
	noError(t, g.Close())
	started(t, Options{})
}

func TestAGatewayFindsTheDataOfAnEarlierOne(t *testing.T) {
	for name, sidecar := range map[string]bool{"in extended attributes": false, "in files": true} {
		t.Run(name, func(t *testing.T) {
			sts := &issuer{}
			o := Options{Dir: filepath.Join(t.TempDir(), "new", "data"), Sessions: sts.find, sidecar: sidecar}
			noError(t, started(t, o).Close())
			g, err := Start(o)
			noError(t, err)
			defer func() { noError(t, g.Close()) }()
			wantObject(t, client(g, sts.issue(readers, bob, nil)))
			if _, err := os.Stat(o.Dir + ".meta"); (err == nil) != sidecar {
				t.Errorf("files with metadata: expected %t, got %v", sidecar, err)
			}
		})
	}
}

// wantObject checks what started has put.
func wantObject(t *testing.T, c *s3.Client) {
	t.Helper()
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(site), Key: aws.String("index.html")})
	noError(t, err)
	got := [...]string{
		aws.ToString(head.ContentType), aws.ToString(head.ContentEncoding),
		aws.ToString(head.CacheControl), head.Metadata["who"],
	}
	if want := [...]string{"text/html", "identity", "no-store", "me"}; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestTheProcessReturnsToItsDirectory(t *testing.T) {
	before, err := os.Getwd()
	noError(t, err)
	wantDirectory := func(want string) {
		t.Helper()
		got, err := os.Getwd()
		noError(t, err)
		if got != want {
			t.Errorf("expected %s, got %s", want, got)
		}
	}
	dir := t.TempDir()
	g := started(t, Options{Dir: dir})
	wantDirectory(dir)
	noError(t, g.Close())
	wantDirectory(before)

	_, err = Start(Options{Dir: dir, Addr: "256.0.0.1:1"})
	if err == nil {
		t.Fatal("expected an error")
	}
	wantDirectory(before)
}

func TestStartTellsWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer func() { noError(t, taken.Close()) }()
	file := filepath.Join(t.TempDir(), "file")
	noError(t, os.WriteFile(file, nil, 0o600))
	for _, row := range []struct {
		name string
		o    Options
		want string
	}{
		{"no directory", Options{}, "Dir: required"},
		{"a file for a directory", Options{Dir: file}, "not a directory"},
		{"an address without a port", Options{Dir: t.TempDir(), Addr: "127.0.0.1"}, "missing port"},
		{"an address in use", Options{Dir: t.TempDir(), Addr: taken.Addr().String()}, "in use"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Start(row.o)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected %q, got %v", row.want, err)
			}
		})
	}
	started(t, Options{}) // none of them has kept the process
}

func TestClosingDoesNotWaitForIdleConnections(t *testing.T) {
	g := started(t, Options{})
	wantStatus(t, g.URL()+"/site/index.html", 403) // the default client keeps its connection
	defer http.DefaultClient.CloseIdleConnections()
	begin := time.Now()
	noError(t, g.Close())
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestHostsNameBucketsOfADomain(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find, Domain: "s3.test"})
	s := sts.issue(readers, alice, nil)
	c := client(g, s, func(o *s3.Options) {
		o.UsePathStyle = false
		o.BaseEndpoint = aws.String(strings.Replace(g.URL(), "127.0.0.1", "s3.test", 1))
		o.HTTPClient = &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
				if !strings.HasPrefix(addr, "site.s3.test:") {
					t.Errorf("the bucket is not in the host: %s", addr)
				}
				return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(g.URL(), "http://"))
			},
		}}
	})
	noError(t, put(t, c, "u/alice/a b.txt", "text"))
	for name, c := range map[string]*s3.Client{"in the host": c, "in the path": client(g, s)} {
		body, err := get(t, c, "u/alice/a b.txt")
		noError(t, err)
		if body != "text" {
			t.Errorf("%s: expected %q, got %q", name, "text", body)
		}
	}
}

func TestAListIsMoreThanAPage(t *testing.T) {
	g := started(t, Options{})
	const more = 1001 // the page has 1000
	for n := range more {
		noError(t, g.PutObject(t.Context(), site, "k"+strings.Repeat("x", n%7)+time.Duration(n).String(), nil, ObjectOptions{}))
	}
	keys, err := g.Keys(t.Context(), site)
	noError(t, err)
	if len(keys) != more+1 {
		t.Errorf("expected %d, got %d", more+1, len(keys))
	}
	body, err := g.GetObject(t.Context(), site, "index.html")
	noError(t, err)
	if string(body) != "hello" {
		t.Errorf("expected %q, got %q", "hello", body)
	}
	_, err = g.GetObject(t.Context(), site, "missing")
	wantCode(t, err, "NoSuchKey")
}
