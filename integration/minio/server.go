package minio

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/caddy-cognito/caddy-cognito/integration/internal/freeport"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
)

// Options configures a Server.
type Options struct {
	// Dir is a directory for the server alone, required: its data, and its log
	// minio.log. It is made when missing, and may be used again.
	Dir string

	// Region is the one that requests must be signed for. Default us-east-1.
	Region string

	// DiscoveryURL is the OpenID Connect discovery document of the issuer of
	// ID tokens, such as http://127.0.0.1:9000/<pool
	// ID>/.well-known/openid-configuration. It must answer when the server
	// starts. Without it there is only root.
	DiscoveryURL string

	// ClientID is the audience of the tokens, required with DiscoveryURL.
	ClientID string

	// ClaimName is the claim with the names of policies. Default
	// cognito:groups.
	ClaimName string

	// Domain lets requests name a bucket in the host, as <bucket>.<Domain>,
	// with any port. Default: only in the path, which works always.
	Domain string
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("minio: Dir: required")
	}
	if (o.DiscoveryURL == "") != (o.ClientID == "") {
		return o, errors.New("minio: DiscoveryURL and ClientID: one needs the other")
	}
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.ClaimName = cmp.Or(o.ClaimName, "cognito:groups")
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return o, fmt.Errorf("minio: Dir: %w", err)
	}
	return o, nil
}

// checkIssuer looks for the discovery document. Without it MinIO would wait,
// and say so only in its log.
func (o Options) checkIssuer(ctx context.Context) error {
	if o.DiscoveryURL == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.DiscoveryURL, nil)
	if err != nil {
		return err
	}
	return do(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, req)
}

// secrets are made for each start. Nobody else has them.
type secrets struct {
	root   aws.Credentials
	client string
}

func newSecrets() secrets {
	return secrets{
		root:   aws.Credentials{AccessKeyID: rand.Text()[:20], SecretAccessKey: rand.Text()}, // MinIO wants no longer names
		client: rand.Text() + rand.Text(),
	}
}

// environment is all of the server's: what the user has set for another MinIO
// must not reach this one.
func (o Options) environment(s secrets) []string {
	env := []string{
		"HOME=" + o.Dir,
		"MINIO_ROOT_USER=" + s.root.AccessKeyID,
		"MINIO_ROOT_PASSWORD=" + s.root.SecretAccessKey,
		"MINIO_REGION=" + o.Region,
		"MINIO_DOMAIN=" + o.Domain,
		"MINIO_BROWSER=off",
		"MINIO_UPDATE=off",
		"MINIO_CALLHOME_ENABLE=off",
	}
	if o.DiscoveryURL == "" {
		return env
	}
	return append(env,
		"MINIO_IDENTITY_OPENID_CONFIG_URL="+o.DiscoveryURL,
		"MINIO_IDENTITY_OPENID_CLIENT_ID="+o.ClientID,
		"MINIO_IDENTITY_OPENID_CLAIM_NAME="+o.ClaimName,
		// MinIO takes the client secret for one more verification key and
		// allows HS256. A client of a user pool often has no secret; left
		// empty here, anybody could sign a token with the empty key and the
		// client ID as its kid, and MinIO would issue credentials for it,
		// whatever its issuer, with the policy consoleAdmin if asked. So there
		// is one always, and nobody knows it.
		"MINIO_IDENTITY_OPENID_CLIENT_SECRET="+s.client,
	)
}

// ObjectOptions are the headers that an object is stored with.
type ObjectOptions = s3root.ObjectOptions

// Server is a running MinIO. Its client works as root, with keys made for this
// start that nobody else has. PutPolicy can only say what everybody may.
type Server struct {
	*s3root.Client

	url    string
	region string
	root   aws.Credentials
	http   *http.Client
	log    string // a file
	end    context.CancelFunc
	ended  chan struct{} // closed when the process has ended

	closeOnce sync.Once
}

// startTimeout is how long Start waits for what takes a third of a second.
const startTimeout = time.Minute

// attempts is how often Start looks for a free port: another program may take
// one between the look and the server's own listening.
const attempts = 3

// Start runs a server on a free port of 127.0.0.1 and returns when it takes
// requests; it builds the command if need be. Close the server: it outlives
// ctx, which limits the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	path, err := Build(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.checkIssuer(ctx); err != nil {
		return nil, fmt.Errorf("minio: DiscoveryURL: %w", err)
	}
	for range attempts {
		var s *Server
		if s, err = start(ctx, path, o); err == nil {
			return s, nil
		}
		if !errors.Is(err, errEnded) {
			break
		}
	}
	return nil, fmt.Errorf("minio: starting: %w", err)
}

func start(ctx context.Context, path string, o Options) (*Server, error) {
	addr, err := freeport.Take() // MinIO does not tell which one it got
	if err != nil {
		return nil, err
	}
	secrets := newSecrets()
	s := &Server{
		url: "http://" + addr, region: o.Region, root: secrets.root, ended: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{}}, log: filepath.Join(o.Dir, "minio.log"),
	}
	s.Client = s3root.New(s3root.Options{URL: s.url, Region: s.region, Credentials: s.root, HTTP: s.http})
	if err := s.run(path, addr, o, secrets); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// grace is how long a server may take to end before it is killed.
const grace = 10 * time.Second

// run starts the process.
func (s *Server) run(path, addr string, o Options, secrets secrets) error {
	data, certificates := filepath.Join(o.Dir, "data"), filepath.Join(o.Dir, "certs")
	for _, dir := range []string{data, certificates} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	// Without --quiet it prints root's keys.
	cmd := exec.CommandContext(ctx, path, "server", "--quiet", "--address", addr, "--certs-dir", certificates, data)
	cmd.Dir, cmd.Env = o.Dir, o.environment(secrets)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		end()
		return err
	}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait() // ended on request, or wait tells the output
	}()
	return nil
}

// errEnded means that the process ended by itself, for which a taken port is a
// reason.
var errEnded = errors.New("it ended")

// readyPoll is how often wait asks.
const readyPoll = 20 * time.Millisecond

// wait returns when the server is ready.
func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for !s.ready(ctx) {
		select {
		case <-ticker.C:
		case <-s.ended:
			return fmt.Errorf("%w: %s", errEnded, s.said())
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w: %s", ctx.Err(), s.said())
		}
	}
	return nil
}

// said is the end of the log.
func (s *Server) said() []byte {
	log, err := os.ReadFile(s.log)
	if err != nil {
		return []byte(err.Error())
	}
	return tail(log)
}

// URL is the base URL of S3, path-style, and of the STS, without a slash at
// its end.
func (s *Server) URL() string { return s.url }

// Close ends the server and returns when it has ended. It may be called again.
// The error is for symmetry; there is none.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.http.CloseIdleConnections()
		s.end()
		<-s.ended
	})
	return nil
}
