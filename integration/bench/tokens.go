package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	never   = 4_102_444_800 // when good tokens expire, in 2100
	expired = 1_790_003_600
)

// shortTokens is how many a row has at the most in a short run, whatever it says.
const shortTokens = 6_000

// floodTokens is how many tokens a flood of refused ones takes its turns with.
const floodTokens = 500

// mint makes tokens of one kind.
type mint struct {
	ctx    context.Context
	signer *verifiertest.Signer
	claims func(i, exp int) string
	made   []string
}

// first are the first n tokens, each of another user.
func (m *mint) first(n int) []string {
	if have := len(m.made); have < n {
		progress("signing %d tokens", n-have)
		m.made = append(m.made, make([]string, n-have)...)
		var all sync.WaitGroup
		for worker := range runtime.NumCPU() {
			all.Go(func() {
				for i := have + worker; i < n && m.ctx.Err() == nil; i += runtime.NumCPU() {
					m.made[i] = m.signer.Sign(m.claims(i, never))
				}
			})
		}
		all.Wait()
	}
	return m.made[:n]
}

// expired is a token whose time is over.
func (m *mint) expired(i int) string { return m.signer.Sign(m.claims(i, expired)) }

// unknown is a token that names a key which the key set does not have.
func (m *mint) unknown(i int) string {
	header := fmt.Sprintf(`{"kid":"unknown-%d","alg":"RS256"}`, i)
	return verifiertest.Encode(header) + "." + verifiertest.Encode(m.claims(i, never)) + "." + verifiertest.Encode(string(make([]byte, 256)))
}

// subject is the user's ID that the upstream must be told.
func subject(i int) string { return fmt.Sprintf("5f0c2f6e-7c1d-4b5a-9d7e-%012d", i) }

// accessClaims are those of an access token that has 1 134 bytes when signed.
func accessClaims(i, exp int) string {
	return fmt.Sprintf(`{"sub":%q,"cognito:groups":["admins","editors"],`+
		`"iss":%q,"version":2,"client_id":%q,"origin_jti":"b1f0d7a2-1111-4222-8333-944455556666",`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"access","scope":"openid email orders/read orders/write",`+
		`"auth_time":1790000000,"exp":%d,"iat":1790000000,"jti":"d3f0d7a2-1111-4222-8333-944455556666","username":"jo"}`,
		subject(i), issuer, client, exp)
}

// idClaims are those of an ID token.
func idClaims(i, exp int) string {
	return fmt.Sprintf(`{"sub":%q,"cognito:groups":["admins","editors"],"email_verified":true,`+
		`"iss":%q,"cognito:username":"user-%d","origin_jti":"b1f0d7a2-1111-4222-8333-944455556666","aud":%q,`+
		`"event_id":"c2f0d7a2-1111-4222-8333-944455556666","token_use":"id","auth_time":1790000000,"exp":%d,"iat":1790000000,`+
		`"jti":"d3f0d7a2-1111-4222-8333-944455556666","email":"user-%d@example.com"}`, subject(i), issuer, i, client, exp, i)
}

func bearer(token string) string { return "Authorization: Bearer " + token }

// bearers are the header lines that carry tokens.
func bearers(tokens []string) []string {
	lines := make([]string, len(tokens))
	for i, token := range tokens {
		lines[i] = bearer(token)
	}
	return lines
}

// mangled changes a character near the end: of the signature of a token, or in
// what seals a cookie.
func mangled(line string) string {
	at := len(line) - 20
	other := byte('A')
	if line[at] == other {
		other = 'B'
	}
	return line[:at] + string(other) + line[at+1:]
}

// writePublicKey writes the key for proxies that read it from a file.
func writePublicKey(dir string, signer *verifiertest.Signer) error {
	der, err := x509.MarshalPKIXPublicKey(&signer.Private.PublicKey)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "public.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
}
