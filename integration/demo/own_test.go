package main

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	syntax "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/caddyprocess"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
)

func TestMain(m *testing.M) { os.Exit(caddyprocess.Main(m, 1)) }

// The demo writes a Caddyfile for a second Caddy, which serves the same users and
// the same bucket.
func TestOwnCaddyfile(t *testing.T) {
	d := startDemo(t)
	found := regexp.MustCompile(`(?m)^cat '(.*own\.Caddyfile)'$`).FindStringSubmatch(d.commands)
	if found == nil {
		t.Fatalf("expected the name of a Caddyfile in:\n%s", d.commands)
	}
	text, err := os.ReadFile(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if want := syntax.Format(text); !bytes.Equal(text, want) {
		t.Errorf("expected it as caddy fmt writes it,\n%s", want)
	}
	site := startOwn(t, string(text))
	if got := statusOf(site + "/"); got != http.StatusUnauthorized {
		t.Errorf("expected status 401 without a session, got %d", got)
	}
	v := &visitor{site: site, cookies: make(map[string]string)}
	v.open(t, "/")
	v.want(t, "/_cognito/sign-in", `name="username"`)
	v.submit(t, "username", "jose", "password", password)
	v.want(t, "/", "<h1>The private website</h1>")
	v.send(t, http.MethodPost, "/_cognito/sign-out", url.Values{})
	v.open(t, "/")
	v.want(t, "/_cognito/sign-in", `name="username"`)
}

var ownPorts = regexp.MustCompile(`(?m)^(\s*admin |http://)localhost:\d+`)

// startOwn runs a Caddyfile as the command caddy does, and is the URL of its site.
// The ports are others, since somebody else may have come to those of the file.
func startOwn(t *testing.T, text string) (site string) {
	t.Helper()
	if got := ownPorts.FindAllString(text, -1); len(got) != 2 {
		t.Fatalf("expected an admin address and a site, got %q", got)
	}
	text = ownPorts.ReplaceAllStringFunc(text, func(found string) string {
		name, _, _ := strings.Cut(found, "localhost:")
		address, err := freeport.Take()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(address)
		site = "http://localhost:" + port
		return name + "localhost:" + port
	})
	dir := t.TempDir()
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runCaddy(t, dir, "run", "--config", path)
	deadline := time.Now().Add(time.Minute)
	for statusOf(site+"/_cognito/session") != http.StatusUnauthorized {
		if time.Now().After(deadline) {
			t.Fatalf("expected Caddy to serve %s", site)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return site
}

// runCaddy runs the command until the test ends, with dir as its home. The demo has
// the one configuration of this process.
func runCaddy(t *testing.T, dir string, arguments ...string) {
	t.Helper()
	caddy, err := caddyprocess.Start(dir, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(30 * time.Second); err != nil || t.Failed() {
			t.Errorf("Caddy ended with %v, after\n%s", err, caddy.Output())
		}
	})
}

// statusOf is the status of an answer, or 0 for want of one.
func statusOf(target string) int {
	answer, err := http.Get(target)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}
