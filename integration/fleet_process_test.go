package integration_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/caddyprocess"
)

func TestMain(m *testing.M) {
	os.Exit(caddyprocess.Main(m, 4)) // fleets wait more than they work
}

// command is the command caddy with arguments.
func (f *fleet) command(args ...string) *exec.Cmd {
	f.Helper()
	cmd, err := caddyprocess.Command(f.Context(), f.dir, args...)
	check(f.T, err)
	return cmd
}

// start starts the process and does not wait for it.
func (i *instance) start() {
	i.Helper()
	file := filepath.Join(i.dir, i.name+".caddyfile")
	check(i.T, os.WriteFile(file, []byte(i.caddyfile()), 0o600))
	process, err := caddyprocess.Start(i.dir, "run", "--config", file, "--adapter", "caddyfile")
	check(i.T, err)
	i.process = process
}

// awaitReady waits until the site answers.
func (i *instance) awaitReady() {
	i.Helper()
	eventually(i.T, i.name+" answers", func() bool {
		select {
		case <-i.process.Exited():
			i.Fatalf("%s has ended: %s", i.name, i.process.Output())
		default:
		}
		got, err := try(i.T, i.web, http.MethodGet, app+"/", "")
		return err == nil && got.status == http.StatusUnauthorized
	})
}

// kill ends the process as a crash does.
func (i *instance) kill() {
	i.Helper()
	check(i.T, i.process.Kill())
	i.web.CloseIdleConnections()
	for _, socket := range []string{".sock", ".admin"} {
		check(i.T, os.Remove(filepath.Join(i.dir, i.name+socket)))
	}
}

// stop ends the process if it runs. A data race or a panic in it fails the test.
func (i *instance) stop() {
	if i.process == nil {
		return
	}
	if err := i.process.Stop(20 * time.Second); err != nil {
		i.Errorf("%s: %v", i.name, err)
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
