package versity

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// Options configures a Gateway.
type Options struct {
	// Dir is the data directory, required. It is made when missing, each
	// bucket is a directory in it, and it may be used again. On a file system
	// without extended attributes, what these would hold goes to Dir+".meta".
	Dir string

	// Region is the one that requests must be signed for. Default us-east-1.
	Region string

	// Sessions finds the temporary credentials with an access key ID. It is
	// called for each request, from many goroutines, so that what the issuer
	// revokes ends at once. Without it there is only root.
	Sessions func(accessKeyID string) (Session, bool)

	// Addr is the TCP address to listen on. Default a free port of 127.0.0.1;
	// port 0 stands for a free one too.
	Addr string

	// Domain lets requests name a bucket in the host, as <bucket>.<Domain>,
	// with any port. Default: only in the path, which works always.
	Domain string

	// sidecar is for tests: as if there were no extended attributes.
	sidecar bool
}

// ObjectOptions are the headers that an object is stored with.
type ObjectOptions = s3root.ObjectOptions

// Gateway is a running store. Its client works as root, with keys made for
// this start that nobody else has.
type Gateway struct {
	*s3root.Client

	url     string
	http    *http.Client
	oldDir  string // where the process was
	cancel  context.CancelFunc
	stopped chan struct{} // closed when the gateway has ended, after err is set
	err     error

	closeOnce sync.Once
	closeErr  error
}

// ErrRunning means that this process runs a gateway already.
var ErrRunning = errors.New("versity: a gateway is running in this process: close it first, there can be one")

// running guards what the gateway and its store keep in package variables, and
// the working directory.
var running atomic.Bool

// Start runs a gateway and returns when it takes requests. Close it. The
// working directory of the process is o.Dir until then.
func Start(o Options) (*Gateway, error) {
	if o.Dir == "" {
		return nil, errors.New("versity: Dir: required")
	}
	if !running.CompareAndSwap(false, true) {
		return nil, ErrRunning
	}
	g, err := start(o)
	if err != nil {
		running.Store(false)
		return nil, fmt.Errorf("versity: %w", err)
	}
	return g, nil
}

// attempts is how often Start looks for a free port: another program may take
// one between the look and the gateway's own listening.
const attempts = 5

func start(o Options) (*Gateway, error) {
	oldDir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	o.Region, o.Addr = cmp.Or(o.Region, "us-east-1"), cmp.Or(o.Addr, "127.0.0.1:0")
	var g *Gateway
	for range attempts {
		if g, err = try(o, oldDir); err == nil || !wantsFreePort(o.Addr) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.Chdir(oldDir))
	}
	return g, nil
}

func wantsFreePort(addr string) bool { return strings.HasSuffix(addr, ":0") }

// concrete replaces port 0, since the gateway does not tell which one it got.
// It refuses an address without a port, which the gateway would take for the
// path of a socket.
func concrete(addr string) (string, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil || !wantsFreePort(addr) {
		return addr, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// try starts a gateway once.
func try(o Options, oldDir string) (*Gateway, error) {
	addr, err := concrete(o.Addr)
	if err != nil {
		return nil, err
	}
	store, err := openStore(o.Dir, o.sidecar)
	if err != nil {
		return nil, err
	}
	root := auth.Account{Access: rand.Text(), Secret: rand.Text(), Role: auth.RoleAdmin}
	g := &Gateway{
		url: "http://" + addr, http: &http.Client{Transport: &http.Transport{}},
		oldDir: oldDir, stopped: make(chan struct{}),
	}
	g.Client = s3root.New(s3root.Options{
		URL: g.url, Region: o.Region, HTTP: g.http,
		Credentials: aws.Credentials{AccessKeyID: root.Access, SecretAccessKey: root.Secret},
	})
	return g, g.run(store, o.config(addr, root))
}

// config is the gateway's configuration. The limits are far from what a test
// or a demo needs; the gateway has no defaults for them.
func (o Options) config(addr string, root auth.Account) *embedgw.Config {
	return &embedgw.Config{
		RootUserAccess:    root.Access,
		RootUserSecret:    root.Secret,
		Region:            o.Region,
		Ports:             []string{addr},
		VirtualDomain:     o.Domain,
		IAMService:        newIdentities(root, o.Sessions),
		Quiet:             true,
		KeepAlive:         true,
		MaxConnections:    4096,
		MaxRequests:       4096,
		MultipartMaxParts: 10_000, // the limit of S3
	}
}

// startTimeout is how long Start waits for what takes milliseconds.
const startTimeout = 30 * time.Second

// run starts the gateway's goroutine and waits until it listens or has failed.
func (g *Gateway) run(store backend.Backend, config *embedgw.Config) error {
	listening := make(chan struct{})
	config.S3Options = append(config.S3Options, s3api.WithOnListen(sync.OnceFunc(func() { close(listening) })))
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go func() {
		defer close(g.stopped)
		g.err = embedgw.RunVersityGW(ctx, store, config)
	}()
	select {
	case <-listening:
		return nil
	case <-g.stopped:
		cancel()
		return cmp.Or(g.err, errors.New("ended while starting"))
	case <-time.After(startTimeout):
		cancel()
		<-g.stopped
		return fmt.Errorf("not listening after %s", startTimeout)
	}
}

// URL is the base URL for path-style requests, without a slash at its end.
func (g *Gateway) URL() string { return g.url }

// Close ends the gateway, waits for the requests it has begun, and puts the
// process back into its former directory. It may be called again. Goroutines
// of its HTTP library sleep on for up to ten seconds.
func (g *Gateway) Close() error {
	g.closeOnce.Do(func() {
		g.http.CloseIdleConnections()
		g.cancel()
		<-g.stopped
		g.closeErr = errors.Join(g.err, os.Chdir(g.oldDir))
		running.Store(false)
	})
	return g.closeErr
}
