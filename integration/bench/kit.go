package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// kit gets the programs. What it builds or unpacks stays in its folder, so that
// the next run has it.
type kit struct {
	ctx  context.Context
	dir  string
	have map[*program]obtained
}

// executable is a program on disk.
type executable struct {
	path, version     string
	prefix, libraries string // where a package of Debian is unpacked
}

// obtained is an executable, or why there is none.
type obtained struct {
	executable
	err error
}

// get builds or unpacks a program, once.
func (k *kit) get(p *program) obtained {
	got, done := k.have[p]
	if !done {
		progress("getting %s", p.name)
		got.executable, got.err = p.get(k)
		if k.have == nil {
			k.have = make(map[*program]obtained)
		}
		k.have[p] = got
	}
	return got
}

const caddyModule = "github.com/caddyserver/caddy/v2"

// ourCaddy is always built, since it is what changes. Its version is that of Caddy.
func (k *kit) ourCaddy() (executable, error) {
	e := executable{path: filepath.Join(k.dir, "caddy")}
	if err := k.run("", nil, "go", "build", "-o", e.path, "github.com/caddy-cognito/caddy-cognito/plugin/cmd/caddy"); err != nil {
		return e, err
	}
	info, err := buildinfo.ReadFile(e.path)
	if err != nil {
		return e, err
	}
	for _, module := range info.Deps {
		if module.Path == caddyModule {
			e.version = module.Version
		}
	}
	return e, nil
}

// build builds a program in a module of its own that requires modules at exact
// versions: the main package given, or that of the first module. The line about Go
// spares it the modules that no package of the build comes from.
func (k *kit) build(name, version, main string, requires ...string) (executable, error) {
	e := executable{path: filepath.Join(k.dir, name+"-"+version), version: version}
	if _, err := os.Stat(e.path); err == nil {
		return e, nil
	}
	dir, err := os.MkdirTemp("", "caddy-cognito-bench-build-")
	if err != nil {
		return e, err
	}
	defer os.RemoveAll(dir)
	target, module := requires[0], "module bench\ngo 1.26.0\n"
	for i := 0; i < len(requires); i += 2 {
		module += "require " + requires[i] + " " + requires[i+1] + "\n"
	}
	if main != "" {
		target = "."
		err = os.WriteFile(filepath.Join(dir, "main.go"), []byte(main), 0o600)
	}
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o600)); err != nil {
		return e, err
	}
	return e, k.run(dir, []string{"GOWORK=off"}, "go", "build", "-mod=mod", "-o", e.path, target)
}

// packages are all that is used of Debian.
var packages = []string{"haproxy", "apache2-bin", "libapache2-mod-auth-openidc", "libapache2-mod-oauth2", "nginx", "libnginx-mod-http-js"}

// debian is a program out of Debian's packages, which are unpacked all at once
// where they disturb nobody. Its version is that of the packages named.
func (k *kit) debian(path string, of ...string) (executable, error) {
	prefix := filepath.Join(k.dir, "debian")
	if _, err := os.Stat(prefix); err != nil {
		if err := k.unpack(prefix); err != nil {
			return executable{}, err
		}
	}
	libraries, _ := filepath.Glob(filepath.Join(prefix, "usr/lib/*-linux-gnu*"))
	e := executable{path: filepath.Join(prefix, path), prefix: prefix, libraries: strings.Join(append(libraries, filepath.Join(prefix, "usr/lib")), ":")}
	for _, name := range of {
		e.version += " " + k.packageVersion(name)
	}
	e.version = strings.TrimSpace(e.version)
	_, err := os.Stat(e.path)
	return e, err
}

// unpack downloads packages with what they need that this machine lacks. apt-get
// keeps to the folder, so that anybody may run it and nothing is installed.
func (k *kit) unpack(prefix string) error {
	apt := filepath.Join(k.dir, "apt")
	for _, dir := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(apt, dir), 0o700); err != nil {
			return err
		}
	}
	options := []string{"-q", "-y", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", "-o", "Dir::State::lists=" + apt + "/lists", "-o", "Dir::Cache=" + apt}
	if err := k.run("", nil, "apt-get", append(options, "update")...); err != nil {
		return err
	}
	download := append(options, "--download-only", "--reinstall", "--no-install-recommends", "install")
	if err := k.run("", nil, "apt-get", append(download, packages...)...); err != nil {
		return err
	}
	archives, err := filepath.Glob(apt + "/archives/*.deb")
	for _, archive := range archives {
		err = errors.Join(err, k.run("", nil, "dpkg", "-x", archive, prefix+".part"))
	}
	if err != nil {
		return err
	}
	return os.Rename(prefix+".part", prefix)
}

var packageFile = regexp.MustCompile(`_(?:\d+%3a)?([^_]+)_\w+\.deb$`)

// packageVersion reads a version off the name of the package's file.
func (k *kit) packageVersion(name string) string {
	files, _ := filepath.Glob(filepath.Join(k.dir, "apt/archives", name+"_*.deb"))
	for _, file := range files {
		if match := packageFile.FindStringSubmatch(file); match != nil {
			return name + " " + match[1]
		}
	}
	return name
}

// run runs a command, and says the end of what it said if it fails.
func (k *kit) run(dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(k.ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(string(output)))
	}
	return nil
}
