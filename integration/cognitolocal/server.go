package cognitolocal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Server is the HTTP surface of one Pool and of the identity pools and the STS
// beside it: an http.Handler, which Start can put on a port of its own. All methods are safe for concurrent use.
type Server struct {
	pool      *Pool
	account   *account
	mux       *http.ServeMux
	gates     map[Endpoint]*gate // not changed after New
	errorForm atomic.Pointer[ErrorForm]

	mu      sync.Mutex // guards all fields below
	running *listening
	closed  bool
}

// listening is a started server.
type listening struct {
	url    string
	server *http.Server
	cancel context.CancelFunc // ends hanging requests
	done   chan struct{}      // closed when Serve has returned
}

// New makes a server that listens nowhere yet.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	pool, err := newPool(o)
	if err != nil {
		return nil, err
	}
	s := &Server{pool: pool, account: newAccount(o.Now), mux: http.NewServeMux()}
	s.errorForm.Store(&ErrorForm{})
	s.addGates()
	s.mux.HandleFunc("POST /{$}", scriptable(s.dispatch))
	s.mux.HandleFunc("OPTIONS /{$}", scriptable(serveAPIPreflight))
	s.mux.Handle("GET /"+o.PoolID+jwksPath, s.gates[EndpointJWKS])
	s.mux.Handle("GET /"+o.PoolID+discoveryPath, s.gates[EndpointDiscovery])
	s.mux.Handle("GET "+identityKeysPath, s.gates[EndpointIdentityKeys])
	s.routeDomain()
	return s, nil
}

func (s *Server) addGates() {
	s.gates = map[Endpoint]*gate{
		EndpointAPI:          newGate(s.serveJSON),
		EndpointJWKS:         newGate(s.serveJWKS),
		EndpointDiscovery:    newGate(s.serveDiscovery),
		EndpointIdentityPool: newGate(s.serveJSON),
		EndpointIdentityKeys: newGate(serveIdentityKeys),
		EndpointSTS:          newGate(s.serveSTS),
		EndpointAssumeRole:   newGate(s.serveAssumeRole),
	}
	s.addDomainGates()
	for target, op := range operations {
		s.gates[endpointOf(target)] = newGate(s.serveOperation(op))
	}
}

// Pool returns the user pool that the server serves.
func (s *Server) Pool() *Pool { return s.pool }

// SetBaseURL tells the pool its address when a listener other than Start's
// serves the handler. It decides the issuer unless Options.Issuer does.
func (s *Server) SetBaseURL(url string) {
	s.pool.setBaseURL(strings.TrimSuffix(url, "/"))
}

// ServeHTTP serves the APIs, the key sets, the discovery document, the hosted
// pages and the OAuth endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("x-amzn-requestid", newUUID())
	s.mux.ServeHTTP(w, r)
}

// readHeaderTimeout keeps a client that never finishes its request from
// holding Close up.
const readHeaderTimeout = 10 * time.Second

// Start listens on addr and returns the base URL. An empty addr means a free
// port on 127.0.0.1. A server starts once: after Close make a new one.
func (s *Server) Start(addr string) (baseURL string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.running != nil {
		return "", errors.New("cognitolocal: start: already started or closed")
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("cognitolocal: %s is in use by another program; "+
			"stop it, or start with an empty address for a free port: %w", addr, err)
	}
	if err != nil {
		return "", fmt.Errorf("cognitolocal: listen: %w", err)
	}
	s.running = s.serve(ln)
	s.SetBaseURL(s.running.url)
	return s.running.url, nil
}

func (s *Server) serve(ln net.Listener) *listening {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listening{
		url:    "http://" + dialable(ln.Addr()),
		cancel: cancel,
		done:   make(chan struct{}),
		server: &http.Server{
			Handler:           s,
			ReadHeaderTimeout: readHeaderTimeout,
			BaseContext:       func(net.Listener) context.Context { return ctx },
		},
	}
	go func() {
		defer close(l.done)
		_ = l.server.Serve(ln) // always http.ErrServerClosed after Close
	}()
	return l
}

// dialable returns an address clients can use: a server that listens on all
// interfaces is reached, and names itself, by the loopback address.
func dialable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// Close ends listening, open connections and hanging requests, and returns
// when the server goroutine has ended. It may be called again, and without
// Start.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.running == nil {
		return nil
	}
	l := s.running
	s.running = nil
	l.cancel()
	err := l.server.Close()
	<-l.done
	if err != nil {
		return fmt.Errorf("cognitolocal: close: %w", err)
	}
	return nil
}

// Interface guard.
var _ http.Handler = (*Server)(nil)
