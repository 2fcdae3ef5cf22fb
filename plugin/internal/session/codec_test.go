package session_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
)

// TestCookieSizes holds the sizes that the documentation promises.
func TestCookieSizes(t *testing.T) {
	for _, row := range []struct {
		groups, atMost int
		rung           session.Rung
	}{
		{0, 3300, session.All},
		{10, 3400, session.All},
		{30, 3500, session.All},
		{100, 3800, session.All},
	} {
		u := ourUser()
		u.groups = groups(row.groups)
		sealed := seal(t, newCodec(t, nil), newSession(t, u.tokens()))
		t.Logf("%d groups: %d bytes, %v", row.groups, sealed.Size, sealed.Rung)
		if sealed.Size > row.atMost || sealed.Rung != row.rung {
			t.Errorf("%d groups: expected at most %d bytes with %v, got %d with %v", row.groups, row.atMost, row.rung, sealed.Size, sealed.Rung)
		}
	}
}

func TestASessionComesBackAsItWas(t *testing.T) {
	codec := newCodec(t, nil)
	s, err := session.New(ourUser().tokens(), "eu-west-1_device")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := codec.Open(t.Context(), seal(t, codec, s).Cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if *opened.Session != *s || opened.Rung != session.All {
		t.Errorf("expected the same session, got another one with %v", opened.Rung)
	}
	if s.Subject != jo || s.OriginJTI != originJTI || s.Lifetime != time.Hour || s.DeviceKey != "eu-west-1_device" {
		t.Errorf("expected what the tokens say, got sub %s, origin_jti %s, lifetime %v", s.Subject, s.OriginJTI, s.Lifetime)
	}
}

// bulk is a claim that does not compress.
func bulk(bytes int) user {
	u := ourUser()
	u.extra = map[string]any{"custom:bulk": encode(random(bytes))}
	return u
}

func TestTheLadderKeepsAsMuchAsFits(t *testing.T) {
	var seen []session.Rung
	codec := newCodec(t, nil)
	for bytes := 0; bytes < 1500; bytes += 50 {
		s := newSession(t, bulk(bytes).tokens())
		sealed, err := codec.Seal(s)
		if err != nil {
			break
		}
		opened, err := codec.Open(t.Context(), sealed.Cookie.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(seen, sealed.Rung) {
			seen = append(seen, sealed.Rung)
		}
		expectRung(t, s, opened, sealed.Rung)
	}
	if !slices.Equal(seen, []session.Rung{session.All, session.NoIDSignature, session.ClaimsOnly}) {
		t.Errorf("expected every rung in turn, got %v", seen)
	}
}

func expectRung(t *testing.T, s *session.Session, opened *session.Opened, rung session.Rung) {
	t.Helper()
	want := *s
	if rung >= session.NoIDSignature {
		want.ID = ""
	}
	if rung >= session.ClaimsOnly {
		want.Access = ""
	}
	if *opened.Session != want || opened.Rung != rung {
		t.Errorf("%v: expected all but the tokens that were left out, got %v", rung, opened.Rung)
	}
}

func TestASessionThatWasCutCanBeSealedAgain(t *testing.T) {
	codec := newCodec(t, nil)
	first := seal(t, codec, newSession(t, bulk(800).tokens()))
	if first.Rung != session.ClaimsOnly {
		t.Fatalf("expected claims only, got %v", first.Rung)
	}
	opened, err := codec.Open(t.Context(), first.Cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	again, err := codec.Open(t.Context(), seal(t, codec, opened.Session).Cookie.Value)
	if err != nil || *again.Session != *opened.Session || again.Rung != session.ClaimsOnly {
		t.Errorf("expected the same session, got %v", err)
	}
}

func TestASessionThatFitsNoCookieNamesTheCause(t *testing.T) {
	many := ourUser()
	for range 100 {
		many.groups = append(many.groups, encode(random(90)))
	}
	some := ourUser()
	some.groups = randomGroups(50, 32)
	longRefresh := ourUser().tokens()
	longRefresh.Refresh = session.Secret(encode(random(3500)))
	for name, row := range map[string]struct {
		tokens session.Tokens
		cause  string
		size   int // at least
	}{
		"a claim of a trigger":                         {bulk(3000).tokens(), `the claim "custom:bulk"`, 3000},
		"a hundred groups of odd names":                {many.tokens(), `the claim "cognito:groups"`, 3000},
		"groups that take less than the refresh token": {some.tokens(), `the claim "cognito:groups"`, 1500},
		"a refresh token beyond reason":                {longRefresh, "the refresh token", 3000},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newCodec(t, nil).Seal(newSession(t, row.tokens))
			size, ok := errors.AsType[*session.SizeError](err)
			if !ok {
				t.Fatalf("expected a SizeError, got %v", err)
			}
			if size.Cause != row.cause || size.CauseSize < row.size || size.Size <= size.Limit || size.Limit != 3900 {
				t.Errorf("expected %s with its size, got %+v", row.cause, size)
			}
			if !strings.Contains(err.Error(), row.cause) || session.Reason(err) != "too_large" {
				t.Errorf("expected words that name the cause, got %q", err)
			}
		})
	}
}

func TestTheCookieIsWithinTheLimitWithItsAttributes(t *testing.T) {
	codec := newCodec(t, func(o *session.CodecOptions) { o.Cookie.Name = "__Host-" + strings.Repeat("n", 300) })
	for bytes := 0; bytes < 1500; bytes += 10 {
		sealed, err := codec.Seal(newSession(t, bulk(bytes).tokens()))
		if err != nil {
			return
		}
		if got := len(sealed.Cookie.String()); got > 3900 || got != sealed.Size {
			t.Fatalf("expected at most 3900 bytes, got %d, reported as %d", got, sealed.Size)
		}
	}
	t.Error("expected an error in the end")
}

func TestTheCookieHasTheConfiguredAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codec := newCodec(t, func(o *session.CodecOptions) { o.Absolute, o.Idle = 3*time.Hour, 2*time.Hour })
		s := newSession(t, ourUser().tokens())
		expectCookie(t, seal(t, codec, s).Cookie, 7200)
		time.Sleep(150 * time.Minute)
		expectCookie(t, seal(t, codec, s).Cookie, 1800)
		time.Sleep(150 * time.Minute)
		expectCookie(t, seal(t, codec, s).Cookie, 1) // never 0: that would mean no limit
		if clear := codec.Clear(); clear.Value != "" {
			t.Errorf("expected no value, got one")
		} else {
			expectCookie(t, clear, -1)
		}
	})
}

func expectCookie(t *testing.T, got *http.Cookie, maxAge int) {
	t.Helper()
	if got.Name != "__Host-cognito" || got.Path != "/" || !got.Secure || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.MaxAge != maxAge {
		t.Errorf("expected the attributes of the template and Max-Age %d, got %d", maxAge, got.MaxAge)
	}
}

func TestOpenRefuses(t *testing.T) {
	codec := newCodec(t, nil)
	s := newSession(t, ourUser().tokens())
	value := seal(t, codec, s).Cookie.Value
	elsewhere := func(change func(*session.CodecOptions)) string {
		return seal(t, newCodec(t, change), s).Cookie.Value
	}
	state, err := session.NewBox(newSecrets(t, goodSecret), "session", "app.example.com", "eu-west-1_AbCdEfGhI", "__Host-cognito").
		Seal([]byte("state"), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		value string
		want  error
	}{
		"nothing":                            {"", session.ErrMalformed},
		"rubbish":                            {"rubbish", session.ErrMalformed},
		"a JWT":                              {string(s.Access), session.ErrMalformed},
		"a value of another version":         {"AA" + value[2:], session.ErrMalformed},
		"a value with padding":               {value + "=", session.ErrMalformed},
		"a value with a line break":          {value[:40] + "\n" + value[40:], session.ErrMalformed},
		"a value of a megabyte":              {strings.Repeat("A", 1<<20), session.ErrMalformed},
		"a value that lost its end":          {value[:len(value)/4*4-8], session.ErrForged},
		"a value that lost almost all":       {value[:48], session.ErrMalformed},
		"a value with something after it":    {value + "AAAA", session.ErrForged},
		"a value with one bit changed":       {flip(value, len(value)/2), session.ErrForged},
		"a value with another nonce":         {flip(value, 20), session.ErrForged},
		"a value with another key ID":        {flip(value, 4), session.ErrUnknownKey},
		"a value of another secret":          {elsewhere(func(o *session.CodecOptions) { o.Keys = newSecrets(t, otherSecret) }), session.ErrUnknownKey},
		"a session of another site":          {elsewhere(func(o *session.CodecOptions) { o.Site = "evil.example.com" }), session.ErrForged},
		"a session of another pool":          {elsewhere(func(o *session.CodecOptions) { o.Pool = "eu-west-1_Other" }), session.ErrForged},
		"a session of another cookie":        {elsewhere(func(o *session.CodecOptions) { o.Cookie.Name = "__Host-other" }), session.ErrForged},
		"a place whose names only join same": {elsewhere(func(o *session.CodecOptions) { o.Site, o.Pool = "app.example.comeu", "-west-1_AbCdEfGhI" }), session.ErrForged},
		"a state of a flow":                  {state, session.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := codec.Open(t.Context(), row.value)
			if !errors.Is(err, row.want) || opened != nil {
				t.Errorf("expected %v, got %v", row.want, err)
			}
			if len(row.value) > 8 && err != nil && strings.Contains(err.Error(), row.value[:8]) {
				t.Errorf("expected nothing of the value in the error, got %v", err)
			}
		})
	}
}

// flip changes one character to another of the alphabet.
func flip(value string, at int) string {
	replacement := byte('A')
	if value[at] == 'A' {
		replacement = 'B'
	}
	return value[:at] + string(replacement) + value[at+1:]
}

// TestEveryBitCounts changes each character of a cookie and cuts it at each place.
func TestEveryBitCounts(t *testing.T) {
	codec := newCodec(t, nil)
	value := seal(t, codec, newSession(t, ourUser().tokens())).Cookie.Value
	if _, err := codec.Open(t.Context(), value); err != nil { // so that it is remembered
		t.Fatal(err)
	}
	for i := range len(value) {
		if _, err := codec.Open(t.Context(), flip(value, i)); err == nil {
			t.Fatalf("accepted a change at %d", i)
		}
		if _, err := codec.Open(t.Context(), value[:i]); err == nil {
			t.Fatalf("accepted the first %d characters", i)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, row := range map[string]struct {
		age   time.Duration
		touch bool
		want  error
	}{
		"not when they are young":                  {time.Hour - time.Second, false, nil},
		"when idle for too long":                   {time.Hour, false, session.ErrIdle},
		"not when they are used":                   {2 * time.Hour, true, nil},
		"at the absolute lifetime, used or not":    {3 * time.Hour, true, session.ErrExpired},
		"when they are ancient":                    {1000 * time.Hour, true, session.ErrExpired},
		"when they are ancient and nobody used it": {1000 * time.Hour, false, session.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				codec := newCodec(t, func(o *session.CodecOptions) { o.Absolute, o.Idle = 3*time.Hour, time.Hour })
				s := newSession(t, ourUser().tokens())
				for began := time.Now(); time.Since(began) < row.age; {
					time.Sleep(min(10*time.Minute, row.age-time.Since(began)))
					if used, touched := codec.Touch(s); touched && row.touch {
						s = used
					}
				}
				value := seal(t, codec, s).Cookie.Value
				// Another instance must come to the same result without a memo.
				for range 2 {
					if _, err := codec.Open(t.Context(), value); !errors.Is(err, row.want) {
						t.Errorf("expected %v, got %v", row.want, err)
					}
					codec = newCodec(t, func(o *session.CodecOptions) { o.Absolute, o.Idle = 3*time.Hour, time.Hour })
				}
			})
		})
	}
}

func TestACookieThatWasOpenedStillEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codec := newCodec(t, func(o *session.CodecOptions) { o.Absolute, o.Idle = 3*time.Hour, time.Hour })
		value := seal(t, codec, newSession(t, ourUser().tokens())).Cookie.Value
		if _, err := codec.Open(t.Context(), value); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if _, err := codec.Open(t.Context(), value); !errors.Is(err, session.ErrIdle) {
			t.Errorf("expected %v, got %v", session.ErrIdle, err)
		}
	})
}

func TestTouchSetsTheCookieSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codec := newCodec(t, func(o *session.CodecOptions) { o.Idle = time.Hour })
		s := newSession(t, ourUser().tokens())
		time.Sleep(6*time.Minute - time.Second)
		if same, touched := codec.Touch(s); touched || same != s {
			t.Error("expected no new cookie within a tenth of the idle lifetime")
		}
		time.Sleep(time.Second)
		used, touched := codec.Touch(s)
		if !touched || !used.LastUse.Equal(time.Now()) || !used.Created.Equal(s.Created) || s.LastUse.Equal(time.Now()) {
			t.Error("expected a copy that was used now")
		}
	})
}

func TestTheSameCookieIsOpenedOnce(t *testing.T) {
	codec := newCodec(t, nil)
	s := newSession(t, ourUser().tokens())
	first, second := seal(t, codec, s).Cookie.Value, seal(t, codec, s).Cookie.Value
	if first == second {
		t.Fatal("expected every sealing to differ")
	}
	a, err := codec.Open(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := codec.Open(t.Context(), first); err != nil || again != a {
		t.Errorf("expected the session that was opened before, got %v", err)
	}
	if b, err := codec.Open(t.Context(), second); err != nil || b == a {
		t.Errorf("expected another session for another cookie, got %v", err)
	}
}

func TestNewCodecRefuses(t *testing.T) {
	for name, change := range map[string]func(*session.CodecOptions){
		"no keys":                          func(o *session.CodecOptions) { o.Keys = nil },
		"no site":                          func(o *session.CodecOptions) { o.Site = "" },
		"no pool":                          func(o *session.CodecOptions) { o.Pool = "" },
		"a cookie without a name":          func(o *session.CodecOptions) { o.Cookie.Name = "" },
		"a name that no cookie can have":   func(o *session.CodecOptions) { o.Cookie.Name = "a b" },
		"__Host- without Secure":           func(o *session.CodecOptions) { o.Cookie.Secure = false },
		"__Host- with a domain":            func(o *session.CodecOptions) { o.Cookie.Domain = "example.com" },
		"__Host- on a path":                func(o *session.CodecOptions) { o.Cookie.Path = "/app" },
		"__Secure- without Secure":         func(o *session.CodecOptions) { o.Cookie.Name, o.Cookie.Secure = "__Secure-x", false },
		"an attribute that is not valid":   func(o *session.CodecOptions) { o.Cookie.Path = "/;x" },
		"a domain that is not a host":      func(o *session.CodecOptions) { o.Cookie.Name, o.Cookie.Domain = "x", "?" },
		"a partitioned cookie, not secure": func(o *session.CodecOptions) { o.Cookie = http.Cookie{Name: "x", Partitioned: true} },
	} {
		t.Run(name, func(t *testing.T) {
			opts := session.CodecOptions{Keys: newSecrets(t, goodSecret), Cookie: hostCookie(), Site: "s", Pool: "p"}
			change(&opts)
			if _, err := session.NewCodec(opts); err == nil {
				t.Error("expected an error")
			}
		})
	}
}
