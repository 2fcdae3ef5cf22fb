package integration_test

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// span is what a collector of OpenTelemetry gets.
type span struct {
	name, trace, id, parent string
	raw                     string
}

// collector takes spans in the form of OTLP over HTTP.
type collector struct {
	mu    sync.Mutex // guards spans
	spans []span
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range messages(body, 1) {
		for _, scope := range messages(resource, 2) {
			for _, raw := range messages(scope, 2) {
				c.spans = append(c.spans, span{
					name: string(first(raw, 5)), trace: hex.EncodeToString(first(raw, 1)), id: hex.EncodeToString(first(raw, 2)),
					parent: hex.EncodeToString(first(raw, 4)), raw: string(raw),
				})
			}
		}
	}
}

// messages are the values of a field of a protocol buffer that have a length.
func messages(b []byte, field uint64) (values [][]byte) {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		size := 0
		switch key & 7 {
		case 0:
			_, size = binary.Uvarint(b)
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(b)
			b = b[max(n, 0):]
			if size = int(length); size <= len(b) && key>>3 == field {
				values = append(values, b[:size])
			}
		case 5:
			size = 4
		default:
			return values
		}
		b = b[min(max(size, 0), len(b)):]
	}
	return values
}

func first(b []byte, field uint64) []byte {
	if all := messages(b, field); len(all) > 0 {
		return all[0]
	}
	return nil
}

// TestExchangesAreTraced: the span of an exchange belongs to that of the request
// that waits for it, and tells no secret.
func TestExchangesAreTraced(t *testing.T) {
	c := new(collector)
	srv := httptest.NewServer(c)
	defer srv.Close()
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	w := startedService(t, signing{exchange: "group_role admins " + memberRole + "\nrole_arn " + memberRole})
	s := signing{service: "dynamodb"}
	s.site = "tracing {\nspan request\n}\n" + authOf("") + s.proxyTo("")
	w.again(s)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for range 2 { // of which the second makes no exchange
		w.wantStatus(200, w.as("jo", "GET", "/", "", "Traceparent: "+parent))
	}
	w.cognito.SetFault(cognitolocal.EndpointGetCredentials, cognitolocal.FaultAPI("TooManyRequestsException", "Rate exceeded"))
	w.wantStatus(503, w.as("mo", "GET", "/", ""))
	check(t, edge.Stop()) // which sends what was collected
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := make(map[string]span)
	var exchanges []span
	for _, s := range c.spans {
		switch s.name {
		case "request":
			requests[s.id] = s
		case "cognito credentials exchange":
			exchanges = append(exchanges, s)
		}
	}
	if len(requests) != 3 || len(exchanges) != 2 {
		t.Fatalf("expected three requests and two exchanges, got %d and %d of %+v", len(requests), len(exchanges), c.spans)
	}
	for i, want := range []string{"ok", "unavailable"} {
		got := exchanges[i]
		request, ok := requests[got.parent]
		if !ok || request.trace != got.trace || (request.trace == "0af7651916cd43dd8448eb211c80319c") != (i == 0) {
			t.Errorf("expected a child of the request, got %+v", got)
		}
		for _, text := range []string{"cognito.credentials", "media", "cognito.provider", "identity_pool", "cognito.result", want} {
			if !strings.Contains(got.raw, text) {
				t.Errorf("expected %q in the span, got %q", text, got.raw)
			}
		}
	}
	secrets := w.leaked()
	for _, s := range c.spans {
		w.wantNowhere("a span", s.raw, secrets)
		if strings.Contains(s.raw, w.sub("jo")) {
			t.Errorf("expected a span to name nobody, got %q", s.raw)
		}
	}
	if len(secrets) == 0 {
		t.Error("expected secrets to look for")
	}
}
