package diagnose

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestSlowKeysAreAWarning(t *testing.T) {
	e := Examiner{Timeout: 5 * time.Second}
	for took, want := range map[time.Duration]Level{100 * time.Millisecond: OK, 3 * time.Second: Warn} {
		if got := e.judgeKeys("https://keys.example.com", verifier.KeySetEvent{Keys: 2, Duration: took}); got.Level != want {
			t.Errorf("%v: expected %s, got %+v", took, want, got)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Unix(946684800, 0).UTC()
	for skew, want := range map[time.Duration]Level{0: OK, 4 * time.Second: OK, -4 * time.Second: OK, 30 * time.Second: Warn, -30 * time.Second: Warn, 2 * time.Minute: Fail, -2 * time.Minute: Fail} {
		if got := (&dated{at: now, date: now.Add(skew).Format(http.TimeFormat)}).judgeClock(); got.Level != want {
			t.Errorf("%v: expected %s, got %+v", skew, want, got)
		}
	}
	if got := (&dated{at: now}).judgeClock(); got.Level != "" {
		t.Errorf("expected nothing without a date, got %+v", got)
	}
}

func TestAppClients(t *testing.T) {
	refused := func(reason error, detail string) error { return &signin.Error{Reason: reason, Detail: detail} }
	for _, row := range []struct {
		name            string
		err             error
		signsIn, secret bool
		want            Level
		text            string
	}{
		{"a refusal of the refresh token", refused(signin.ErrRefreshToken, ""), true, false, OK, "exists"},
		{"with the right secret", refused(signin.ErrRefreshToken, ""), true, true, OK, "its secret is right"},
		{"no such client", refused(signin.ErrMisconfigured, "client"), false, false, Fail, "does not exist"},
		{"a wrong secret", refused(signin.ErrMisconfigured, "secret"), true, true, Fail, "secret is not right"},
		{"a secret that sign-in needs", refused(signin.ErrMisconfigured, "secret"), true, false, Fail, "has a secret"},
		{"a secret that nobody needs", refused(signin.ErrMisconfigured, "secret"), false, false, OK, "exists"},
		{"a region that is a replica", refused(signin.ErrMisconfigured, "region"), true, true, Warn, "refuses the question"},
		{"a Lambda trigger", refused(signin.ErrRejected, ""), true, true, Warn, "says nothing about it (rejected)"},
		{"no answer that can be read", refused(signin.ErrAnswer, ""), true, true, Warn, "says nothing about it (answer)"},
		{"tokens, against all odds", nil, true, true, Warn, "says nothing about it (ok)"},
	} {
		got := (&Examiner{}).judgeClient(row.err, row.signsIn, row.secret)
		if got.Level != row.want || !strings.Contains(got.Text, row.text) {
			t.Errorf("%s: expected %s with %q, got %+v", row.name, row.want, row.text, got)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, row := range []struct {
		name          string
		listen, hosts []string
		want          []string
	}{
		{"hosts", []string{":443"}, []string{"a.example.com", "b.example.com"}, []string{"https://a.example.com", "https://b.example.com"}},
		{"no address", nil, []string{"a.example.com"}, []string{"https://a.example.com"}},
		{"another port", []string{":8080"}, []string{"a.example.com"}, nil},
		{"a port of this machine", []string{":8081"}, []string{"localhost"}, []string{"https://localhost:8081"}},
		{"two ports of this machine", []string{":8081", ":8082"}, []string{"localhost"}, nil},
		{"a socket", []string{"unix//run/site.sock"}, []string{"localhost"}, nil},
		{"a wildcard", []string{":443"}, []string{"*.example.com"}, nil},
		{"a placeholder", []string{":443"}, []string{"{env.HOST}"}, nil},
		{"any host", []string{":443"}, nil, nil},
	} {
		in := &signIn{Place: Place{listen: row.listen, hosts: row.hosts}, cfg: new(config.Signin)}
		if got := in.origins(); !slices.Equal(got, row.want) {
			t.Errorf("%s: expected %q, got %q", row.name, row.want, got)
		}
		in.cfg = &config.Signin{Origin: "https://site.example.com"}
		if got := in.origins(); !slices.Equal(got, []string{"https://site.example.com"}) {
			t.Errorf("%s: expected the configured origin, got %q", row.name, got)
		}
	}
}

func TestOriginsWithoutTLS(t *testing.T) {
	for address, want := range map[string]string{":8081": "http://localhost:8081", ":80": "http://localhost"} {
		in := &signIn{Place: Place{listen: []string{address}, hosts: []string{"localhost"}, site: new(listener)}, cfg: new(config.Signin)}
		in.site.HTTPS.Skip = in.hosts
		if got := in.origins(); !slices.Equal(got, []string{want}) {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

func TestPlacesHaveTheirPort(t *testing.T) {
	for address, want := range map[string]string{":8081": "localhost:8081 (s, route 1)", ":443": "localhost (s, route 1)", "unix//run/site.sock": "localhost (s, route 1)"} {
		if got := (Place{server: "s", listen: []string{address}, hosts: []string{"localhost"}, route: []int{1}}).String(); got != want {
			t.Errorf("expected %q, got %q", want, got)
		}
	}
}

func TestCallbacks(t *testing.T) {
	for query, want := range map[string]Level{
		"error=login_required": OK, "error=interaction_required": OK, "error=access_denied": OK, "code=1234": OK,
		"error=invalid_scope": Fail, "error=unauthorized_client": Fail, "error=invalid_request": Warn,
	} {
		if got := judgeCallback(&url.URL{RawQuery: query}, "https://a.example.com/_cognito/callback"); got.Level != want {
			t.Errorf("%s: expected %s, got %+v", query, want, got)
		}
	}
}
