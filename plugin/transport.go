package plugin

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// Transport is a transport of `reverse_proxy` that sends each request as its
// user: signed with Signature Version 4 for an AWS service or a store like S3, or
// with the user's temporary credentials in headers, for a back end that is
// trusted with them. It takes all options of Caddy's HTTP transport, but does not
// compress, which would change stored objects on the way.
//
// It needs a `cognito_auth` with `token_use id` on the route, since exchanges take
// ID tokens. Each attempt is signed anew, and the Host is that of the upstream,
// unless `header_up Host` says otherwise; with a Unix socket it must.
//
// What it refuses itself looks like an answer of the upstream, so that neither
// retries nor passive health checks take a user's mistake for a broken upstream:
// 401 when the exchange does not take the token, 403 when the user has no role or
// may not have it, 411 for an upload without a length, 413 for a body that is too
// long to be hashed, 400 for what S3 must not be asked for, 503 with Retry-After
// when the exchange is down, and 502 when its answer cannot be read, or region,
// endpoint or bucket are wrong.
//
// Active health checks belong to no user: they are sent without a signature.
type Transport struct {
	config.Transport
	*reverseproxy.HTTPTransport

	exchange *exchange
	sender   *credentials.Sender // nil when injecting
	requests *s3Requests         // nil for other services than S3
	inject   config.Inject
	problems *problemLog
}

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.cognito_aws",
		New: func() caddy.Module { return &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)} },
	}
}

// UnmarshalCaddyfile parses the block; see [parse.ParseTransport] for its words.
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) (err error) {
	t.Transport, err = parse.ParseTransport(d, t.HTTPTransport.UnmarshalCaddyfile)
	return err
}

// parseHTTPTransport parses options of Caddy's HTTP transport alone.
func parseHTTPTransport(d *caddyfile.Dispenser) (json.RawMessage, error) {
	transport := new(reverseproxy.HTTPTransport)
	if err := transport.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return json.Marshal(transport)
}

// Provision finds the exchange and reserves the headers for credentials.
func (t *Transport) Provision(ctx caddy.Context) error {
	app, err := loadApp(ctx)
	if err != nil {
		return err
	}
	resolved, err := t.Transport.Resolve(app.repl)
	if err != nil {
		return err
	}
	t.Transport = *resolved
	if err := t.Transport.Validate(); err != nil {
		return err
	}
	if t.exchange, err = app.exchange(t.Credentials); err != nil {
		return err
	}
	t.Compression = new(bool)
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return err
	}
	t.problems = &problemLog{logger: ctx.Logger(), audit: app.env.audit, directive: "cognito_aws"}
	if t.Inject != nil {
		t.inject = t.Inject.WithDefaults()
		for _, name := range t.inject.Headers() {
			app.protected.add(name)
		}
		return nil
	}
	return t.provisionSigning()
}

func (t *Transport) provisionSigning() (err error) {
	if t.S3() {
		t.requests = newS3Requests(&t.S3Requests)
	}
	t.sender, err = credentials.NewSender(credentials.SenderOptions{
		Base: t.HTTPTransport, Cache: t.exchange.cache, Target: t.target(),
		MaxBody: t.MaxBody, Checksum: t.Checksum, Problem: func(err error) { t.problems.report(err) },
	})
	return err
}

// target is what requests are signed for.
func (t *Transport) target() credentials.Target {
	target := credentials.Target{Service: t.Service, Region: t.Region}
	if target.Service == "" {
		target.Service = "s3"
	}
	if target.Region == "" {
		target.Region = t.exchange.Region
	}
	return target
}

// RequestHeaderOps sets the Host, which is signed, to that of the upstream: the
// client's would let it choose a bucket at stores that find those by host.
func (t *Transport) RequestHeaderOps() *headers.HeaderOps {
	if t.Inject != nil {
		return t.HTTPTransport.RequestHeaderOps()
	}
	return &headers.HeaderOps{Set: http.Header{"Host": {"{http.reverse_proxy.upstream.hostport}"}}}
}

// RequiresContentLength keeps reverse_proxy from sending a body in chunks of
// unknown length when it carries trailers: stores refuse that.
func (t *Transport) RequiresContentLength() bool { return t.Inject == nil }

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(caddyhttp.VarsCtxKey) == nil { // a health check, which no client made
		return t.HTTPTransport.RoundTrip(r)
	}
	response, err := t.send(r)
	if err == nil {
		return response, nil
	}
	re := refusalOf(err)
	if re.reason == "other" || re.reason == "canceled" { // the proxy knows best
		return nil, err
	}
	return t.refuse(r, re, err)
}

// send sends a copy of the request: reverse_proxy logs the request afterwards,
// and sends it again when it tries another upstream.
func (t *Transport) send(r *http.Request) (*http.Response, error) {
	if t.Inject != nil {
		return t.sendInjected(r)
	}
	user, err := t.exchange.user(r.Context())
	if err != nil {
		return nil, err
	}
	signed, err := t.prepare(r)
	if err != nil {
		return nil, err
	}
	t.SetScheme(signed) // or the signer would take a default port for a part of the host
	return t.sender.Send(signed, user)
}

// prepare returns a copy of what is sent.
func (t *Transport) prepare(r *http.Request) (*http.Request, error) {
	if t.requests != nil {
		return t.requests.prepare(r)
	}
	prepared := shallowCopy(r)
	if r.Body != nil {
		prepared.Body = identityOf(r.Context()).keep(r.Body)
	}
	return prepared, refusePresigned(r)
}

// sendInjected puts the credentials into headers. They are set here rather than
// by a handler, where Caddy's debug log would show them and a client's Connection
// header could remove them.
func (t *Transport) sendInjected(r *http.Request) (*http.Response, error) {
	grant, user, err := t.exchange.grant(r.Context())
	if err != nil {
		return nil, err
	}
	injected := r.Clone(r.Context())
	for name, value := range map[string]string{
		t.inject.AccessKeyID:     grant.AccessKeyID,
		t.inject.SecretAccessKey: grant.SecretAccessKey,
		t.inject.SessionToken:    grant.SessionToken,
		t.inject.Expires:         t.exchange.expires(grant, user).UTC().Format(time.RFC3339),
	} {
		injected.Header[name] = []string{value}
	}
	return t.HTTPTransport.RoundTrip(injected)
}

// shallowCopy has a URL of its own.
func shallowCopy(r *http.Request) *http.Request {
	copied := *r
	u := *r.URL
	copied.URL = &u
	return &copied
}

// refuse answers in place of the upstream. Handlers of ours in front of the
// proxy find the error itself in the identity.
func (t *Transport) refuse(r *http.Request, re refusal, err error) (*http.Response, error) {
	id := identityOf(r.Context())
	if id != nil {
		id.refused = err
		closeUnread(id.answer, r)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	setReason(r, re.reason)
	if id == nil || !id.atStore { // or cognito_s3 tells of it
		t.problems.logRefusal(r, re, err)
	}
	return problemResponse(r, re, err)
}

// Interface guards
var (
	_ caddy.Provisioner                           = (*Transport)(nil)
	_ caddyfile.Unmarshaler                       = (*Transport)(nil)
	_ http.RoundTripper                           = (*Transport)(nil)
	_ reverseproxy.TLSTransport                   = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport      = (*Transport)(nil)
	_ reverseproxy.ContentLengthRequiredTransport = (*Transport)(nil)
)
