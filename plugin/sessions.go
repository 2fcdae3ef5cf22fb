package plugin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// sessionPools outlive configurations, so that a reload keeps what is known of
// sessions. Their keys are all that changes how a value behaves.
var sessionPools = caddy.NewUsagePool()

// sessions keep the users of one user pool signed in. It is shared by all
// configurations that describe it alike, each of which holds the user pool, too.
type sessions struct {
	tenant
	key       string
	pool      *userPool
	clientID  string
	cookie    string
	lifetime  time.Duration
	client    *signin.Client
	keys      session.Keys
	keyring   *session.Keyring // nil with configured secrets
	ready     chan struct{}    // closed when there are keys
	looked    chan struct{}    // closed when the sign-outs of before are known
	codec     *session.Codec
	refresher *session.Refresher
	denied    *session.DenyList
	unsealed  pace // for the log of sessions that do not fit any more
	outages   *sessionOutages

	start   sync.Once
	ctx     context.Context // ends with Destruct
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// acquireSessions takes a reference; release gives it back.
func acquireSessions(pool *userPool, env *environment) (*sessions, error) {
	clientID, err := signinClient(pool.cfg)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(pool.key))
	key := hex.EncodeToString(sum[:]) + " " + clientID
	value, _, err := sessionPools.LoadOrNew(key, func() (caddy.Destructor, error) {
		return newSessions(key, clientID, pool, env)
	})
	if err != nil {
		return nil, err
	}
	return value.(*sessions), nil
}

func newSessions(key, clientID string, pool *userPool, env *environment) (*sessions, error) {
	cfg := pool.cfg.Session
	if cfg == nil {
		cfg = new(config.Session)
	}
	s := &sessions{
		key: key, pool: pool, clientID: clientID, cookie: cfg.CookieName(pool.name),
		lifetime: cmp.Or(duration(cfg.Absolute), session.DefaultAbsolute), ready: make(chan struct{}), looked: make(chan struct{}),
		outages: newSessionOutages(),
	}
	s.env.Store(env)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	err := s.build(cfg)
	if err != nil {
		return nil, errors.Join(err, s.Destruct())
	}
	return s, nil
}

// signinClient is the app client that users sign in to.
func signinClient(cfg *config.UserPool) (string, error) {
	if cfg.Session != nil && cfg.Session.Client != "" {
		return cfg.Session.Client, nil
	}
	if len(cfg.Clients) == 1 {
		return cfg.Clients[0], nil
	}
	return "", fmt.Errorf("session: client: expected the app client that users sign in to, since the pool has %d; write session { client <id> }", len(cfg.Clients))
}

// build makes the parts. What it made before an error is closed by Destruct.
func (s *sessions) build(cfg *config.Session) (err error) {
	s.client, err = signin.NewClient(signin.Options{
		UserPoolID: s.pool.id, ClientID: s.clientID, Secrets: s.secrets(), Endpoint: s.pool.cfg.Endpoint, Trace: s.pool.traceCall,
	})
	if err != nil {
		return err
	}
	if err := s.buildKeys(cfg); err != nil {
		return err
	}
	s.codec, err = session.NewCodec(session.CodecOptions{
		Keys: s.keys, Site: s.clientID, Pool: s.pool.id, Absolute: duration(cfg.Absolute), Idle: duration(cfg.Idle),
		Cookie: http.Cookie{
			Name: s.cookie, Path: "/", Domain: cfg.CookieDomain,
			Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, // Strict breaks the return from hosted pages
		},
	})
	if err != nil {
		return err
	}
	s.denied, err = session.NewDenyList(session.DenyListOptions{
		Storage: tenantStorage{&s.tenant}, Path: s.path("denied.json"), Observe: s.observeDenyList,
	})
	if err != nil {
		return err
	}
	return s.buildRefresher(cfg)
}

func (s *sessions) buildKeys(cfg *config.Session) error {
	if len(cfg.Secrets) > 0 {
		secrets, err := session.NewSecrets(cfg.Secrets...)
		if err != nil {
			return fmt.Errorf("session: secret: %w", err)
		}
		s.keys = secrets
		close(s.ready)
		return nil
	}
	keyring, err := session.NewKeyring(session.KeyringOptions{
		Storage: tenantStorage{&s.tenant}, Path: s.path("keyring.json"), Rotate: duration(cfg.Rotate),
		Lifetime: max(s.lifetime, deviceLifetime), Observe: s.observeKeyring,
	})
	if err != nil {
		return err
	}
	s.keys, s.keyring = keyring, keyring
	return nil
}

func (s *sessions) buildRefresher(cfg *config.Session) (err error) {
	opts := session.RefresherOptions{Refresh: s.refresh, Path: s.path("handoff"), Observe: s.observeRefresh}
	if cfg.RefreshTokenRotation {
		opts.Handoff = tenantStorage{&s.tenant}
	}
	s.refresher, err = session.NewRefresher(opts)
	return err
}

// path is a place in the storage: instances that serve one app client share it.
func (s *sessions) path(name string) string {
	return path.Join("cognito", "session", s.pool.id, s.clientID, name)
}

// begin starts the background work, once.
func (s *sessions) begin() {
	s.start.Do(func() {
		s.refresher.Start()
		s.running.Go(s.followSignOuts)
		if s.keyring != nil {
			s.running.Go(s.openKeyring)
		}
	})
}

// openKeyring tries until the storage has keys: Caddy starts all the same.
func (s *sessions) openKeyring() {
	level := zapcore.ErrorLevel // the first time
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		err := s.keyring.Start(s.ctx)
		if err == nil {
			break
		}
		if s.ctx.Err() != nil {
			return
		}
		s.env.Load().logger.Log(level, "nobody can sign in or use a session", zap.String("pool", s.pool.name), zap.Error(err))
		level = zapcore.DebugLevel
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return
		}
	}
	if level == zapcore.DebugLevel {
		s.env.Load().logger.Info("sessions can be used", zap.String("pool", s.pool.name))
	}
	close(s.ready)
}

// signOutsTimeout is how long the first look for sign-outs may keep requests
// waiting. A storage that cannot be used must not keep everybody out.
const signOutsTimeout = 3 * time.Second

// followSignOuts looks for what happened before: without that, a restart would
// bring sessions back to life until the first poll.
func (s *sessions) followSignOuts() {
	ctx, cancel := context.WithTimeout(s.ctx, signOutsTimeout)
	defer cancel()
	_ = s.denied.Start(ctx) // was observed
	close(s.looked)
}

// awaitSignOuts waits for the first look.
func (s *sessions) awaitSignOuts() {
	if isClosed(s.looked) {
		return
	}
	timer := time.NewTimer(signOutsTimeout)
	defer timer.Stop()
	select {
	case <-s.looked:
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// keysTimeout is how long a request waits for the first keys: the first start of
// a fleet takes a second or two.
const keysTimeout = 5 * time.Second

// await waits until there are keys and the sign-outs are known. The error is a
// [session.UnavailableError], or that of ctx.
func (s *sessions) await(ctx context.Context) error {
	if isClosed(s.ready) && isClosed(s.looked) {
		return nil
	}
	timer := time.NewTimer(keysTimeout)
	defer timer.Stop()
	for _, known := range []chan struct{}{s.ready, s.looked} {
		select {
		case <-known:
		case <-timer.C:
			return &session.UnavailableError{RetryAfter: time.Second, Err: session.ErrNoKeys}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func (s *sessions) release() error {
	_, err := sessionPools.Delete(s.key)
	return err
}

// Destruct implements [caddy.Destructor].
func (s *sessions) Destruct() error {
	s.cancel()
	var errs []error
	if s.refresher != nil {
		errs = append(errs, s.refresher.Close())
	}
	if s.denied != nil {
		errs = append(errs, s.denied.Close())
	}
	if s.keyring != nil {
		errs = append(errs, s.keyring.Close())
	}
	s.running.Wait()
	return errors.Join(errs...)
}

// box seals small state of one purpose.
func (s *sessions) box(purpose string) *session.Box {
	return session.NewBox(s.keys, purpose, s.clientID, s.pool.id)
}
