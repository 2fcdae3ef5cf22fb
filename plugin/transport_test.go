package plugin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

const transportID = "http.reverse_proxy.transport.cognito_aws"

// echoing answers with what arrived.
func echoing(t *testing.T) (addr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(map[string]any{"header": r.Header, "body": string(body), "uri": r.RequestURI, "host": r.Host})
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// to is the request as reverse_proxy hands it to transports.
func to(addr string, r *http.Request) *http.Request {
	r.URL.Host, r.Host, r.RequestURI = addr, addr, ""
	return r
}

func roundTrip(t *testing.T, transport *Transport, r *http.Request) (int, http.Header, string) {
	t.Helper()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func TestTransportLeavesTheRequestAsItIs(t *testing.T) {
	addr := echoing(t)
	ctx := newCloud(t).context(t)
	for _, config := range []string{`{"credentials":"media"}`, `{"credentials":"media","service":"dynamodb"}`, `{"credentials":"media","inject":{}}`} {
		t.Run(config, func(t *testing.T) {
			transport := load[*Transport](t, ctx, transportID, config)
			r := to(addr, signedIn(t, ctx, served("GET", "/a%20b"), `"pool":["main"]`, nil))
			before, url := r.Header.Clone(), r.URL.String()
			status, _, body := roundTrip(t, transport, r)
			if status != 200 || !strings.Contains(body, "/a%20b") {
				t.Fatalf("expected an answer, got %d %s", status, body)
			}
			secret := map[bool]string{true: "X-Cognito-Secret-Access-Key", false: "X-Amz-Security-Token"}[strings.Contains(config, "inject")]
			if !strings.Contains(body, secret) {
				t.Errorf("expected %s to be sent, got %s", secret, body)
			}
			if !reflect.DeepEqual(r.Header, before) || strings.TrimPrefix(r.URL.String(), "http:") != strings.TrimPrefix(url, "http:") {
				t.Errorf("the request was changed: %s %v", r.URL, r.Header)
			}
		})
	}
}

// closing tells whether a body was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestTransportAnswersForTheUpstream(t *testing.T) {
	addr := echoing(t)
	c := newCloud(t)
	ctx := c.context(t)
	for _, row := range []struct {
		name, config string
		change       func(r *http.Request)
		anybody      bool // nobody signed in
		status       int
		reason       string
	}{
		{"nobody", `{"credentials":"media"}`, nil, true, 500, "no_auth"},
		{"nobody, behind another handler of ours", `{"credentials":"media"}`, func(r *http.Request) {
			r.Method, r.ContentLength = "PUT", 5
			seen, _ := withIdentity(httptest.NewRecorder(), r)
			*r = *seen
		}, true, 500, "no_auth"},
		{"nobody, injecting", `{"credentials":"media","inject":{}}`, nil, true, 500, "no_auth"},
		{"a header that is not for stores", `{"credentials":"media"}`, func(r *http.Request) { r.Header.Set("X-Amz-Acl", "a") }, false, 400, "store_request"},
		{"a presigned query", `{"credentials":"media","service":"sqs"}`, func(r *http.Request) { r.URL.RawQuery = "X-Amz-Date=a" }, false, 400, "store_request"},
		{"dot segments", `{"credentials":"media","service":"sqs"}`, func(r *http.Request) { r.URL.Path = "/a/../b" }, false, 400, "path"},
		{"an upload without a length", `{"credentials":"media"}`, func(r *http.Request) { r.Method, r.ContentLength = "PUT", -1 }, false, 411, "length_required"},
		{"a body that is too large", `{"credentials":"media","service":"sqs","max_body":4}`, func(r *http.Request) { r.Method, r.ContentLength = "POST", 5 }, false, 413, "too_large"},
		{"a body that turns out to be too large", `{"credentials":"media","service":"sqs","max_body":4}`, func(r *http.Request) { r.Method, r.ContentLength = "POST", -1 }, false, 413, "too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			transport := load[*Transport](t, ctx, transportID, row.config)
			r := served("GET", "/a")
			if !row.anybody {
				r = signedIn(t, ctx, r, `"pool":["main"]`, nil)
			}
			body := &closing{Reader: strings.NewReader("hello")}
			if r = to(addr, r); row.change != nil {
				row.change(r)
			}
			r.Body = body
			status, header, text := roundTrip(t, transport, r)
			var got problem
			if err := json.Unmarshal([]byte(text), &got); err != nil || status != row.status || got.Code != row.reason || got.Status != status {
				t.Errorf("expected %d %s, got %d %s", row.status, row.reason, status, text)
			}
			if header.Get("Content-Type") != problemType || header.Get("Cache-Control") != "no-store" || !body.closed {
				t.Errorf("unexpected headers %v; body closed: %v", header, body.closed)
			}
			if reason, _ := placeholderOf(r, "http.cognito.reason"); reason != row.reason {
				t.Errorf("expected the reason %s, got %q", row.reason, reason)
			}
			if id := identityOf(r.Context()); id != nil && id.refused == nil {
				t.Error("expected the handlers in front to find the error")
			}
		})
	}
}

// TestTransportLeavesErrorsOfTheUpstreamToTheProxy, which counts them and tries
// another one.
func TestTransportLeavesErrorsOfTheUpstreamToTheProxy(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, config := range []string{`{"credentials":"media","service":"sqs"}`, `{"credentials":"media","inject":{}}`} {
		transport := load[*Transport](t, ctx, transportID, config)
		r := to("127.0.0.1:1", signedIn(t, ctx, served("GET", "/"), `"pool":["main"]`, nil))
		answer, err := transport.RoundTrip(r)
		if err == nil {
			answer.Body.Close()
			t.Errorf("%s: expected an error, got %d", config, answer.StatusCode)
		}
		if id := identityOf(r.Context()); id.refused != nil {
			t.Errorf("expected no refusal of ours, got %v", id.refused)
		}
	}
}

func TestTransportHasTheTargetOfItsConfiguration(t *testing.T) {
	ctx := newCloud(t).context(t)
	for config, want := range map[string][2]string{
		`{"credentials":"media"}`: {"s3", "eu-west-1"},
		`{"credentials":"sts"}`:   {"s3", "us-east-1"},
		`{"credentials":"media","service":"dynamodb","region":"ap-south-1"}`:   {"dynamodb", "ap-south-1"},
		`{"credentials":"media","region":"eu-west-3"}`:                         {"s3", "eu-west-3"},
		`{"credentials":"media","compression":true,"dial_timeout":"1s"}`:       {"s3", "eu-west-1"},
		`{"credentials":"media","service":"lambda","max_body":1,"tls":{}}`:     {"lambda", "eu-west-1"},
		`{"credentials":"basic","checksum":true,"allow_query":["partNumber"]}`: {"s3", "eu-west-1"},
	} {
		transport := load[*Transport](t, ctx, transportID, config)
		if got := transport.target(); got.Service != want[0] || got.Region != want[1] {
			t.Errorf("%s: expected %v, got %+v", config, want, got)
		}
		if (transport.requests != nil) != (want[0] == "s3") {
			t.Errorf("%s: expected the rules of S3 for S3 only", config)
		}
		if transport.Compression == nil || *transport.Compression {
			t.Errorf("%s: expected no compression, which changes stored objects", config)
		}
		if !transport.RequiresContentLength() || transport.RequestHeaderOps().Set.Get("Host") != "{http.reverse_proxy.upstream.hostport}" {
			t.Errorf("%s: expected a length and the upstream's host", config)
		}
	}
	inject := load[*Transport](t, ctx, transportID, `{"credentials":"media","inject":{}}`)
	if inject.RequiresContentLength() || inject.RequestHeaderOps() != nil {
		t.Error("expected injection to leave both to Caddy")
	}
}

func TestTransportReservesTheHeadersOfCredentials(t *testing.T) {
	ctx := newCloud(t).context(t)
	load[*Transport](t, ctx, transportID, `{"credentials":"media","inject":{"session_token":"store-token"}}`)
	strip := load[*Strip](t, ctx, "http.handlers.cognito_strip", `{}`)
	r := served("GET", "/")
	r.Header = http.Header{"Store-Token": {"evil"}, "Store_token": {"evil"}, "X-Cognito-Expires": {"evil"}, "Store-Key": {"fine"}}
	_, _, next := serve(t, strip, r)
	if want := (http.Header{"Store-Key": {"fine"}}); !reflect.DeepEqual(next.saw.Header, want) {
		t.Errorf("expected %v, got %v", want, next.saw.Header)
	}
}

func TestTransportRefuses(t *testing.T) {
	ctx := newCloud(t).context(t)
	for _, row := range []struct{ name, config, want string }{
		{"no credentials", `{}`, "credentials: required"},
		{"credentials that nobody configured", `{"credentials":"nobody"}`, `is named "nobody"`},
		{"a service that is none", `{"credentials":"media","service":"Dynamo DB"}`, "service:"},
		{"signing and injecting", `{"credentials":"media","service":"sqs","inject":{}}`, "inject:"},
		{"two credentials in one header", `{"credentials":"media","inject":{"expires":"A","session_token":"a"}}`, "used for both"},
		{"a header with a meaning of its own", `{"credentials":"media","inject":{"expires":"Host"}}`, "Host"},
		{"an unknown key", `{"credentials":"media","signing":true}`, "signing"},
		{"an option of the transport that cannot be", `{"credentials":"media","versions":["9"]}`, "9"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := ctx.LoadModuleByID(transportID, json.RawMessage(row.config)); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("expected an error with %q, got %v", row.want, err)
			}
		})
	}
}

func TestTransportInACaddyfile(t *testing.T) {
	transport := Transport{}.CaddyModule().New().(*Transport)
	text := "cognito_aws {\ncredentials media\nservice dynamodb\nmax_body 2MiB\ndial_timeout 3s\n}"
	if err := transport.UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err != nil {
		t.Fatal(err)
	}
	if transport.Credentials != "media" || transport.Service != "dynamodb" || transport.MaxBody != 2<<20 || time.Duration(transport.DialTimeout) != 3*time.Second {
		t.Errorf("unexpected transport %+v", transport)
	}
	for _, text := range []string{"cognito_aws media", "cognito_aws {\nnonsense\n}", "cognito_aws {\nservice\n}"} {
		if err := (Transport{}).CaddyModule().New().(*Transport).UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err == nil {
			t.Errorf("expected %q to be refused", text)
		}
	}
}

// TestEveryWordIsRegistered: one Caddyfile with all of them.
func TestEveryWordIsRegistered(t *testing.T) {
	const text = `{
		cognito {
			user_pool main eu-west-1_AbCdEfGhI {
				client c
			}
			identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
				user_pool main
			}
		}
	}
	example.com {
		@editors cognito group editors
		cognito_strip
		cognito_auth @editors main {
			token_use id
		}
		cognito_credentials media
		cognito_s3 site {
			credentials media
		}
		reverse_proxy a:1 {
			transport cognito_aws {
				credentials media
			}
		}
	}`
	got, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"cognito_strip"`, `"cognito_auth"`, `"cognito_credentials"`, `"cognito_s3"`, `"cognito_aws"`, `"identity_pool"`, `"cognito":{"require"`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("expected %s in %s", want, got)
		}
	}
	for _, bad := range []string{"{\ncognito {\nnonsense\n}\n}", "example.com {\ncognito_s3\n}", "{\ncognito\n}\n{\ncognito\n}"} {
		if _, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(bad), nil); err == nil {
			t.Errorf("expected %q to be refused", bad)
		}
	}
}

// TestHealthChecksPass through the transport though they belong to nobody.
func TestHealthChecksPass(t *testing.T) {
	addr := echoing(t)
	ctx := newCloud(t).context(t)
	for _, config := range []string{`{"credentials":"media","service":"sqs"}`, `{"credentials":"media","inject":{}}`} {
		transport := load[*Transport](t, ctx, transportID, config)
		// This is all that there is in the context of a check, beside that of the
		// configuration.
		r := httptest.NewRequestWithContext(ctx, "GET", "http://"+addr+"/healthz", nil)
		r.RequestURI = ""
		status, _, body := roundTrip(t, transport, r)
		if status != 200 || strings.Contains(body, "X-Amz-Date") || strings.Contains(body, "X-Cognito-Session-Token") {
			t.Errorf("%s: expected a check without credentials, got %d %s", config, status, body)
		}
	}
}

// TestErrorsAreText that can be shown to users.
func TestErrorsAreText(t *testing.T) {
	err := error(&s3RequestError{"header", "X-Amz-Acl"})
	if err.Error() != `header "X-Amz-Acl" is not allowed in requests to the store` || !errors.Is(err, errS3Request) {
		t.Errorf("unexpected %v", err)
	}
	if got := refusalOf(err); got.status != 400 {
		t.Errorf("expected 400, got %+v", got)
	}
}
