package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Secrets are keys from configured secrets. The first one seals, all of them
// open: to rotate, put a new one in front, and drop the old one once the sessions
// that it sealed have ended. Instances with the same first secret need to share
// nothing else.
type Secrets struct{ keys []*key }

// NewSecrets refuses secrets that somebody could guess, and says how to make a
// good one. Its errors name a secret by its position only.
func NewSecrets(secrets ...string) (*Secrets, error) {
	if len(secrets) == 0 {
		return nil, errors.New("secret: at least one is required; " + makeSecret)
	}
	s := new(Secrets)
	for i, secret := range secrets {
		if err := checkSecret(secret); err != nil {
			return nil, fmt.Errorf("secret %d: %w; %s", i+1, err, makeSecret)
		}
		s.keys = append(s.keys, newKey([]byte(secret), time.Time{}))
	}
	return s, nil
}

func (s *Secrets) sealing() *key { return s.keys[0] }

func (s *Secrets) opening(_ context.Context, id keyID) *key {
	if i := slices.IndexFunc(s.keys, func(k *key) bool { return k.id == id }); i >= 0 {
		return s.keys[i]
	}
	return nil
}

const (
	makeSecret = "make one with: openssl rand -base64 32"
	// minSecret is 16 random bytes in hexadecimal.
	minSecret   = 32
	minDistinct = 8 // of 32 random hexadecimal digits, fewer differ once in 25 million
)

// placeholders are what examples, templates and hurried people write. Of random
// secrets in base64, one in some 600 000 contains one of them, and is to be made anew.
var placeholders = []string{
	"secret", "passwor", "passphrase", "changeme", "change-me", "change_me", "change this", "changethis", "replace",
	"example", "default", "insert", "your-", "your_", "placeholder", "qwert", "letmein", "lorem ipsum", "foobar",
	"abcdefgh", "12345678", "87654321",
}

// published are secrets that stand in the documentation or source of other
// software, where deployments were found that use them.
var published = []string{
	"MLFs4TT99kOOq8h3UAVRtYoCTDYXiRcZ", // default of traefik-oidc-auth
}

func checkSecret(secret string) error {
	lower := strings.ToLower(secret)
	switch {
	case secret == "":
		return errors.New("empty; perhaps the variable that should hold it is not set")
	case strings.ContainsAny(secret[:1], "{<$["):
		return errors.New("looks like a placeholder that nothing was put in for")
	case len(secret) < minSecret:
		return fmt.Errorf("expected at least %d characters, got %d", minSecret, len(secret))
	case slices.Contains(published, secret):
		return errors.New("it is a published example, so everybody knows it")
	case slices.ContainsFunc(placeholders, func(word string) bool { return strings.Contains(lower, word) }):
		return errors.New("it contains a word of examples, so it can be guessed")
	case repeats(secret):
		return errors.New("it repeats itself, so it can be guessed")
	case distinct(secret) < minDistinct:
		return fmt.Errorf("expected at least %d different characters", minDistinct)
	}
	return nil
}

// repeats reports whether s is a shorter text, again and again.
func repeats(s string) bool {
	for period := 1; period <= len(s)/2; period++ {
		if s[period:] == s[:len(s)-period] {
			return true
		}
	}
	return false
}

func distinct(s string) int {
	var seen [256]bool
	count := 0
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			count++
		}
	}
	return count
}
