package session_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

// benchCookies are cookies of as many sessions, with a user of ten groups.
func benchCookies(b *testing.B, n int) (*session.Codec, []string) {
	b.Helper()
	u := ourUser()
	u.groups = groups(10)
	s := newSession(b, u.tokens())
	codec := newCodec(b, nil)
	values := make([]string, n)
	for i := range values {
		values[i] = seal(b, codec, s).Cookie.Value
	}
	return codec, values
}

// BenchmarkOpenNew opens a cookie that was never seen.
func BenchmarkOpenNew(b *testing.B) {
	codec, values := benchCookies(b, 6_000) // more than are remembered
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := codec.Open(b.Context(), values[i%len(values)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkOpenKnown opens a cookie again, as all requests but the first do.
func BenchmarkOpenKnown(b *testing.B) {
	for _, n := range []int{1, 1_000, 5_000} {
		b.Run("cookies="+strconv.Itoa(n), func(b *testing.B) {
			codec, values := benchCookies(b, n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := codec.Open(b.Context(), values[i%n]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkRequest compares what a request costs with the session, and with the
// same token as Bearer.
func BenchmarkRequest(b *testing.B) {
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		b.Fatal(err)
	}
	keys, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(signer.JWK())))
	if err != nil {
		b.Fatal(err)
	}
	v, err := verifier.New(verifier.Options{KeySets: map[string]verifier.KeySet{issuer: verifier.NewStaticKeySet(keys)}, Clients: []string{client}})
	if err != nil {
		b.Fatal(err)
	}
	tokens := ourUser().tokens()
	tokens.Access = session.Secret(signer.Sign(ourUser().claims("access")))
	codec := newCodec(b, nil)
	value := seal(b, codec, newSession(b, tokens)).Cookie.Value
	list := newDenyList(b, newStorage(), nil)
	if err := list.DenySession(b.Context(), "other", time.Now().Add(time.Hour)); err == nil {
		b.Fatal("expected the list not to have started")
	}
	r, err := session.NewRefresher(session.RefresherOptions{Refresh: newCognito(rotation{}).refresh})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.Run("bearer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tok, err := v.Verify(b.Context(), string(tokens.Access))
			if err != nil || list.Denied("", tok.Subject(), time.Time{}) {
				b.Fatal(err)
			}
		}
	})
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			opened, err := codec.Open(b.Context(), value)
			if err != nil {
				b.Fatal(err)
			}
			s, _, err := r.Fresh(b.Context(), opened.Session, session.NeedAccess)
			if err != nil || list.Denied(s.OriginJTI, s.Subject, s.Created) {
				b.Fatal(err)
			}
			codec.Touch(s)
			if _, err := v.Verify(b.Context(), string(s.Access)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	u := ourUser()
	u.groups = groups(10)
	s := newSession(b, u.tokens())
	codec := newCodec(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		seal(b, codec, s)
	}
}

// BenchmarkRefuse is rubbish of a cookie's size: it must cost less than a cookie.
func BenchmarkRefuse(b *testing.B) {
	codec, values := benchCookies(b, 1)
	forged := flip(values[0], 2000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Open(b.Context(), forged); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkDenied(b *testing.B) {
	list := newDenyList(b, newStorage(), nil)
	for n := range 1000 {
		_ = list.DenySession(b.Context(), strconv.Itoa(n), time.Now().Add(time.Hour))
	}
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if list.Denied(originJTI, jo, at) {
			b.Fatal("denied")
		}
	}
}
