package cognitolocal

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Parameters of RFC 6238 as authenticator apps take them.
const (
	totpPeriod     = 30 * time.Second
	totpModulus    = 1_000_000
	totpWindow     = 1  // steps before and after now
	totpSecretSize = 32 // bytes: 52 characters, like Cognito's
)

// TOTP returns the code that an authenticator app shows for the base32 secret at
// the time.
func TOTP(secret string, at time.Time) (string, error) {
	key, err := totpKey(secret)
	if err != nil {
		return "", err
	}
	return totpCode(key, totpStep(at)), nil
}

func totpKey(secret string) ([]byte, error) {
	bare := strings.TrimRight(strings.ToUpper(secret), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(bare)
	if err != nil {
		return nil, fmt.Errorf("cognitolocal: TOTP secret: %w", err)
	}
	return key, nil
}

func newTOTPSecret() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(randomBytes(totpSecretSize))
}

func totpStep(at time.Time) int64 { return at.Unix() / int64(totpPeriod/time.Second) }

// totpCode is RFC 4226 section 5.3 over the step.
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	value := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%06d", value%totpModulus)
}

// matchTOTP returns the step whose code this is, if any.
func matchTOTP(secret, code string, now time.Time) (step int64, ok bool) {
	key, err := totpKey(secret)
	if err != nil {
		return 0, false
	}
	for step := totpStep(now) - totpWindow; step <= totpStep(now)+totpWindow; step++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(key, step)), []byte(code)) == 1 {
			return step, true
		}
	}
	return 0, false
}
