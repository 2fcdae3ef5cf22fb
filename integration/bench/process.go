package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a proxy that runs.
type process struct {
	site

	cmd    *exec.Cmd
	stderr bytes.Buffer  // to be read when ended
	ended  chan struct{} // closed when the process has ended
}

// start runs a program as one of its variants, and waits until it listens.
func (l *lab) start(p *program, v variant, upstream string) (*process, error) {
	program := l.kit.get(p)
	if program.err != nil {
		return nil, program.err
	}
	l.started++
	dir := filepath.Join(l.dir, fmt.Sprint("proxy-", l.started))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := l.newSite(dir, program.executable, upstream)
	if err != nil {
		return nil, err
	}
	args, err := v(s)
	if err != nil {
		return nil, err
	}
	proxy := &process{site: s, cmd: pinned(l.ctx, program.path, args...), ended: make(chan struct{})}
	proxy.cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "HOME="+dir, "LD_LIBRARY_PATH="+program.libraries)
	return proxy, proxy.run()
}

func (p *process) run() error {
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		p.cmd.Wait() //nolint:errcheck // how a proxy ends that is told to does not matter
		close(p.ended)
	}()
	if err := p.wait(); err != nil {
		p.stop()
		return fmt.Errorf("%w: %s", err, lastLines(p.stderr.String()))
	}
	return nil
}

func (p *process) wait() error {
	for range 200 {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return errors.New("it ended at once")
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("it does not listen")
}

// stop ends the process and those that it started.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it has ended then
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // nobody is left in its group then
	<-p.ended
}

// tree are the process and its descendants.
func (p *process) tree() []int {
	pids := []int{p.cmd.Process.Pid}
	for i := 0; i < len(pids); i++ {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pids[i]))
		for _, child := range strings.Fields(string(children)) {
			pid, _ := strconv.Atoi(child)
			pids = append(pids, pid)
		}
	}
	return pids
}

// cpu is the processor time that the tree has used, in steps of 10 ms.
func (p *process) cpu() (used time.Duration) {
	for _, pid := range p.tree() {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 13 {
			continue
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		used += time.Duration(user+system) * 10 * time.Millisecond
	}
	return used
}

// memory is the resident set of the tree in bytes.
func (p *process) memory() (resident int) {
	for _, pid := range p.tree() {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		kilobytes, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
		resident += kilobytes << 10
	}
	return resident
}

// proxyCore is the core on which proxies run, by its number, and ours the others, as
// taskset takes them: the first of those that this process may use, which in a
// container need not begin at 0. They are empty when there is but one, or no
// taskset.
var proxyCore, ours = cores()

func cores() (first, others string) {
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		return "", ""
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	from, more, _ := strings.Cut(list, ",")
	low, high, several := strings.Cut(from, "-")
	number, err := strconv.Atoi(low)
	if err != nil {
		return "", ""
	}
	if several && fmt.Sprint(number+1) == high {
		others = high
	} else if several {
		others = fmt.Sprintf("%d-%s", number+1, high)
	}
	return low, strings.Trim(others+","+more, ",")
}

// pinned runs a command on the proxies' core; this process keeps to the others.
func pinned(ctx context.Context, name string, args ...string) *exec.Cmd {
	if proxyCore == "" {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", proxyCore, name}, args...)...)
}

// pinSelf keeps this process off the proxies' core.
func pinSelf() error {
	if proxyCore == "" {
		return nil
	}
	return exec.Command("taskset", "-a", "-p", "-c", ours, fmt.Sprint(os.Getpid())).Run()
}

// lastLines is the end of what a program said.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " ")
}
