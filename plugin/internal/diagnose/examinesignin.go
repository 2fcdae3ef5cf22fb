package diagnose

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// signIn looks at one cognito_signin: its app client, and the domain if it uses it.
func (e *Examiner) signIn(ctx context.Context, in *signIn) {
	name := "cognito_signin at " + in.Place.String()
	client := in.client()
	e.report(name+": flow", flow(in.cfg))
	if client == "" {
		e.report(name+": client", fail("the pool has several; say by session { client <id> } which one users sign in to"))
		return
	}
	e.report(name+": refresh tokens", e.rotation(ctx, in.pool, client))
	if !in.usesDomain() {
		return
	}
	if in.pool.cfg.HostedURL() == "" {
		e.report(name+": domain", fail("the user_pool needs its domain; add a line domain to it"))
		return
	}
	origins := in.origins()
	if origins == nil {
		e.report(name+": callback URL", note("not asked, since the origin of the site cannot be known from its routes; set origin"))
	}
	for _, origin := range origins {
		e.domain(ctx, name, in, client, origin)
	}
}

// client is the app client that users sign in to; empty when that is not clear.
func (in *signIn) client() string {
	cfg := in.pool.cfg
	if cfg.Session != nil && cfg.Session.Client != "" {
		return cfg.Session.Client
	}
	if len(cfg.Clients) == 1 {
		return cfg.Clients[0]
	}
	return ""
}

func (in *signIn) usesDomain() bool {
	return in.cfg.Hosted != nil || in.cfg.Page != nil && len(in.cfg.Page.Providers) > 0
}

// origins are those of the site: the configured one, or those of the hosts of its
// routes, when these tell all. Other ports than that of https may be behind a proxy,
// but not those of this machine.
func (in *signIn) origins() (origins []string) {
	if in.cfg.Origin != "" {
		return []string{in.cfg.Origin}
	}
	standard := len(in.listen) == 0 || slices.ContainsFunc(in.listen, func(address string) bool { return strings.HasSuffix(address, ":443") })
	for _, host := range in.hosts {
		port := in.port()
		switch {
		case strings.ContainsAny(host, "*{"):
			return nil
		case standard:
			origins = append(origins, "https://"+host)
		case loopback.Host(host) && port != "" && in.insecure(host):
			origins = append(origins, strings.TrimSuffix("http://"+host+":"+port, ":80"))
		case loopback.Host(host) && port != "":
			origins = append(origins, "https://"+host+":"+port)
		default:
			return nil
		}
	}
	return origins
}

func (in *signIn) path(name string) string {
	prefix := in.cfg.Prefix
	if prefix == "" {
		prefix = config.DefaultSigninPrefix
	}
	return prefix + "/" + name
}

// domain asks the domain as a browser would that nobody is signed in with.
func (e *Examiner) domain(ctx context.Context, name string, in *signIn, id, origin string) {
	how := in.cfg.Hosted
	if how == nil {
		how = new(config.Hosted)
	}
	client, err := hosted.New(hosted.Options{
		BaseURL: in.pool.cfg.HostedURL(), ClientID: id, Scopes: how.Scopes,
		IdentityProvider: how.IdentityProvider, IDPIdentifier: how.IDPIdentifier, InsecureHTTP: in.pool.cfg.InsecureHTTP,
	})
	if err != nil {
		e.report(name+": domain", fail("%v", err))
		return
	}
	callback := origin + in.path("callback")
	e.report(name+": callback URL", e.authorize(ctx, client, callback))
	target := in.cfg.SignOutTo
	if target == "" {
		target = in.path("signed-out")
	}
	if strings.HasPrefix(target, "/") {
		target = origin + target
	}
	e.report(name+": sign-out URL", e.logout(ctx, client, target))
}

// authorize begins a sign-in that must not show a page. Where app client and
// callback URL are right, the browser comes back, or goes on to a page.
func (e *Examiner) authorize(ctx context.Context, client *hosted.Client, callback string) Finding {
	target, _, err := client.Begin(callback, hosted.Begin{Prompt: "none"})
	if err != nil {
		return fail("%s is no callback URL that Cognito allows; use https, or localhost", callback)
	}
	answer, err := e.get(ctx, http.MethodGet, target)
	if err != nil {
		return fail("the domain: %s", networkText(err, e.Timeout))
	}
	location, err := answer.Location()
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		return fail("the domain answers with status %d; Cognito may be down, or this is not the domain of the pool", answer.StatusCode)
	case answer.StatusCode == http.StatusNotFound:
		return fail("there are no hosted pages at the domain; check domain, and that the pool has one")
	case answer.StatusCode == http.StatusOK:
		return warn("the domain answers with a page of its own, so nothing is known of %s", callback)
	case err != nil:
		return fail("the domain answers with status %d; add %s to the callback URLs of the app client, and check its ID", answer.StatusCode, callback)
	case strings.HasPrefix(location.String(), callback+"?"):
		return judgeCallback(location, callback)
	case strings.HasSuffix(location.Path, "/error"):
		return fail("the domain refuses the app client or the callback URL; add %s to the callback URLs of the app client, allow it the code grant, and check its ID", callback)
	}
	return ok("%s is accepted", callback)
}

// judgeCallback reads what the domain sends the browser back with.
func judgeCallback(location *url.URL, callback string) Finding {
	came, err := hosted.ParseCallback(location.RawQuery)
	if err == nil {
		err = came.Err()
	}
	if !errors.Is(err, signin.ErrMisconfigured) { // above all, nobody is signed in
		return ok("%s is accepted", callback)
	}
	refusal, _ := errors.AsType[*signin.Error](err)
	switch refusal.Detail {
	case "scope":
		return fail("the app client does not allow a scope; allow it openid, and what hosted { scope } asks for")
	case "client", "flow":
		return fail("the app client does not allow the code grant; allow it")
	}
	return warn("%s is accepted, but the domain refuses the request (%s)", callback, refusal.Detail)
}

// logout follows the way of a sign-out, with no session to end.
func (e *Examiner) logout(ctx context.Context, client *hosted.Client, target string) Finding {
	answer, err := e.get(ctx, http.MethodGet, client.LogoutURL(target))
	if err != nil {
		return fail("the domain: %s", networkText(err, e.Timeout))
	}
	location, err := answer.Location()
	switch {
	case err == nil && location.String() == target:
		return ok("%s is accepted", target)
	case answer.StatusCode >= http.StatusInternalServerError:
		return fail("the domain answers with status %d; Cognito may be down, or this is not the domain of the pool", answer.StatusCode)
	}
	return fail("the domain refuses it; add %s to the sign-out URLs of the app client", target)
}
