package integration_test

import (
	"bytes"
	"flag"
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
)

// asCaddy makes this test binary be the command caddy: Caddy knows one running
// configuration per process, and a fleet needs several. So they are built with
// the race detector when the tests are.
const asCaddy = "FLEET_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		os.Args[0] = "caddy"
		caddycmd.Main()
		return
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = flag.Set("test.parallel", "4") // fleets wait more than they work
	}
	os.Exit(m.Run())
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

// command is the command caddy with arguments.
func (f *fleet) command(args ...string) *exec.Cmd {
	f.Helper()
	self, err := os.Executable()
	check(f.T, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asCaddy+"=1", "HOME="+f.dir, "XDG_DATA_HOME="+f.dir, "XDG_CONFIG_HOME="+f.dir)
	return cmd
}

// start starts the process and does not wait for it.
func (i *instance) start() {
	i.Helper()
	file := filepath.Join(i.dir, i.name+".caddyfile")
	check(i.T, os.WriteFile(file, []byte(i.caddyfile()), 0o600))
	i.process = i.command("run", "--config", file, "--adapter", "caddyfile")
	i.process.Stdout, i.process.Stderr = &i.output, &i.output
	check(i.T, i.process.Start())
	i.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan<- struct{}) {
		_ = process.Wait()
		close(exited)
	}(i.process, i.exited)
}

// awaitReady waits until the site answers.
func (i *instance) awaitReady() {
	i.Helper()
	eventually(i.T, i.name+" answers", func() bool {
		select {
		case <-i.exited:
			i.Fatalf("%s has ended: %s", i.name, &i.output)
		default:
		}
		got, err := try(i.T, i.web, http.MethodGet, app+"/", "")
		return err == nil && got.status == http.StatusUnauthorized
	})
}

// kill ends the process as a crash does.
func (i *instance) kill() {
	i.Helper()
	check(i.T, i.process.Process.Kill())
	<-i.exited
	i.web.CloseIdleConnections()
	i.admin.CloseIdleConnections()
	for _, socket := range []string{".sock", ".admin"} {
		check(i.T, os.Remove(filepath.Join(i.dir, i.name+socket)))
	}
}

// stop ends the process if it runs. A data race in it fails the test.
func (i *instance) stop() {
	if i.process == nil {
		return
	}
	_ = i.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.exited:
	case <-time.After(20 * time.Second):
		_ = i.process.Process.Kill()
		<-i.exited
		i.Errorf("%s did not stop: %s", i.name, &i.output)
	}
	if strings.Contains(i.output.String(), "DATA RACE") {
		i.Errorf("%s has a data race: %s", i.name, &i.output)
	}
	if i.Failed() {
		i.Logf("the log of %s:\n%s", i.name, i.ours())
	}
}

// ours is what the log has of this plugin.
func (i *instance) ours() string {
	text, _ := os.ReadFile(filepath.Join(i.dir, i.name+".log"))
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"logger":"cognito`) || strings.Contains(line, "cognito_") {
			b.WriteString(line)
		}
	}
	return b.String()
}
