package hosted_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

func TestCallbacksThatAreNone(t *testing.T) {
	for name, query := range map[string]string{
		"nothing":                       "",
		"a state alone":                 "state=s1",
		"an empty code":                 "code=&state=s1",
		"two codes":                     "code=a&code=b&state=s1",
		"one code twice":                "code=a&code=a&state=s1",
		"two states":                    "code=a&state=s1&state=s2",
		"two errors":                    "error=a&error=b&state=s1",
		"two descriptions":              "error=a&error_description=b&error_description=c&state=s1",
		"a code and an error":           "code=a&error=b&state=s1",
		"a code and an empty error":     "code=a&error=&state=s1",
		"tokens":                        "access_token=a&id_token=b&token_type=Bearer&state=s1",
		"a state that is too long":      "code=a&state=s" + strings.Repeat("x", 32),
		"a state of one letter":         "code=a&state=s",
		"a state with a semicolon":      "code=a&state=s1%3B",
		"a state with a line break":     "code=a&state=s1%0d%0a",
		"a state with a space":          "code=a&state=s1+s2",
		"a state with a letter beyond":  "code=a&state=s%C3%BC",
		"a state that would be a path":  "code=a&state=..%2Fs1",
		"a code that is too long":       "code=" + strings.Repeat("x", 513) + "&state=s1",
		"a code with a line break":      "code=a%0ab&state=s1",
		"a code with a space":           "code=a+b&state=s1",
		"a code beyond ASCII":           "code=%C3%BC&state=s1",
		"a query that is too long":      "code=a&state=s1&x=" + strings.Repeat("x", 8<<10),
		"an escape that is none":        "code=%zz&state=s1",
		"a semicolon":                   "code=a;state=s1",
		"another parameter twice":       "code=a&state=s1&x=1&x=2",
		"a refusal of an unlikely flow": "error=access_denied&state=%3Cscript%3E",
	} {
		got, err := hosted.ParseCallback(query)
		expectReason(t, name, err, hosted.ErrCallback)
		expectReason(t, name, err, signin.ErrSession)
		if got.State != "" || got.Code != "" || got.Err() != nil || signin.Reason(err) != "session_expired" {
			t.Errorf("%s: expected no callback", name)
		}
	}
}

func TestCallbacks(t *testing.T) {
	for query, want := range map[string]hosted.Callback{
		"code=" + code + "&state=s1":            {State: "s1", Code: code},
		"state=r_-9&code=a%2Bb%2F%3D":           {State: "r_-9", Code: "a+b/="},
		"code=a":                                {Code: "a"}, // a provider's own page sent the user
		"code=a&state=":                         {Code: "a"},
		"code=a&state=s1&x=1&session_state=y":   {State: "s1", Code: "a"},
		"code=a&state=s1&access_token=injected": {State: "s1", Code: "a"},
	} {
		if got, err := hosted.ParseCallback(query); err != nil || got.State != want.State || got.Code != want.Code || got.Err() != nil {
			t.Errorf("%s: expected %v, got %v, %v", query, want, got, err)
		}
	}
}

// refusals are the error responses of the authorization endpoint.
var refusals = map[string]struct {
	code, description string
	want              error
	reason, detail    string
	text              string
}{
	"the user declined":               {"access_denied", "The user said no", hosted.ErrDenied, "rejected", "", ""},
	"nobody is signed in":             {"login_required", "", hosted.ErrInteraction, "session_expired", "", ""},
	"consent is missing":              {"consent_required", "", hosted.ErrInteraction, "session_expired", "", ""},
	"an interaction is missing":       {"interaction_required", "", hosted.ErrInteraction, "session_expired", "", ""},
	"an account has to be chosen":     {"account_selection_required", "", hosted.ErrInteraction, "session_expired", "", ""},
	"no such grant":                   {"unauthorized_client", "", signin.ErrMisconfigured, "misconfigured", "client", ""},
	"no such scope":                   {"invalid_scope", "", signin.ErrMisconfigured, "misconfigured", "scope", ""},
	"no such response type":           {"unsupported_response_type", "", signin.ErrMisconfigured, "misconfigured", "flow", ""},
	"no such callback":                {"redirect_mismatch", "", signin.ErrMisconfigured, "misconfigured", "redirect", ""},
	"no such parameter":               {"invalid_request", "Invalid prompt", signin.ErrMisconfigured, "misconfigured", "request", ""},
	"a missing attribute":             {"invalid_request", "attributes required: [email]", signin.ErrMisconfigured, "misconfigured", "attribute", ""},
	"an attribute that must stay":     {"invalid_request", "user.email: Attribute cannot be updated.\n ", signin.ErrMisconfigured, "misconfigured", "attribute", ""},
	"a user just linked":              {"invalid_request", "Already found an entry for username Google_1234", signin.ErrSession, "session_expired", "", ""},
	"a disabled user":                 {"server_error", "User is disabled", signin.ErrRejected, "rejected", "", ""},
	"a user not enabled":              {"invalid_request", "User is not enabled", signin.ErrRejected, "rejected", "", ""},
	"a trigger refuses":               {"invalid_request", "PreSignUp failed with error Only by invitation. ", signin.ErrRejected, "rejected", "", "Only by invitation."},
	"a trigger refuses in HTML":       {"server_error", "PreAuthentication failed with error <b>no</b>\x1b[31m\u202e", signin.ErrRejected, "rejected", "", "<b>no</b>[31m"},
	"a trigger refuses with nothing":  {"invalid_request", "PreSignUp failed with error ", signin.ErrRejected, "rejected", "", ""},
	"a trigger refuses at length":     {"invalid_request", "PreSignUp failed with error " + strings.Repeat("ü", 301), signin.ErrRejected, "rejected", "", strings.Repeat("ü", 299) + "…"},
	"a trigger of no name":            {"invalid_request", "Call 555 since it failed with error 5", signin.ErrMisconfigured, "misconfigured", "request", ""},
	"a trigger under another error":   {"invalid_scope", "PreSignUp failed with error Call 555", signin.ErrMisconfigured, "misconfigured", "scope", ""},
	"a trigger breaks":                {"invalid_request", "PreSignUp invocation failed due to error Socket timeout.", signin.ErrMisconfigured, "misconfigured", "lambda", ""},
	"a trigger says nothing readable": {"server_error", "Unrecognizable lambda output", signin.ErrMisconfigured, "misconfigured", "lambda", ""},
	"an error of no kind":             {"brand_new", "", signin.ErrAnswer, "answer", "", ""},
	"an error for the log":            {"New\nERROR all is lost", "", signin.ErrAnswer, "answer", "", ""},
	"an error without a name":         {"", "PreSignUp failed with error Call 555", signin.ErrAnswer, "answer", "", ""},
	"an outage":                       {"server_error", "Oops", errUnavailable, "unavailable", "", ""},
	"an outage for now":               {"temporarily_unavailable", "", errUnavailable, "unavailable", "", ""},
}

var errUnavailable = errors.New("unavailable")

// unavailableAsError is what errors.Is can compare.
func unavailableAsError(err error) error {
	if _, ok := errors.AsType[*signin.UnavailableError](err); ok {
		return errUnavailable
	}
	return err
}

func TestRefusalsOfTheDomain(t *testing.T) {
	client := newClient(t, hosted.Options{HTTPClient: noCall(t)})
	for name, row := range refusals {
		_, flow := begin(t, client, hosted.Begin{})
		got := back(t, flow, "error", row.code, "error_description", row.description)
		_, err := client.Exchange(t.Context(), flow, got)
		expectReason(t, name, unavailableAsError(err), row.want)
		expectReason(t, name, unavailableAsError(got.Err()), row.want)
		if signin.Reason(err) != row.reason || signin.Reason(got.Err()) != row.reason || detailOf(err) != row.detail {
			t.Errorf("%s: expected %s (%s), got %s (%s)", name, row.reason, row.detail, signin.Reason(err), detailOf(err))
		}
		refused, ok := errors.AsType[*signin.Error](err)
		if ok && (refused.Text != row.text || refused.Cause.Operation != "authorize" || strings.ContainsAny(refused.Cause.Code, "\n ")) {
			t.Errorf("%s: expected the text %q, got %q of %+v", name, row.text, refused.Text, refused.Cause)
		}
		if strings.Contains(err.Error(), "invitation") || strings.Contains(err.Error(), "555") {
			t.Errorf("%s: expected our own words, got %v", name, err)
		}
	}
}

// Anybody can make a link with words in it; only of the flow's own state does it
// come from Cognito.
func TestTheWordsOfAForgedRefusalAreNotShown(t *testing.T) {
	client := newClient(t, hosted.Options{HTTPClient: noCall(t)})
	_, flow := begin(t, client, hosted.Begin{})
	query := url.Values{"error": {"invalid_request"}, "error_description": {"PreSignUp failed with error Call 555"}}
	for _, state := range []string{"", "s1", "r" + flow.State()[1:]} {
		query.Set("state", state)
		forged, err := hosted.ParseCallback(query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Exchange(t.Context(), flow, forged)
		expectReason(t, "a forged refusal", err, hosted.ErrState)
		for _, err := range []error{err, forged.Err()} {
			if refused, ok := errors.AsType[*signin.Error](err); !ok || refused.Text != "" {
				t.Errorf("expected no words, got %+v", err)
			}
		}
	}
}
