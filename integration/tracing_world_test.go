package integration_test

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// span is what a collector of OpenTelemetry gets.
type span struct {
	name, trace, id, parent string
	attributes              map[string]string
	failed                  bool
	raw                     string
}

// collector takes spans in the form of OTLP over HTTP.
type collector struct {
	mu    sync.Mutex // guards spans
	spans []span
}

// newCollector is where Caddy's tracing sends spans from now on.
func newCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	return c
}

// tracedSite begins a site whose requests are traced.
const tracedSite = "tracing {\nspan request\n}\n"

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range protoValues(body, 1) {
		for _, scope := range protoValues(resource, 2) {
			for _, raw := range protoValues(scope, 2) {
				c.spans = append(c.spans, readSpan(raw))
			}
		}
	}
}

func readSpan(raw []byte) span {
	s := span{
		name: string(protoValue(raw, 5)), trace: hex.EncodeToString(protoValue(raw, 1)), id: hex.EncodeToString(protoValue(raw, 2)),
		parent: hex.EncodeToString(protoValue(raw, 4)), attributes: make(map[string]string), raw: string(raw),
	}
	for _, pair := range protoValues(raw, 9) {
		value := protoValue(pair, 2)
		text := string(protoValue(value, 1))
		for number, field := range protoFields(value) {
			if number == 3 { // an integer
				text = strconv.FormatUint(field.number, 10)
			}
		}
		s.attributes[string(protoValue(pair, 1))] = text
	}
	for number, field := range protoFields(protoValue(raw, 15)) {
		s.failed = s.failed || number == 3 && field.number == 2
	}
	return s
}

// protoField is a field of a protocol buffer.
type protoField struct {
	number uint64
	bytes  []byte
}

// protoFields are those of a message, by their numbers.
func protoFields(b []byte) iter.Seq2[uint64, protoField] {
	return func(yield func(uint64, protoField) bool) {
		for len(b) > 0 {
			key, n := binary.Uvarint(b)
			b = b[max(n, 0):]
			var got protoField
			size := 0
			switch key & 7 {
			case 0:
				got.number, size = binary.Uvarint(b)
			case 1:
				size = 8
			case 2:
				length, n := binary.Uvarint(b)
				b = b[max(n, 0):]
				size = min(int(length), len(b))
				got.bytes = b[:size]
			case 5:
				size = 4
			default:
				return
			}
			b = b[min(max(size, 0), len(b)):]
			if !yield(key>>3, got) {
				return
			}
		}
	}
}

// protoValues are the values of a field that have a length.
func protoValues(b []byte, number uint64) (values [][]byte) {
	for n, field := range protoFields(b) {
		if n == number && field.bytes != nil {
			values = append(values, field.bytes)
		}
	}
	return values
}

func protoValue(b []byte, number uint64) []byte {
	if values := protoValues(b, number); len(values) > 0 {
		return values[0]
	}
	return nil
}

// stop ends Caddy, which sends what was collected, and returns the requests and
// what happened within each, as "name result" and in the order of the spans' ends.
func (c *collector) stop(t *testing.T) *traces {
	t.Helper()
	check(t, edge.Stop())
	c.mu.Lock()
	defer c.mu.Unlock()
	return &traces{t, slices.Clone(c.spans)}
}

// traces are all spans that were collected.
type traces struct {
	*testing.T
	spans []span
}

// named are the spans with this name.
func (tr *traces) named(name string) (found []span) {
	for _, s := range tr.spans {
		if s.name == name {
			found = append(found, s)
		}
	}
	return found
}

// one is the only span with this name and result.
func (tr *traces) one(name, result string) span {
	tr.Helper()
	var found []span
	for _, s := range tr.named(name) {
		if s.attributes["cognito.result"] == result {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		tr.Fatalf("expected one span %q with the result %s, got %d of %v", name, result, len(found), tr.told())
	}
	return found[0]
}

// told is what happened, for the text of a failure.
func (tr *traces) told() (names []string) {
	for _, s := range tr.spans {
		names = append(names, strings.TrimSpace(s.name+" "+s.attributes["cognito.result"]))
	}
	return names
}

// within reports whether a span is a child of one with this name, of the same
// trace.
func (tr *traces) within(s span, parent string) bool {
	return slices.ContainsFunc(tr.named(parent), func(p span) bool { return p.id == s.parent && p.trace == s.trace })
}

// wantSpan compares all of a span but its time.
func (tr *traces) wantSpan(s span, parent string, attributes map[string]string) {
	tr.Helper()
	if !tr.within(s, parent) {
		tr.Errorf("%s: expected a child of %q, got %v of %v", s.name, parent, s.parent, tr.told())
	}
	want := maps.Clone(attributes)
	result := s.attributes["cognito.result"]
	if bad := result != "ok" && result != "canceled"; bad {
		want["error.type"] = result
	}
	want["cognito.result"] = result
	if s.failed != (want["error.type"] != "") {
		tr.Errorf("%s %s: expected an error: %t, got %t", s.name, result, !s.failed, s.failed)
	}
	if id := s.attributes["aws.request_id"]; id != "" {
		want["aws.request_id"] = id // which differs
	}
	if !maps.Equal(s.attributes, want) {
		tr.Errorf("%s: expected the attributes %v, got %v", s.name, want, s.attributes)
	}
}

// wantSilent looks for secrets, and for names, in every span.
func (tr *traces) wantSilent(secrets ...string) {
	tr.Helper()
	for _, s := range tr.spans {
		for _, secret := range secrets {
			for _, part := range append(strings.Split(secret, "."), secret) {
				if len(part) > 3 && leak(s.raw, part) != "" {
					tr.Errorf("the span %s holds %.30q", s.name, secret)
				}
			}
		}
	}
}
