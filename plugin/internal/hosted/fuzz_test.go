package hosted_test

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
)

// FuzzCallback gives of any query one code or one refusal, or none of them.
func FuzzCallback(f *testing.F) {
	for _, query := range []string{
		"code=" + code + "&state=s1", "error=access_denied&error_description=no&state=s1", "code=a&code=b", "code=a&error=b", "state=s1", "%", "code=a;b", "",
		"error=invalid_request&error_description=PreSignUp+failed+with+error+X.&state=r1",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := hosted.ParseCallback(query)
		if err != nil {
			if !errors.Is(err, hosted.ErrCallback) || got.State != "" || got.Code != "" || got.Err() != nil {
				t.Fatalf("expected no callback, got %v", err)
			}
			return
		}
		if (got.Err() == nil) != (got.Code != "") {
			t.Fatal("expected a code or a refusal")
		}
		values, err := url.ParseQuery(query)
		if err != nil || len(values["code"]) > 1 || len(values["state"]) > 1 || values.Get("state") != got.State {
			t.Fatal("expected each parameter once")
		}
	})
}

// FuzzFlow reads no bytes but those that it writes.
func FuzzFlow(f *testing.F) {
	_, flow := begin(f, newClient(f, hosted.Options{}), hosted.Begin{Return: "/private"})
	good, err := flow.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{1, 2, 0x82, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var flow hosted.Flow
		if flow.UnmarshalBinary(data) != nil {
			return
		}
		if again, err := flow.MarshalBinary(); err != nil || !bytes.Equal(again, data) || len(data) > hosted.MaxFlow {
			t.Fatalf("expected the same bytes, got %v", err)
		}
		if flow.CheckNonce("") == nil || flow.State() == "" {
			t.Fatal("expected a whole flow")
		}
	})
}
