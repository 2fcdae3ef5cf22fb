package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// typed is what a user of the application typed, which Cognito's messages repeat.
const typed = "hunter2"

// refusal is how an exception ends a call.
type refusal struct {
	exception, message string
	want               error
	reason, detail     string
}

// refusals mean the same in every form that Cognito gives an error.
func checkRefusals(t *testing.T, rows []refusal, operation string, call func(*stub) error) {
	t.Helper()
	for _, row := range rows {
		for form := range 4 {
			s := newStub(t)
			throttled := strings.HasPrefix(row.exception, "T") && row.reason == "throttled"
			for range map[bool]int{true: 2, false: 1}[throttled] {
				s.on(operation, func(request) reply { return exception(form, row.exception, row.message) })
			}
			err := call(s)
			name := fmt.Sprintf("%s answers %s %q in form %d", operation, row.exception, row.message, form)
			expectReason(t, name, unavailableAsError(err), row.want)
			if got := signin.Reason(err); got != row.reason {
				t.Errorf("%s: expected the word %s, got %s", name, row.reason, got)
			}
			if refused, ok := errors.AsType[*signin.Error](err); ok && refused.Detail != row.detail {
				t.Errorf("%s: expected the detail %q, got %q", name, row.detail, refused.Detail)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, typed) {
				t.Errorf("%s: expected nothing of what was typed, got %s", name, text)
			}
			s.done()
		}
	}
}

func startWith(in signin.Start) func(*stub) error {
	return func(s *stub) error {
		_, err := s.client("secret").Start(s.t.Context(), in)
		return err
	}
}

// What Cognito says whatever the sign-in is about.
var anywhere = []refusal{
	{"NotAuthorizedException", "Incorrect username or password.", signin.ErrCredentials, "bad_credentials", ""},
	{"NotAuthorizedException", "User is disabled.", signin.ErrCredentials, "bad_credentials", ""},
	{"NotAuthorizedException", "Password attempts exceeded", signin.ErrAttempts, "too_many_attempts", ""},
	{"NotAuthorizedException", "Invalid session for the user, session is expired.", signin.ErrSession, "session_expired", ""},
	{"NotAuthorizedException", "Invalid session for the user, session can only be used once.", signin.ErrSession, "session_expired", ""},
	{"NotAuthorizedException", "Unable to verify secret hash for client 1h57", signin.ErrMisconfigured, "misconfigured", "secret"},
	{"NotAuthorizedException", "Client 1h57 is configured with secret but SECRET_HASH was not received", signin.ErrMisconfigured, "misconfigured", "secret"},
	{"UserNotFoundException", "User does not exist.", signin.ErrCredentials, "bad_credentials", ""},
	{"InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client", signin.ErrMisconfigured, "misconfigured", "flow"},
	{"InvalidParameterException", "USER_AUTH is not enabled for the client.", signin.ErrMisconfigured, "misconfigured", "flow"},
	{"InvalidParameterException", "Custom auth lambda trigger is not configured for the user pool.", signin.ErrMisconfigured, "misconfigured", "flow"},
	{"InvalidParameterException", "SecretHash does not match for the client", signin.ErrMisconfigured, "misconfigured", "secret"},
	{"InvalidParameterException", "1 validation error detected: Value 'hunter2 flow secret' at 'username' failed to satisfy constraint: …", signin.ErrCredentials, "bad_credentials", ""},
	{"InvalidParameterException", "Value 'hunter2' is odd", signin.ErrCredentials, "bad_credentials", ""},
	{"InvalidParameterException", "Invalid session for the user.", signin.ErrSession, "session_expired", ""},
	{"ResourceNotFoundException", "User pool client 1h57 does not exist.", signin.ErrMisconfigured, "misconfigured", "client"},
	{"InvalidUserPoolConfigurationException", "", signin.ErrMisconfigured, "misconfigured", "pool"},
	{"UnsupportedOperationException", "", signin.ErrMisconfigured, "misconfigured", "operation"},
	{"OperationNotEnabledException", "", signin.ErrMisconfigured, "misconfigured", "region"},
	{"FeatureUnavailableInTierException", "", signin.ErrMisconfigured, "misconfigured", "tier"},
	{"UnexpectedLambdaException", "PreAuthentication failed with error hunter2", signin.ErrMisconfigured, "misconfigured", "lambda"},
	{"InvalidLambdaResponseException", "hunter2", signin.ErrMisconfigured, "misconfigured", "lambda"},
	{"InvalidSmsRoleAccessPolicyException", "", signin.ErrMisconfigured, "misconfigured", "delivery"},
	{"InvalidSmsRoleTrustRelationshipException", "", signin.ErrMisconfigured, "misconfigured", "delivery"},
	{"InvalidEmailRoleAccessPolicyException", "", signin.ErrMisconfigured, "misconfigured", "delivery"},
	{"MFAMethodNotFoundException", "", signin.ErrMisconfigured, "misconfigured", "mfa"},
	{"WebAuthnNotEnabledException", "", signin.ErrMisconfigured, "misconfigured", "passkey"},
	{"WebAuthnChallengeNotFoundException", "", signin.ErrSession, "session_expired", ""},
	{"invalid_client", "", signin.ErrMisconfigured, "misconfigured", "secret"},
	{"LimitExceededException", "Attempt limit exceeded, please try after some time.", signin.ErrAttempts, "too_many_attempts", ""},
	{"TooManyFailedAttemptsException", "", signin.ErrAttempts, "too_many_attempts", ""},
	{"ForbiddenException", "Request not allowed due to WAF block.", signin.ErrBlocked, "blocked", ""},
	{"TooManyRequestsException", "Rate exceeded", errUnavailable, "throttled", ""},
	{"ThrottlingException", "Rate exceeded", errUnavailable, "throttled", ""},
	{"InternalErrorException", "", errUnavailable, "unavailable", ""},
	{"SomethingNewException", "hunter2", signin.ErrAnswer, "answer", ""},
}

func TestErrorsOfAFirstCall(t *testing.T) {
	checkRefusals(t, anywhere, "InitiateAuth", startWith(jo(signin.FlowPassword, typed)))
}

// With a user name alone nobody learns in which state an account is.
func TestBeforeAPasswordEveryAccountLooksAlike(t *testing.T) {
	states := []refusal{
		{"UserNotFoundException", "User does not exist.", signin.ErrCredentials, "bad_credentials", ""},
		{"UserNotConfirmedException", "User is not confirmed.", signin.ErrCredentials, "bad_credentials", ""},
		{"PasswordResetRequiredException", "Password reset required for the user", signin.ErrCredentials, "bad_credentials", ""},
		{"NotAuthorizedException", "User is disabled.", signin.ErrCredentials, "bad_credentials", ""},
		{"NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.", signin.ErrCredentials, "bad_credentials", ""},
	}
	for _, in := range []signin.Start{jo(signin.FlowChoice, ""), jo(signin.FlowCustom, ""), jo(signin.FlowSRP, typed), jo(signin.FlowCustom, typed)} {
		checkRefusals(t, states, "InitiateAuth", startWith(in))
	}
}

func TestWithThePasswordTheUserLearnsWhatToDo(t *testing.T) {
	states := []refusal{
		{"UserNotConfirmedException", "User is not confirmed.", signin.ErrUnconfirmed, "user_unconfirmed", ""},
		{"PasswordResetRequiredException", "Password reset required for the user", signin.ErrPasswordReset, "password_reset_required", ""},
		{"NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.", signin.ErrTemporaryPassword, "temporary_password_expired", ""},
		{"InvalidPasswordException", "Invalid password", signin.ErrCredentials, "bad_credentials", ""}, // cognito-local says so
	}
	checkRefusals(t, states, "InitiateAuth", startWith(jo(signin.FlowPassword, typed)))
	checkRefusals(t, states, "InitiateAuth", startWith(jo(signin.FlowChoice, typed)))
	checkRefusals(t, states[:3], "RespondToAuthChallenge", func(s *stub) error {
		s.on("InitiateAuth", challenge("PASSWORD_VERIFIER", signin.NewSRPServer("AbCdEfGhI", internal, typed).Params()))
		_, err := s.client().Start(t.Context(), jo(signin.FlowSRP, typed))
		return err
	})
}

// answering gives the answer to a challenge that is refused.
func answering(t *testing.T, first handler, a signin.Answer) func(*stub) error {
	return func(s *stub) error {
		client := s.on("InitiateAuth", first).client()
		_, err := client.Answer(t.Context(), begin(t, client, jo(signin.FlowChoice, "")).State, a)
		return err
	}
}

func TestErrorsOfAnAnswer(t *testing.T) {
	badValue := "1 validation error detected: Value 'hunter2' failed to satisfy constraint"
	code := []refusal{
		{"CodeMismatchException", "Invalid code or auth state for the user.", signin.ErrCode, "wrong_code", ""},
		{"InvalidParameterException", badValue, signin.ErrCode, "wrong_code", ""},
		{"NotAuthorizedException", "Invalid session for the user.", signin.ErrSession, "session_expired", ""},
	}
	for _, name := range []string{"SMS_MFA", "SMS_OTP", "EMAIL_OTP", "EMAIL_MFA", "SOFTWARE_TOKEN_MFA"} {
		checkRefusals(t, code, "RespondToAuthChallenge", answering(t, challenge(name, nil), signin.Answer{Code: typed}))
	}
	checkRefusals(t, []refusal{{"ExpiredCodeException", "Invalid code provided, please request a code again.", signin.ErrCodeExpired, "code_expired", ""}},
		"RespondToAuthChallenge", answering(t, challenge("SMS_MFA", nil), signin.Answer{Code: typed}))
	checkRefusals(t, []refusal{{"ExpiredCodeException", "Your software token has already been used once.", signin.ErrCode, "wrong_code", ""}},
		"RespondToAuthChallenge", answering(t, challenge("SOFTWARE_TOKEN_MFA", nil), signin.Answer{Code: typed}))
	checkRefusals(t, []refusal{
		{"UserNotConfirmedException", "", signin.ErrCredentials, "bad_credentials", ""},
		{"UserNotFoundException", "", signin.ErrCredentials, "bad_credentials", ""},
	}, "RespondToAuthChallenge", answering(t, answer(`{`+available+`}`), signin.Answer{Choice: "EMAIL_OTP"}))
	checkRefusals(t, []refusal{
		{"UserNotConfirmedException", "", signin.ErrUnconfirmed, "user_unconfirmed", ""},
		{"NotAuthorizedException", "Incorrect username or password.", signin.ErrCredentials, "bad_credentials", ""},
	}, "RespondToAuthChallenge", answering(t, answer(`{`+available+`}`), signin.Answer{Choice: "PASSWORD", Password: typed}))
	checkRefusals(t, []refusal{
		{"NotAuthorizedException", "Incorrect username or password.", signin.ErrCredentials, "bad_credentials", ""},
		{"InvalidParameterException", badValue, signin.ErrInput, "input", "value"},
	}, "RespondToAuthChallenge", answering(t, challenge("CUSTOM_CHALLENGE", nil), signin.Answer{Answer: typed}))
	checkRefusals(t, []refusal{
		{"InvalidPasswordException", "Password did not conform with policy: Password not long enough", signin.ErrPassword, "password_policy", "length"},
		{"PasswordHistoryPolicyViolationException", "Password has been used before", signin.ErrPassword, "password_policy", "history"},
	}, "RespondToAuthChallenge", answering(t, challenge("NEW_PASSWORD_REQUIRED", nil), signin.Answer{NewPassword: typed}))
	checkRefusals(t, []refusal{{"UserNotConfirmedException", "", signin.ErrCredentials, "bad_credentials", ""}},
		"RespondToAuthChallenge", answering(t, challenge("PASSWORD_SRP", nil), signin.Answer{Password: typed}))
}

// textOf is what a refusal lets the user read.
func textOf(t *testing.T, name, message string) *signin.Error {
	t.Helper()
	s := newStub(t).on("RespondToAuthChallenge", fails(name, message))
	refused, ok := errors.AsType[*signin.Error](answering(t, challenge("NEW_PASSWORD_REQUIRED", nil), signin.Answer{NewPassword: "x"})(s))
	if !ok {
		t.Fatalf("expected a refusal of %s %q", name, message)
	}
	return refused
}

func TestWhatIsSaidOfPasswords(t *testing.T) {
	const prefix = "Password did not conform with policy: "
	for message, want := range map[string]string{
		"Password not long enough":                                           "length",
		"Password must have uppercase characters":                            "uppercase",
		"Password must have lowercase characters":                            "lowercase",
		"Password must have numeric characters":                              "digit",
		"Password must have symbol characters":                               "symbol",
		"Password must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$": "space",
		"Password does not conform to history policy":                        "history",
		"Password is bad":                                                    "other",
	} {
		if got := textOf(t, "InvalidPasswordException", prefix+message); got.Detail != want || got.Text != message {
			t.Errorf("%s: expected %s, got %s, %q", message, want, got.Detail, got.Text)
		}
	}
	if got := textOf(t, "InvalidPasswordException", "Too plain"); got.Text != "Too plain" {
		t.Errorf("expected the text, got %q", got.Text)
	}
}

// A trigger's words are meant for users, but they are not ours.
func TestWhatALambdaSays(t *testing.T) {
	for message, want := range map[string]string{
		"PreAuthentication failed with error Come back on Monday.": "Come back on Monday.",
		"Come back on Monday.":                  "Come back on Monday.",
		"It failed with error 5":                "5",
		"My trigger failed with error 5":        "My trigger failed with error 5",
		"a\r\nSet-Cookie: x\x00\x1b[31m":        "a  Set-Cookie: x[31m",
		"\u202egnorw\u2066 \u200bis\ufeff this": "gnorw is this",
		"<script>alert(1)</script>":             "<script>alert(1)</script>",
		"می\u200cخواهم":                         "می\u200cخواهم",
		"":                                      "",
		strings.Repeat("ü", 301):                strings.Repeat("ü", 299) + "…",
	} {
		refused := textOf(t, "UserLambdaValidationException", message)
		if refused.Text != want || refused.Reason != signin.ErrRejected || strings.Contains(refused.Error(), "Monday") {
			t.Errorf("%q: expected %q, got %q", message, want, refused.Text)
		}
	}
}

func TestCausesAreFitForLogs(t *testing.T) {
	s := newStub(t).on("InitiateAuth", fails("UserNotFoundException", typed))
	_, err := s.client().Start(t.Context(), jo(signin.FlowPassword, typed))
	refused, _ := errors.AsType[*signin.Error](err)
	if refused == nil || refused.Cause != (signin.Cause{Operation: "InitiateAuth", Code: "UserNotFoundException", RequestID: "request-id-1", Status: 400}) {
		t.Errorf("unexpected cause %+v", err)
	}
	for _, code := range []string{"New\nERROR all is lost", strings.Repeat("x", 65), "Ünknown", ""} {
		s := newStub(t).on("InitiateAuth", fails(code, ""))
		_, err := s.client().Start(t.Context(), jo(signin.FlowPassword, typed))
		if refused, _ := errors.AsType[*signin.Error](err); refused == nil || refused.Cause.Code != "unnamed" && refused.Cause.Code != "UnknownError" {
			t.Errorf("%q: expected no such name, got %+v", code, err)
		}
	}
}

func TestReasons(t *testing.T) {
	for want, err := range map[string]error{
		"ok": nil, "other": errors.New("x"), "canceled": fmt.Errorf("wrapped: %w", context.Canceled),
		"throttled": &signin.UnavailableError{Throttled: true}, "unavailable": &signin.UnavailableError{},
		"exists": fmt.Errorf("wrapped: %w", &signin.Error{Reason: signin.ErrExists}),
	} {
		if got := signin.Reason(err); got != want {
			t.Errorf("%v: expected %s, got %s", err, want, got)
		}
	}
	cause := errors.New("10.0.0.1 refused")
	if err := (&signin.UnavailableError{Err: cause}); !errors.Is(err, cause) || strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("expected the cause to be kept and not shown, got %v", err)
	}
}
