package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// profileRow writes the CPU profiles of both proxies of a row under load, if they
// are Caddy's, which has them at its admin address.
func (l *lab) profileRow(r row, t *test) error {
	if !strings.Contains(r.program.name, "Caddy") && r.program != plugin {
		return nil
	}
	name := strings.Trim(unfit.ReplaceAllString(strings.ToLower(r.title()), "-"), "-")
	return errors.Join(
		l.profile(t.without, r, t, filepath.Join(l.profiles, name+"-without.pprof")),
		l.profile(t.with, r, t, filepath.Join(l.profiles, name+"-with.pprof")),
	)
}

func (l *lab) profile(p *process, r row, t *test, file string) error {
	seconds := max(1, int(l.duration.Seconds()))
	loaded := make(chan error)
	go func() {
		_, err := l.load(p, &source{lines: t.lines, once: r.once}, t.want, l.connections, time.Duration(seconds+1)*time.Second)
		loaded <- err
	}()
	err := l.fetch(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.admin, seconds), file)
	return errors.Join(err, <-loaded)
}

// fetch keeps what a URL has in a file.
func (l *lab) fetch(url, file string) error {
	request, err := http.NewRequestWithContext(l.ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	profile, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, profile, 0o644))
}
