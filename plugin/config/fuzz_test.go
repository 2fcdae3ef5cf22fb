package config_test

import (
	"encoding/json"
	"net/textproto"
	"reflect"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/net/http/httpguts"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// FuzzAuth accepts a configuration only when it can do no harm: no requirement that
// a token without claims meets, no header that is none, is two, or steers the
// request; and what is written down again is the same configuration.
func FuzzAuth(f *testing.F) {
	for _, document := range []string{
		`{"pool":["main"]}`, `{}`, `null`, `{"pool":["main"],"pool":["other"]}`,
		`{"pool":["main"],"require":[{"kind":"scope","values":["a"]},{"kind":"group","values":["a","b"]},{"kind":"acr","values":["1"]}]}`,
		`{"pool":["main"],"require":[{"kind":"max_age","values":["1d12h"]},{"kind":"claim","values":["custom:tenant","42","true"]}]}`,
		`{"pool":["main"],"require":[{"kind":"claim","values":["a",""]},{"kind":"max_age","values":["-1s"]},{"kind":"Group","values":["x"]}]}`,
		`{"pool":["main"],"require":[{"kind":"claim","values":["a","null"]}]}`, `{"pool":["main"],"require":[{"kind":"group","values":["{env.X}"]}]}`,
		`{"pool":["main"],"forward":[{"claim":"sub","header":"X-User-Id"},{"claim":"custom:a","header":"x-b","json":true}]}`,
		`{"pool":["main"],"forward":[{"claim":"sub","header":"X-A\r\nB: c"},{"claim":"","header":"X"}]}`,
		`{"pool":["main"],"forward":[{"claim":"sub","header":"X-A"},{"claim":"iss","header":"x-a"}],"forward_none":true}`,
		`{"pool":["main"],"forward":[{"claim":"sub","header":"transfer-ENCODING"}]}`, `{"pool":["main"],"forward":[{"claim":"sub","header":"Trailer"}]}`,
		`{"pool":["main"],"token_source":[{"from":"header","name":"X-A"},{"from":"cookie","name":"a"},{"from":"query","name":"t"}],"token_use":["id","access"]}`,
		`{"user_pool":{"id":"eu-west-1_AbCdEfGhI","client":["a"]},"redirect":"never","errors":"json"}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var auth config.Auth
		if caddy.StrictUnmarshalJSON(document, &auth) != nil || auth.Validate() != nil {
			return
		}
		expectDemanding(t, auth)
		expectHarmless(t, auth.Forward)
		for _, source := range auth.TokenSources {
			if source.From == config.SourceHeader && !httpguts.ValidHeaderFieldName(source.Name) || source.From == config.SourceQuery && source.Name == "" {
				t.Fatalf("accepted the source %q", source)
			}
		}
		written, err := json.Marshal(auth)
		if err != nil {
			t.Fatal(err)
		}
		var again config.Auth
		if err := caddy.StrictUnmarshalJSON(written, &again); err != nil || again.Validate() != nil {
			t.Fatalf("%s became %s, which is refused: %v", document, written, err)
		}
		if rewritten, err := json.Marshal(again); err != nil || !reflect.DeepEqual(rewritten, written) {
			t.Fatalf("%s became %s", written, rewritten)
		}
	})
}

// expectDemanding: there is a check behind every requirement.
func expectDemanding(t *testing.T, auth config.Auth) {
	t.Helper()
	requirements, err := auth.Requirements()
	if err != nil || len(requirements) != len(auth.Require) {
		t.Fatalf("expected %d requirements, got %d, %v", len(auth.Require), len(requirements), err)
	}
	for _, r := range requirements {
		if r.Check(new(verifier.Token), time.Now()) == nil {
			t.Fatalf("a token without claims meets %+v", r)
		}
	}
}

// expectHarmless: the headers that steer a request are listed here once more, by
// what they do.
func expectHarmless(t *testing.T, forward []config.Forward) {
	t.Helper()
	seen := make(map[string]bool)
	for _, f := range forward {
		name := textproto.CanonicalMIMEHeaderKey(f.Header)
		if f.Claim == "" || !httpguts.ValidHeaderFieldName(f.Header) || seen[name] {
			t.Fatalf("accepted %+v, with %v", f, seen)
		}
		seen[name] = true
		switch name {
		case "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection", // RFC 9110 §7.6.1
			"Content-Length", "Host", "Authorization", "Proxy-Authorization", "Cookie":
			t.Fatalf("accepted %s as an identity header", name)
		}
	}
}
