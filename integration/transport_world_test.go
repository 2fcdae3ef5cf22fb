package integration_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const memberRole = "arn:aws:iam::000000000000:role/members"

// serviceWorld is a world with an identity pool and a service that wants signed
// requests.
type serviceWorld struct {
	*world
	service    *awsService
	identities *cognitolocal.IdentityPool
}

// signing is what tests vary of a site in front of a service. In all of its
// texts, $SERVICE is the address of the service.
type signing struct {
	setup
	service   string // dynamodb unless set
	start     func(*httptest.Server)
	auth      string // lines of cognito_auth
	before    string // lines between cognito_auth and reverse_proxy
	upstreams string // $SERVICE unless set
	transport string // lines of cognito_aws
	proxy     string // more lines of reverse_proxy
	exchange  string // lines of the identity pool
	pool      cognitolocal.IdentityPoolOptions
}

// startedService runs a site that signs, unless s has a site of its own.
func startedService(t *testing.T, s signing) *serviceWorld {
	t.Helper()
	if s.service == "" {
		s.service = "dynamodb"
	}
	w := &serviceWorld{world: newWorld(t)}
	w.service = newService(t, s.service, w.cognito, s.start)
	if s.pool.AuthenticatedRole == "" && s.pool.RoleMappings == nil {
		s.pool.AuthenticatedRole = memberRole
	}
	var err error
	w.identities, err = w.cognito.AddIdentityPool(s.pool)
	check(t, err)
	w.load(w.siteOf(s))
	return w
}

// again loads another configuration in front of the same service.
func (w *serviceWorld) again(s signing) {
	w.Helper()
	if s.service == "" {
		s.service = w.service.name
	}
	w.load(w.siteOf(s))
}

func (w *serviceWorld) siteOf(s signing) setup {
	s.pools = fmt.Sprintf("identity_pool media %s {\nuser_pool main\nendpoint $COGNITO\n%s\n}\n", w.identities.ID(), s.exchange) + s.pools
	if s.site == "" {
		s.site = authOf(s.auth) + s.before + "\n" + s.proxyTo(s.upstreams)
	}
	for _, text := range []*string{&s.pools, &s.site, &s.more, &s.server} {
		*text = strings.ReplaceAll(*text, "$SERVICE", w.service.addr)
	}
	return s.setup
}

// authOf takes ID tokens on every path: what S3 or AWS make of one is the
// transport's to decide.
func authOf(lines string) string {
	return "cognito_auth main {\ntoken_use id\nallow_ambiguous_path\n" + lines + "\n}\n"
}

func (s signing) proxyTo(upstreams string) string {
	if upstreams == "" {
		upstreams = "$SERVICE"
	}
	service := "service " + s.service + "\nregion " + serviceRegion
	if strings.Contains(s.transport, "inject") {
		service = ""
	}
	return "reverse_proxy " + upstreams + " {\ntransport cognito_aws {\ncredentials media\n" + service + "\n" + s.transport + "\n}\n" + s.proxy + "\n}\n"
}

// in is the world of a subtest.
func (w *serviceWorld) in(t *testing.T) *serviceWorld {
	inner, outer := *w, *w.world
	outer.T = t
	inner.world = &outer
	return &inner
}

// tokenOf is an ID token of a user.
func (w *world) tokenOf(user string, mutate func(map[string]any)) string {
	w.Helper()
	token, err := w.pool.IDToken(user, webClient, mutate)
	check(w.T, err)
	return token
}

func (w *world) bearerOf(user string) string { return "Authorization: Bearer " + w.tokenOf(user, nil) }

// as requests with the ID token of a user.
func (w *serviceWorld) as(user, method, path, body string, headers ...string) answer {
	w.Helper()
	return w.do(method, path, body, append([]string{w.bearerOf(user)}, headers...)...)
}

// rawAs sends a raw request of jo. Body follows the empty line as it is.
func (w *serviceWorld) rawAs(method, target, body string, lines ...string) answer {
	w.Helper()
	return w.raw(head(method, target, append([]string{w.bearerOf("jo")}, lines...)...) + "\r\n" + body)
}

// wantProblem also fails the test for a refusal of another kind.
func (w *world) wantProblem(status int, code string, got answer) {
	w.Helper()
	w.wantStatus(status, got)
	if got.status != status {
		return
	}
	problem := decode(w.T, got.body)
	if problem["code"] != code || problem["status"] != float64(status) || got.header.Get("Content-Type") != "application/problem+json" {
		w.Errorf("expected a problem with code %s, got %s %q", code, got.header.Get("Content-Type"), got.body)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		w.Errorf("expected a refusal not to be stored, got %v", got.header)
	}
}

// exchanges counts the calls for credentials so far.
func (w *world) exchanges() int { return w.cognito.Calls("GetCredentialsForIdentity") }
