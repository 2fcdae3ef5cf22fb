package hosted_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func marshal(t testing.TB, flow hosted.Flow) []byte {
	t.Helper()
	data, err := flow.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAFlowComesBackAsItWas(t *testing.T) {
	s := newStub(t, answer(tokens))
	client := s.client()
	query, flow := begin(t, client, hosted.Begin{Return: "/ü\x00?a=b"})
	data := marshal(t, flow)
	var again hosted.Flow
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(marshal(t, again), data) || again.State() != flow.State() || again.Return() != flow.Return() || !again.Created().Equal(flow.Created()) {
		t.Error("expected the same flow")
	}
	if err := again.CheckNonce(query.Get("nonce")); err != nil {
		t.Error(err)
	}
	if _, err := client.Exchange(t.Context(), again, back(t, flow, "code", code)); err != nil {
		t.Error(err)
	}
	if got := s.requests[0].form.Get("redirect_uri"); got != callback {
		t.Errorf("expected the exchange to name %s, got %s", callback, got)
	}
}

func TestAFlowFitsIntoACookie(t *testing.T) {
	client := newClient(t, hosted.Options{})
	long := callback + strings.Repeat("x", 512-len(callback))
	_, flow, err := client.Begin(long, hosted.Begin{Return: strings.Repeat("/", hosted.MaxReturn), Again: true})
	if err != nil {
		t.Fatal(err)
	}
	if size := len(marshal(t, flow)); size > hosted.MaxFlow {
		t.Errorf("expected at most %d bytes, got %d", hosted.MaxFlow, size)
	}
	if _, short := begin(t, client, hosted.Begin{}); len(marshal(t, short)) > 200 {
		t.Errorf("expected few bytes, got %d", len(marshal(t, short)))
	}
}

func TestBytesThatAreNoFlow(t *testing.T) {
	_, flow := begin(t, newClient(t, hosted.Options{}), hosted.Begin{Return: "/"})
	good := marshal(t, flow)
	text := func(s string) string { return string(rune(len(s))) + s }
	record := func(texts ...string) []byte {
		data := []byte{1, 2}
		for _, s := range append(texts, "") { // no prompt
			data = append(data, text(s)...)
		}
		return data
	}
	for name, data := range map[string][]byte{
		"none": nil, "one byte": {1}, "of another release": append([]byte{2}, good[1:]...), "followed by more": append(good[:len(good):len(good)], 0),
		"zeros": append([]byte{1}, make([]byte, 20)...), "too long": append(bytes.Clone(good), make([]byte, hosted.MaxFlow)...), "a number without an end": bytes.Repeat([]byte{1, 0xff}, 20),
		"a length below zero": append(append([]byte{1, 2}, bytes.Repeat([]byte{0xff}, 9)...), 1), "a length in more bytes than it needs": append([]byte{1, 2, 0x82, 0x00}, record("s1", "n", "v", "r", "b", "c")[5:]...),
		"no state": record("", "n", "v", "r", "b", "c"), "a state of other characters": record("s;", "n", "v", "r", "b", "c"), "no nonce": record("s1", "", "v", "r", "b", "c"),
		"no verifier": record("s1", "n", "", "r", "b", "c"), "no redirect URI": record("s1", "n", "v", "", "b", "c"), "no app client": record("s1", "n", "v", "r", "b", ""),
		"begun before all time": append([]byte{1, 1}, record("s1", "n", "v", "r", "b", "c")[2:]...),
	} {
		var got hosted.Flow
		expectReason(t, name, got.UnmarshalBinary(data), signin.ErrSession)
		if got.State() != "" {
			t.Errorf("%s: expected no flow", name)
		}
	}
	for size := range good {
		var got hosted.Flow
		expectReason(t, "a flow that was cut", got.UnmarshalBinary(good[:size]), signin.ErrSession)
	}
	var got hosted.Flow
	if err := got.UnmarshalBinary(record("s1", "n", "v", "r", "", "c")); err != nil {
		t.Errorf("expected a flow, or the rows above say nothing: %v", err)
	}
}

func TestTheZeroFlowIsNone(t *testing.T) {
	var none hosted.Flow
	_, err := none.MarshalBinary()
	expectReason(t, "its bytes", err, signin.ErrSession)
	expectReason(t, "its nonce", none.CheckNonce(""), hosted.ErrNonce)
	_, err = newClient(t, hosted.Options{}).Exchange(t.Context(), none, hosted.Callback{Code: code})
	expectReason(t, "its exchange", err, hosted.ErrState)
	if none.State()+none.Return() != "" {
		t.Error("expected nothing")
	}
}
