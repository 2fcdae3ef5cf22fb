package faults_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/caddyprocess"
)

func TestMain(m *testing.M) {
	os.Exit(caddyprocess.Main(m, 14)) // they wait more than they work
}

// instance is one process.
type instance struct {
	*world
	name, addr string
	admin      *http.Client
	process    *caddyprocess.Process
}

func (w *world) newInstance(name string) *instance {
	i := &instance{world: w, name: name, addr: freeAddress(w.T), admin: edge.Admin(filepath.Join(w.dir, name+".admin"))}
	w.Cleanup(i.stop)
	return i
}

// start starts the process and does not wait for it.
func (i *instance) start() {
	i.Helper()
	file := filepath.Join(i.dir, i.name+".caddyfile")
	check(i.T, os.WriteFile(file, []byte(i.caddyfile(i)), 0o600))
	process, err := caddyprocess.Start(i.dir, "run", "--config", file, "--adapter", "caddyfile")
	check(i.T, err)
	i.process = process
}

// awaitReady waits until it listens.
func (i *instance) awaitReady() {
	i.Helper()
	eventually(i.T, i.name+" listens", func() error {
		select {
		case <-i.process.Exited():
			i.Fatalf("%s has ended: %s", i.name, i.process.Output())
		default:
		}
		conn, err := net.Dial("tcp", i.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

// kill ends the process as a crash does.
func (i *instance) kill() {
	i.Helper()
	check(i.T, i.process.Kill())
	_ = os.Remove(filepath.Join(i.dir, i.name+".admin"))
}

// stop ends the process as a service manager does, if it runs.
func (i *instance) stop() {
	if i.process == nil {
		return
	}
	if err := i.process.Stop(30 * time.Second); err != nil {
		i.Errorf("%s: %v", i.name, err)
	}
}

// reload has it load its configuration again, which may have changed.
func (i *instance) reload() {
	i.Helper()
	i.ask(http.MethodPost, "/load", i.caddyfile(i),
		"Content-Type", "text/caddyfile",
		"Cache-Control", "must-revalidate") // also when nothing has changed
}

// ask is a request to the admin API with pairs of headers, also while the test ends.
func (i *instance) ask(method, path, body string, headers ...string) string {
	i.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(i.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, strings.NewReader(body))
	check(i.T, err)
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := i.admin.Do(req)
	check(i.T, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(i.T, err)
	if resp.StatusCode != http.StatusOK {
		i.Fatalf("%s: expected 200 at %s, got %d with %.500q", i.name, path, resp.StatusCode, text)
	}
	return string(text)
}

// log is all that it has logged.
func (i *instance) log() string {
	text, err := os.ReadFile(filepath.Join(i.dir, i.name+".log"))
	check(i.T, err)
	return fmt.Sprint(string(text), i.process.Output())
}
