package diagnose

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels. A note is about what was not looked at.
const (
	OK   Level = "ok"
	Warn Level = "WARN"
	Fail Level = "FAIL"
	Note Level = "note"
)

// Finding is the outcome of one check.
type Finding struct {
	Level Level
	// What was looked at.
	What string
	// Text is what was found and, unless all is well, what to do.
	Text string
}

func ok(format string, args ...any) Finding {
	return Finding{Level: OK, Text: fmt.Sprintf(format, args...)}
}
func warn(format string, args ...any) Finding {
	return Finding{Level: Warn, Text: fmt.Sprintf(format, args...)}
}
func fail(format string, args ...any) Finding {
	return Finding{Level: Fail, Text: fmt.Sprintf(format, args...)}
}
func note(format string, args ...any) Finding {
	return Finding{Level: Note, Text: fmt.Sprintf(format, args...)}
}

// Storage is that of Caddy, as far as it is tried out.
type Storage interface {
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
}

// Examiner asks the services behind a site.
type Examiner struct {
	// Timeout bounds each call.
	Timeout time.Duration
	// Storage is that of the site.
	Storage Storage

	w      io.Writer
	client *http.Client
	site   *Site
	worst  Level
}

// Examine writes one line for each check and reports whether none failed. The
// checks come one after the other, each within the timeout.
func (s *Site) Examine(ctx context.Context, w io.Writer, e Examiner) (healthy bool) {
	e.w, e.site = w, s
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	e.client = &http.Client{
		Transport: transport, Timeout: e.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	e.mistakes()
	for _, p := range s.pools {
		e.pool(ctx, p)
	}
	for _, in := range s.signins {
		e.signIn(ctx, in)
	}
	e.storage(ctx)
	e.exchanges(ctx)
	for _, b := range s.buckets {
		e.report("bucket "+b.cfg.Bucket, e.bucket(ctx, b))
	}
	return e.worst != Fail
}

// mistakes needs no service.
func (e *Examiner) mistakes() {
	found := e.site.mistakes()
	for _, f := range found {
		e.report(f.What, f)
	}
	if len(found) == 0 {
		e.report("routes", ok("fit together"))
	}
}

// report writes a line. Nothing to say is said by a zero Finding.
func (e *Examiner) report(what string, f Finding) {
	if f.Level == "" {
		return
	}
	f.What = what
	f.Print(e.w)
	if f.Level == Fail {
		e.worst = Fail
	}
}

// Print writes the finding as one line.
func (f Finding) Print(w io.Writer) {
	fmt.Fprintf(w, "%-4s  %s: %s\n", f.Level, f.What, strings.Join(strings.Fields(f.Text), " "))
}

// pool looks at what every request with a token needs, and at the app clients.
func (e *Examiner) pool(ctx context.Context, p *pool) {
	name := "user_pool " + p.name
	asked := make(map[string]bool)
	for _, issuer := range p.cfg.IssuerKeys() {
		if issuer.Lazy || asked[issuer.JWKSURL] {
			continue
		}
		asked[issuer.JWKSURL] = true
		keys, clock := e.keys(ctx, issuer.JWKSURL)
		e.report(name+": keys", keys)
		e.report(name+": clock", clock)
	}
	e.report(name+": issuer", e.issuer(ctx, p.cfg))
	for _, client := range p.cfg.Clients {
		e.appClient(ctx, p, client)
	}
}

// within bounds one check.
func (e *Examiner) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.Timeout)
}

// exchanges looks at the services that give credentials for tokens. They are only
// reached: every call that would tell more makes an identity or needs a token.
func (e *Examiner) exchanges(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(e.site.identities)) {
		for _, service := range identityServices(e.site.identities[name]) {
			e.report(fmt.Sprintf("identity_pool %s: %s", name, service.kind), e.reach(ctx, service.url))
		}
		e.report("identity_pool "+name+": roles", note("whether it exists, knows the user pools, and what users may do, is not asked, since that takes a token and makes an identity"))
	}
	for _, name := range slices.Sorted(maps.Keys(e.site.webs)) {
		e.report(fmt.Sprintf("web_identity %s: STS", name), e.reach(ctx, stsURL(&e.site.webs[name].STS, "us-east-1")))
		e.report("web_identity "+name+": roles", note("whether they exist, and what users may do, is not asked, since that takes a token"))
	}
}
