//go:build linux

package integration_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const (
	gibibyte    = 1 << 30
	memoryBound = 32 << 20 // by which the edge may grow
)

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// endless is a store that keeps nothing and has an object of a gibibyte.
func endless(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n < r.ContentLength {
			w.WriteHeader(http.StatusBadRequest)
		}
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(gibibyte))
	if r.Method == http.MethodGet {
		_, _ = io.CopyN(w, zeros{}, gibibyte)
	}
}

// TestAGibibyteNeedsNoMemory measures the edge as a process of its own.
func TestAGibibyteNeedsNoMemory(t *testing.T) {
	w := newStoreWorld(t)
	store := httptest.NewServer(http.HandlerFunc(endless))
	defer store.Close()
	site := strings.ReplaceAll(`handle_path /checked/* {
		`+bucketSite("methods GET HEAD PUT", "checksum")+`
	}
	`+bucketSite("methods GET HEAD PUT"), "$STORE", store.URL)
	w.testMemory(t, setup{site: site, level: "ERROR"}, "/"+w.places["jo"]+"large", "/checked/"+w.places["jo"]+"large")
}

// testMemory sends a gibibyte to each target and fetches it back.
func (w *storeWorld) testMemory(t *testing.T, s setup, targets ...string) {
	t.Helper()
	edge := w.process(s)
	w.large("PUT", targets[0], 1<<20)
	for _, target := range targets {
		for _, method := range []string{"PUT", "GET"} {
			t.Run(method+" "+target, func(t *testing.T) {
				w := w.row(t)
				before := edge.memory(t, "VmRSS")
				check(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", edge.pid), []byte("5"), 0)) // forgets the peak
				w.large(method, target, gibibyte)
				if grown := edge.memory(t, "VmHWM") - before; grown > memoryBound {
					t.Errorf("expected the edge to grow by %d MiB at most, it grew by %d MiB from %d MiB", memoryBound>>20, grown>>20, before>>20)
				} else {
					t.Logf("grew by %d KiB from %d MiB", grown>>10, before>>20)
				}
			})
		}
	}
}

// large sends or fetches so many octets as jo.
func (w *storeWorld) large(method, target string, size int64) {
	w.Helper()
	var body io.Reader
	if method == http.MethodPut {
		body = io.LimitReader(zeros{}, size)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, "http://edge"+target, body)
	check(w.T, err)
	req.ContentLength = 0
	if body != nil {
		req.ContentLength = size
	}
	req.Header.Set("Authorization", "Bearer "+w.bearerOf("jo"))
	resp, err := w.web.Do(req)
	check(w.T, err)
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	check(w.T, err)
	w.wantStatus(200, answer{status: resp.StatusCode})
	if method == http.MethodGet && n != size {
		w.Errorf("expected %d octets, got %d", size, n)
	}
}

type process struct{ pid int }

// process runs the edge as its users run it, built without the race detector.
func (w *storeWorld) process(s setup) process {
	w.Helper()
	binary, config := filepath.Join(w.dir, "caddy"), filepath.Join(w.dir, "Caddyfile")
	build := exec.Command("go", "build", "-o", binary, "github.com/caddy-cognito/caddy-cognito/plugin/cmd/caddy")
	build.Dir = filepath.Dir(sourceDir)
	output, err := build.CombinedOutput()
	if err != nil {
		w.Fatalf("go build: %v: %s", err, output)
	}
	check(w.T, os.WriteFile(config, []byte(w.caddyfile(w.with(s))), 0o600))
	var said bytes.Buffer
	cmd := exec.Command(binary, "run", "--config", config, "--adapter", "caddyfile")
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &said, &said
	cmd.Env = append(os.Environ(), "HOME="+w.dir)
	check(w.T, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	eventually(w.T, "the edge listens", func() bool {
		select {
		case err := <-ended:
			ended <- err
			w.Fatalf("the edge ended: %v: %s", err, said.Bytes())
		default:
		}
		got, err := try(w.T, w.web, "GET", "http://edge/", "")
		return err == nil && got.status == 401
	})
	return process{cmd.Process.Pid}
}

// memory is a figure of the process in bytes.
func (p process) memory(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	check(t, err)
	_, rest, found := strings.Cut(string(status), name+":")
	if !found {
		t.Fatalf("no %s in %s", name, status)
	}
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	check(t, err)
	return kilobytes << 10
}

// sourceDir is where these tests are, which versitygw leaves.
var sourceDir, _ = os.Getwd()
