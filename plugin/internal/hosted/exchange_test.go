package hosted_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// roundTrip is an HTTP client.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) Do(r *http.Request) (*http.Response, error) { return f(r) }

func noCall(t testing.TB) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		t.Errorf("expected no call, got %s", r.URL)
		return nil, errors.New("no call")
	}
}

func saying(body string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func TestACodeBecomesTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := signIn(t, newClient(t, hosted.Options{HTTPClient: saying(tokens)}))
		if err != nil {
			t.Fatal(err)
		}
		want := signin.Tokens{ID: "the-id-token", Access: "the-access-token", Refresh: "the-refresh-token", Expires: time.Now().Add(time.Hour)}
		if *got != want {
			t.Errorf("expected the tokens, got %+v", *got)
		}
	})
}

func TestWhatTheTokenEndpointIsSent(t *testing.T) {
	for name, secrets := range map[string][]signin.Secret{"a public client": nil, "a client with a secret": {"hunter2"}} {
		s := newStub(t, answer(tokens))
		client := newClient(t, hosted.Options{BaseURL: s.url, Secrets: secrets, Scopes: []string{"openid"}})
		if _, err := signIn(t, client); err != nil {
			t.Fatal(err)
		}
		got := s.requests[0]
		names := []string{"code", "code_verifier", "grant_type", "redirect_uri"}
		if secrets == nil {
			names = []string{"client_id", "code", "code_verifier", "grant_type", "redirect_uri"}
		}
		var sent []string
		for parameter := range got.form {
			sent = append(sent, parameter)
		}
		slices.Sort(sent)
		if !slices.Equal(sent, names) || got.form.Get("grant_type") != "authorization_code" || got.form.Get("code") != code || got.form.Get("redirect_uri") != callback {
			t.Errorf("%s: unexpected form %v", name, sent)
		}
		if got.authentication != (secrets != nil) || secrets == nil && got.form.Get("client_id") != clientID || secrets != nil && (got.id != clientID || got.secret != "hunter2") {
			t.Errorf("%s: unexpected authentication", name)
		}
	}
}

// knowing is a token endpoint whose app client has the secret.
func knowing(secret string) handler {
	return func(r request) reply {
		if r.secret == secret {
			return answer(tokens)(r)
		}
		return fails("invalid_client")(r)
	}
}

func TestEitherOfTwoSecretsWillDo(t *testing.T) {
	s := newStub(t, knowing("next"), knowing("next"), knowing("next"), knowing("primary"), knowing("primary"), knowing("primary"))
	client := s.client("primary", "next")
	for i, calls := range []int{2, 3, 5, 6} { // the next one works and is remembered; then the primary one came back
		if _, err := signIn(t, client); err != nil || len(s.requests) != calls {
			t.Errorf("sign-in %d: expected %d calls, got %d, %v", i, calls, len(s.requests), err)
		}
	}
}

func TestSecretsThatAreBothWrong(t *testing.T) {
	s := newStub(t, slices.Repeat([]handler{knowing("third")}, 4)...)
	client := s.client("primary", "next")
	for range 2 {
		_, err := signIn(t, client)
		expectReason(t, "two wrong secrets", err, signin.ErrMisconfigured)
		if detailOf(err) != "secret" {
			t.Errorf("expected a fault of the secret, got %q", detailOf(err))
		}
	}
	if s.requests[2].secret != "primary" {
		t.Error("expected no secret to be remembered that does not work")
	}
	s.done("two wrong secrets")
}

func TestASecretIsNotTriedForOtherRefusals(t *testing.T) {
	for _, code := range []string{"invalid_grant", "invalid_request", "unauthorized_client", "server_error", "", "INVALID_CLIENT"} {
		s := newStub(t, fails(code))
		if _, err := signIn(t, s.client("primary", "next")); err == nil {
			t.Errorf("%s: expected a refusal", code)
		}
		s.done(code)
	}
	s := newStub(t, fails("invalid_client"))
	_, err := signIn(t, s.client())
	expectReason(t, "a client without a secret", err, signin.ErrMisconfigured)
}

// What the token endpoint, or whatever stands in its place, can answer. Nothing is
// asked twice: a lost answer may have been a success, and the code works once.
func TestAnswersOfTheTokenEndpoint(t *testing.T) {
	const without = `{"access_token":"a","token_type":"Bearer","expires_in":3600}`
	for name, row := range map[string]struct {
		status       int
		body         string
		want         error
		word, detail string
	}{
		"a code that was used":         {400, `{"error":"invalid_grant"}`, signin.ErrSession, "session_expired", ""},
		"a client of another grant":    {400, `{"error":"unauthorized_client"}`, signin.ErrMisconfigured, "misconfigured", "client"},
		"no such grant":                {400, `{"error":"unsupported_grant_type"}`, signin.ErrMisconfigured, "misconfigured", "flow"},
		"no such scope":                {400, `{"error":"invalid_scope"}`, signin.ErrMisconfigured, "misconfigured", "scope"},
		"a bad request":                {400, `{"error":"invalid_request","error_description":"hunter2"}`, signin.ErrMisconfigured, "misconfigured", "request"},
		"a client nobody knows":        {401, `{"error":"invalid_client"}`, signin.ErrMisconfigured, "misconfigured", "secret"},
		"an error in a good answer":    {200, `{"error":"invalid_grant","access_token":"a","id_token":"b"}`, signin.ErrSession, "session_expired", ""},
		"an error of no kind":          {400, `{"error":"hunter2 was here"}`, signin.ErrAnswer, "answer", ""},
		"an error that is no text":     {400, `{"error":5}`, signin.ErrAnswer, "answer", ""},
		"no error":                     {400, `{}`, signin.ErrAnswer, "answer", ""},
		"no JSON":                      {400, `oops hunter2`, signin.ErrAnswer, "answer", ""},
		"no ID token":                  {200, without, signin.ErrMisconfigured, "misconfigured", "scope"},
		"an ID token that is no text":  {200, `{"access_token":"a","id_token":5,"token_type":"Bearer"}`, signin.ErrMisconfigured, "misconfigured", "scope"},
		"no access token":              {200, `{"id_token":"a","token_type":"Bearer"}`, signin.ErrAnswer, "answer", ""},
		"tokens of another type":       {200, `{"access_token":"a","id_token":"b","token_type":"DPoP"}`, signin.ErrAnswer, "answer", ""},
		"an expiry that is no number":  {200, `{"access_token":"a","id_token":"b","expires_in":"soon"}`, signin.ErrAnswer, "answer", ""},
		"tokens as a form":             {200, `access_token=a&id_token=b&token_type=Bearer`, signin.ErrAnswer, "answer", ""},
		"a page":                       {200, `<html>hunter2`, signin.ErrAnswer, "answer", ""},
		"nothing":                      {200, ``, signin.ErrAnswer, "answer", ""},
		"an answer without an end":     {200, `{"x":"` + strings.Repeat("x", 2<<20) + `",` + tokens[1:], signin.ErrAnswer, "answer", ""},
		"a firewall's page":            {403, `<html>blocked`, signin.ErrBlocked, "blocked", ""},
		"a firewall's JSON":            {405, `{"reason":"no"}`, signin.ErrBlocked, "blocked", ""},
		"too many requests":            {429, `{"error":"invalid_grant"}`, errUnavailable, "throttled", ""},
		"a gateway that gave up":       {504, `<html>`, errUnavailable, "unavailable", ""},
		"an internal error":            {500, `{"error":"invalid_grant"}`, errUnavailable, "unavailable", ""},
		"an internal error, as a code": {400, `{"error":"server_error"}`, errUnavailable, "unavailable", ""},
	} {
		s := newStub(t, status(row.status, row.body))
		got, err := signIn(t, s.client())
		expectReason(t, name, unavailableAsError(err), row.want)
		if got != nil || signin.Reason(err) != row.word || detailOf(err) != row.detail || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: expected %s (%s), got %s (%s)", name, row.word, row.detail, signin.Reason(err), detailOf(err))
		}
	}
}

func TestAnswersAreReadAsJSONWhateverTheyAreCalled(t *testing.T) {
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/octet-stream"} {
		for body, want := range map[string]error{"access_token=a&id_token=b": signin.ErrAnswer, tokens: nil} {
			s := newStub(t, func(request) reply { return reply{200, http.Header{"Content-Type": {kind}}, body} })
			_, err := signIn(t, s.client())
			expectReason(t, kind, err, want)
		}
	}
}

func TestAnExpiryThatIsNotTold(t *testing.T) {
	for _, body := range []string{`{"access_token":"a","id_token":"b"}`, `{"access_token":"a","id_token":"b","token_type":"bearer","expires_in":-1}`} {
		s := newStub(t, answer(body))
		if got, err := signIn(t, s.client()); err != nil || !got.Expires.IsZero() || got.Refresh != "" {
			t.Errorf("%s: unexpected tokens, %v", body, err)
		}
	}
}

func TestCausesAreFitForLogs(t *testing.T) {
	s := newStub(t, fails("invalid_grant"), fails("New\\nERROR"), func(request) reply {
		return reply{503, http.Header{"Retry-After": {"7"}, "X-Amz-Cognito-Request-Id": {"a b"}}, ""}
	})
	_, err := signIn(t, s.client())
	refused, _ := errors.AsType[*signin.Error](err)
	if refused == nil || refused.Cause != (signin.Cause{Operation: "token", Code: "invalid_grant", RequestID: "request-id-1", Status: 400}) {
		t.Errorf("unexpected cause %+v", err)
	}
	_, err = signIn(t, s.client())
	if refused, _ := errors.AsType[*signin.Error](err); refused == nil || refused.Cause.Code != "unnamed" {
		t.Errorf("unexpected cause %+v", err)
	}
	_, err = signIn(t, s.client())
	if unavailable, _ := errors.AsType[*signin.UnavailableError](err); unavailable == nil || unavailable.RetryAfter != 7*time.Second || unavailable.Cause.RequestID != "unnamed" {
		t.Errorf("unexpected outage %+v", err)
	}
}

func TestHowLongToWaitIsBounded(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": time.Second, "0": time.Second, "-5": time.Second, "30": 30 * time.Second, "86400": time.Minute, "99999999999999999999": time.Second, "Wed, 21 Oct 2026 07:28:00 GMT": time.Second,
	} {
		s := newStub(t, func(request) reply { return reply{429, http.Header{"Retry-After": {header}}, ""} })
		_, err := signIn(t, s.client())
		if unavailable, ok := errors.AsType[*signin.UnavailableError](err); !ok || !unavailable.Throttled || unavailable.RetryAfter != want {
			t.Errorf("%q: expected %v, got %+v", header, want, err)
		}
	}
}

func TestALostAnswerIsAnOutage(t *testing.T) {
	lost := errors.New("connection reset by 10.0.0.1")
	for name, do := range map[string]roundTrip{
		"no answer": func(*http.Request) (*http.Response, error) { return nil, lost },
		"an answer that breaks off": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"access`), broken{lost}))}, nil
		},
	} {
		calls := 0
		client := newClient(t, hosted.Options{Secrets: []signin.Secret{"a", "b"}, HTTPClient: roundTrip(func(r *http.Request) (*http.Response, error) {
			calls++
			return do(r)
		})})
		_, err := signIn(t, client)
		unavailable, ok := errors.AsType[*signin.UnavailableError](err)
		if !ok || unavailable.Err != lost || calls != 1 || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%s: expected one call and an outage, got %d and %+v", name, calls, err)
		}
	}
}

// broken is a body that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	endless := &io.LimitedReader{R: blanks{}, N: 64 << 20}
	client := newClient(t, hosted.Options{HTTPClient: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: make(http.Header), Body: io.NopCloser(endless)}, nil
	})})
	_, err := signIn(t, client)
	expectReason(t, "an answer without an end", err, signin.ErrAnswer)
	if read := 64<<20 - endless.N; read > 2<<20 {
		t.Errorf("expected a megabyte or so to be read, got %d bytes", read)
	}
}

// blanks go on for ever.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestACallThatHangsEnds(t *testing.T) {
	hang := roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, hosted.Options{HTTPClient: hang})
		started := time.Now()
		if _, err := signIn(t, client); signin.Reason(err) != "unavailable" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("expected an outage, got %v", err)
		}
		if waited := time.Since(started); waited > signin.CallTimeout {
			t.Errorf("expected an end, got one after %v", waited)
		}
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_, flow := begin(t, client, hosted.Begin{})
		_, err := client.Exchange(ctx, flow, back(t, flow, "code", code))
		if err != context.Canceled {
			t.Errorf("expected the visitor's own end, got %v", err)
		}
	})
}

func TestAFlowThatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, hosted.Options{HTTPClient: saying(tokens)})
		_, flow := begin(t, client, hosted.Begin{})
		time.Sleep(hosted.Lifetime - time.Second)
		if _, err := client.Exchange(t.Context(), flow, back(t, flow, "code", code)); err != nil {
			t.Errorf("expected tokens, got %v", err)
		}
		time.Sleep(time.Second)
		_, err := newClient(t, hosted.Options{HTTPClient: noCall(t)}).Exchange(t.Context(), flow, back(t, flow, "code", code))
		expectReason(t, "an old flow", err, signin.ErrSession)
	})
}

// With 307 and 308, following a redirect would carry the code along.
func TestNoCodeFollowsARedirect(t *testing.T) {
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("expected no call") }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirects := func(request) reply { return reply{status, http.Header{"Location": {thief.URL}}, ""} }
		for name, httpClient := range map[string]signin.HTTPClient{"its own client": nil, "a client that would follow": &http.Client{}} {
			s := newStub(t, redirects)
			_, err := signIn(t, newClient(t, hosted.Options{BaseURL: s.url, HTTPClient: httpClient}))
			expectReason(t, name, err, signin.ErrAnswer)
		}
	}
}
