// Package caddyprocess runs the command caddy out of a test binary. Caddy knows one
// running configuration per process; so tests that need several, or that end one,
// run themselves again, with the race detector when they have it.
package caddyprocess

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// asCaddy makes a test binary be the command caddy.
const asCaddy = "TEST_AS_CADDY"

// Main is for TestMain. It runs the tests, so many in parallel unless -parallel says
// otherwise, and returns the exit code. In a process of [Command] it is the command
// caddy instead. The binary must have the modules that are wanted.
func Main(m *testing.M, parallel int) (code int) {
	if os.Getenv(asCaddy) != "" {
		os.Args[0] = "caddy"
		caddycmd.Main() // which exits
		return 0
	}
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		_ = flag.Set("test.parallel", strconv.Itoa(parallel))
	}
	return m.Run()
}

// Command is the command caddy with arguments, until the end of ctx. It keeps its
// files in home.
func Command(ctx context.Context, home string, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, arguments...)
	cmd.Env = append(os.Environ(), asCaddy+"=1", "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	return cmd, nil
}

// Process is a command that was started. Whoever started it ends it, by Kill or
// Stop.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	output output
}

// Start starts the command and does not wait for it.
func Start(home string, arguments ...string) (*Process, error) {
	cmd, err := Command(context.Background(), home, arguments...)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Output is what the process wrote so far.
func (p *Process) Output() string { return p.output.String() }

// Kill ends the process as a crash does.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	return err
}

// Stop ends the process as a service manager does, if it still runs. It is an error
// when that takes longer than patience, and when the process wrote of a data race
// or a panic.
func (p *Process) Stop(patience time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("no end within %v: %s", patience, p.Output()), p.Kill())
	}
	for _, word := range []string{"DATA RACE", "panic:", "goroutine 1 ["} {
		if text := p.Output(); strings.Contains(text, word) {
			return fmt.Errorf("wrote %q: %s", word, text)
		}
	}
	return nil
}

// output is what a process wrote.
type output struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
