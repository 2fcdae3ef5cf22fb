package plugin

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/session"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// explained are the statuses that what-happens.md gives to the reasons of a
// section.
func explained(t *testing.T, heading string) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../caddyfile/docs/what-happens.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	statuses := make(map[string]int)
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			continue
		}
		if status, err := strconv.Atoi(strings.TrimSpace(cells[2])); err == nil {
			statuses[strings.Trim(cells[3], " `")] = status
		}
	}
	return statuses
}

// TestRefusalsAreAsExplained compares the statuses that operators read of with
// those that clients get.
func TestRefusalsAreAsExplained(t *testing.T) {
	want := explained(t, "Requests")
	refused := []error{
		errNoToken, errAmbiguousToken, errAmbiguousPath, errS3Request, errSignedOut, errNoAuth, errNotIDToken, errSessionUse, errForeignPool, errNoPrefix,
		errMethod, errCrossOrigin, errUploadTooLarge, errKey, errBody,
		fmt.Errorf("%w: %w", errBody, &http.MaxBytesError{}),
		&verifier.UnavailableError{}, &credentials.UnavailableError{}, &session.UnavailableError{}, &credentials.MisconfiguredError{},
		credentials.ErrTokenRejected, credentials.ErrDenied, credentials.ErrNoRole, credentials.ErrAnswer, credentials.ErrPath, credentials.ErrQuery,
		credentials.ErrLengthRequired, credentials.ErrBodyTooLarge, credentials.ErrBodyLength, credentials.ErrExpiring,
		context.Canceled, os.ErrInvalid,
	}
	for _, reason := range []error{
		verifier.ErrMalformed, verifier.ErrAlgorithm, verifier.ErrIssuer, verifier.ErrTokenUse, verifier.ErrExpired, verifier.ErrNotYetValid,
		verifier.ErrClient, verifier.ErrUnknownKey, verifier.ErrSignature, verifier.ErrScope, verifier.ErrGroup, verifier.ErrClaim,
		verifier.ErrAuthContext, verifier.ErrAuthAge,
	} {
		refused = append(refused, &verifier.TokenError{Reason: reason})
	}
	var met []string
	for _, err := range refused {
		re := refusalOf(err)
		if want[re.reason] != re.status {
			t.Errorf("%v: expected what-happens.md to give %s status %d, got %d", err, re.reason, re.status, want[re.reason])
		}
		met = append(met, re.reason)
	}
	for reason := range want {
		if !slices.Contains(met, reason) {
			t.Errorf("expected an error whose reason is %s", reason)
		}
	}
}

// The same for the steps of sign-in, whose other statuses say where they are
// answered.
func TestFailuresOfSignInAreAsExplained(t *testing.T) {
	want := explained(t, "Sign-in")
	for reason, status := range failureStatus {
		if want[reason] != status {
			t.Errorf("expected what-happens.md to give %s status %d, got %d", reason, status, want[reason])
		}
	}
	for _, reason := range []string{"bad_credentials", "wrong_code", "session_expired", "password_policy", "other"} {
		if want[reason] != statusOf(reason) {
			t.Errorf("expected what-happens.md to give %s status %d, got %d", reason, statusOf(reason), want[reason])
		}
	}
}
