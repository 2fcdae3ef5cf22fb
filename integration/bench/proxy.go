package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const authConfig = `
	cognito_auth bench {
		require group admins
	}
`

// silentConfig authorizes and tells the upstream nothing.
const silentConfig = `
	cognito_auth bench {
		require group admins
		forward none
	}
`

// plainConfig does without authorization what cognito_auth does to the headers of
// a request: the difference to it is what authorization itself costs.
const plainConfig = `
	request_header -Authorization
	request_header X-Cognito-Sub 5f0c2f6e-7c1d-4b5a-9d7e-000000000001
	request_header X-Cognito-Username jo
	request_header X-Cognito-Groups admins,editors
	request_header X-Cognito-Scope "openid email orders/read orders/write"
	request_header X-Cognito-Client-Id 1h57kf5cpq17m0eml12example
	request_header X-Cognito-Token-Use access
`

// baseConfig is what both proxies share.
const baseConfig = `{
	admin off
	persist_config off
	auto_https off
	storage file_system %s
	log {
		level ERROR
	}
	%s
}
http://:%s {
	bind 127.0.0.1
	%s
	reverse_proxy %s
}
`

// s3Config gets each object with the credentials of its user.
const s3Config = `
	cognito_auth bench {
		token_use id
	}
	cognito_s3 bench-bucket {
		credentials bench-media
		endpoint http://%s
	}
`

// signedConfig signs the requests as they are.
const signedConfig = `
	cognito_auth bench {
		token_use id
	}
`

const signedTransport = `{
		transport cognito_aws {
			credentials bench-media
		}
	}`

// exchangeConfig belongs into poolConfig.
const exchangeConfig = `
		identity_pool bench-media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
			user_pool bench
			endpoint http://%s
		}`

const poolConfig = `cognito {
		user_pool bench %s {
			client %s
			issuer %s
			jwks_url http://%s/jwks.json
		}
		%s
	}`

// proxy is a Caddy process.
type proxy struct {
	cmd     *exec.Cmd
	address string
	stderr  bytes.Buffer
}

// startProxy starts Caddy with these global options and directives, and waits
// until it listens.
func startProxy(dir, binary, upstream, global, site string) (*proxy, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	config := filepath.Join(dir, "Caddyfile-"+port)
	text := fmt.Sprintf(baseConfig, filepath.Join(dir, "storage-"+port), global, port, site, upstream)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p := &proxy{address: address}
	p.cmd = pinned(binary, "run", "--config", config, "--adapter", "caddyfile")
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "HOME="+dir)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, p.wait()
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func (p *proxy) wait() error {
	for range 200 {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("proxy does not listen on %s\n%s", p.address, p.stderr.String())
}

func (p *proxy) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// cpu is the processor time that the process has used, in steps of 10 ms.
func (p *proxy) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is the resident set in bytes.
func (p *proxy) memory() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kilobytes << 10
}
