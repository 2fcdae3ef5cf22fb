package faults_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// asCaddy makes this test binary be the command caddy, with the race detector when
// the tests have it: there is one running configuration per process, and here
// processes die.
const asCaddy = "FAULTS_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		os.Args[0] = "caddy"
		caddycmd.Main()
		return
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = flag.Set("test.parallel", "14") // they wait more than they work
	}
	os.Exit(m.Run())
}

// instance is one process.
type instance struct {
	*world
	name, addr string
	admin      *http.Client
	process    *exec.Cmd
	exited     chan struct{}
	output     lockedBuffer
}

// lockedBuffer is what a process wrote.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (w *world) newInstance(name string) *instance {
	i := &instance{world: w, name: name, addr: freeAddress(w.T), admin: edge.Client(filepath.Join(w.dir, name+".admin"))}
	w.Cleanup(func() {
		i.admin.CloseIdleConnections()
		i.stop()
	})
	return i
}

// start starts the process and does not wait for it.
func (i *instance) start() {
	i.Helper()
	file := filepath.Join(i.dir, i.name+".caddyfile")
	check(i.T, os.WriteFile(file, []byte(i.caddyfile(i)), 0o600))
	self, err := os.Executable()
	check(i.T, err)
	i.process = exec.Command(self, "run", "--config", file, "--adapter", "caddyfile")
	i.process.Env = append(os.Environ(), asCaddy+"=1", "HOME="+i.dir, "XDG_DATA_HOME="+i.dir, "XDG_CONFIG_HOME="+i.dir)
	i.process.Stdout, i.process.Stderr = &i.output, &i.output
	check(i.T, i.process.Start())
	i.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan<- struct{}) {
		_ = process.Wait()
		close(exited)
	}(i.process, i.exited)
}

// awaitReady waits until it listens.
func (i *instance) awaitReady() {
	i.Helper()
	eventually(i.T, i.name+" listens", func() error {
		select {
		case <-i.exited:
			i.Fatalf("%s has ended: %s", i.name, &i.output)
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
	check(i.T, i.process.Process.Kill())
	<-i.exited
	i.admin.CloseIdleConnections()
	_ = os.Remove(filepath.Join(i.dir, i.name+".admin"))
}

// stop ends the process as a service manager does, if it runs.
func (i *instance) stop() {
	if i.process == nil {
		return
	}
	_ = i.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.exited:
	case <-time.After(30 * time.Second):
		_ = i.process.Process.Kill()
		<-i.exited
		i.Errorf("%s did not stop: %s", i.name, &i.output)
	}
	for _, word := range []string{"DATA RACE", "panic:", "goroutine 1 ["} {
		if text := i.output.String(); strings.Contains(text, word) {
			i.Errorf("%s wrote %q: %s", i.name, word, text)
		}
	}
}

// reload has it load its configuration again, which may have changed.
func (i *instance) reload() {
	i.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(i.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/load", strings.NewReader(i.caddyfile(i)))
	check(i.T, err)
	req.Header.Set("Content-Type", "text/caddyfile")
	req.Header.Set("Cache-Control", "must-revalidate") // also when nothing has changed
	resp, err := i.admin.Do(req)
	check(i.T, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(i.T, err)
	if resp.StatusCode != http.StatusOK {
		i.Fatalf("%s: expected the configuration to load, got %d with %q", i.name, resp.StatusCode, text)
	}
	i.admin.CloseIdleConnections()
}

// ask is a request to the admin API.
func (i *instance) ask(method, path, body string) string {
	i.Helper()
	req, err := http.NewRequestWithContext(i.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	check(i.T, err)
	resp, err := i.admin.Do(req)
	check(i.T, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	check(i.T, err)
	if resp.StatusCode != http.StatusOK {
		i.Fatalf("%s: expected 200 at %s, got %d with %.200q", i.name, path, resp.StatusCode, text)
	}
	return string(text)
}

// log is all that it has logged.
func (i *instance) log() string {
	text, err := os.ReadFile(filepath.Join(i.dir, i.name+".log"))
	check(i.T, err)
	return fmt.Sprint(string(text), &i.output)
}
