package credentials_test

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// The calls that an exchange is made of.
var operations = []string{"GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "AssumeRoleWithWebIdentity"}

// FuzzExchangeAnswer has one call of an exchange answered with anything, the others
// as they should be. It ends in whole credentials that are those of the answer, or
// in an error of a known word that repeats nothing; and in few calls.
func FuzzExchangeAnswer(f *testing.F) {
	for operation, bodies := range [][]string{
		{getID, `{"IdentityId":""}`, `{"IdentityId":5}`, `{"IdentityId":"a"}{}`, "{}", "[]", "<html>", ""},
		{getCredentials, strings.Replace(getCredentials, "4.1024448E9", "1", 1), strings.Replace(getCredentials, "4.1024448E9", `"x"`, 1),
			strings.Replace(getCredentials, "ASIAEXAMPLE", "", 1), strings.Replace(getCredentials, "4.1024448E9", "1e300", 1), `{"Credentials":null}`},
		{`{"IdentityId":"eu-west-1:2","Token":"vouched"}`, `{"Token":""}`, `{"Token":null}`},
		{assumeRole, strings.Replace(assumeRole, "2100-01-01", "1999-01-01", 1), strings.Replace(assumeRole, "<SecretAccessKey>secret</SecretAccessKey>", "", 1), assumeRole[:300],
			"<AssumeRoleWithWebIdentityResponse/>", "<!DOCTYPE x [<!ENTITY a 'b'>]>" + assumeRole},
	} {
		for _, body := range bodies {
			f.Add(operation, 200, body)
		}
	}
	for _, refusal := range []string{"NotAuthorizedException", "TooManyRequestsException", "ResourceNotFoundException", "InternalErrorException", "Unheard\r\nOf"} {
		body, _ := json.Marshal(map[string]string{"__type": refusal, "message": "marker-of-the-answer: invalid login token"})
		f.Add(0, 400, string(body))
		f.Add(1, 400, string(body))
	}
	for _, refusal := range []string{"ExpiredTokenException", "InvalidParameterValue", "AccessDenied", "IDPCommunicationError", "Throttling"} {
		f.Add(3, 400, "<ErrorResponse><Error><Type>Sender</Type><Code>"+refusal+"</Code><Message>marker-of-the-answer</Message></Error></ErrorResponse>")
	}
	f.Add(3, 503, "<html>")
	f.Add(0, 307, "")
	f.Fuzz(func(t *testing.T, operation, status int, body string) {
		if status < 200 || status > 999 || operation < 0 || operation >= len(operations) {
			return
		}
		synctest.Test(t, func(t *testing.T) { // in which pauses before a second try take no time
			aws := &fakeAWS{answers: map[string]func() (int, string){
				"GetId": answer(200, getID), "GetCredentialsForIdentity": answer(200, getCredentials),
				"GetOpenIdToken": answer(200, `{"IdentityId":"eu-west-1:2","Token":"vouched"}`), "AssumeRoleWithWebIdentity": answer(200, assumeRole),
			}}
			aws.answers[operations[operation]] = answer(status, body)
			got, err := exchangeOf(t, aws, operation).Retrieve(t.Context(), user("jo"), readers)
			if len(aws.calls) > 4 {
				t.Fatalf("expected two tries at most, got %d calls", len(aws.calls))
			}
			if err != nil {
				expectNothing(t, got, err)
				return
			}
			expectWhole(t, got)
			gives := operation == 1 || operation == 3 // the keys, and not what leads to them
			if status > 299 || gives && !strings.Contains(readable(body), got.AccessKeyID) {
				t.Fatalf("credentials of nowhere, after %d: %s", status, body)
			}
		})
	})
}

// exchangeOf makes the calls of which this is one.
func exchangeOf(t *testing.T, aws *fakeAWS, operation int) credentials.Provider {
	t.Helper()
	switch operation {
	case 2:
		return newPool(t, aws, credentials.IdentityPoolOptions{Basic: newWebIdentity(t, aws, credentials.WebIdentityOptions{})})
	case 3:
		return newWebIdentity(t, aws, credentials.WebIdentityOptions{})
	}
	return newPool(t, aws, credentials.IdentityPoolOptions{})
}

func expectWhole(t *testing.T, got credentials.Credentials) {
	t.Helper()
	if got.AccessKeyID == "" || got.SecretAccessKey == "" || !got.Expires.After(time.Now()) {
		t.Fatalf("expected whole credentials, got %v of %q", got, got.AccessKeyID)
	}
}

func expectNothing(t *testing.T, got credentials.Credentials, err error) {
	t.Helper()
	got.IdentityID = "" // which is no secret
	known := []string{"token_rejected", "denied", "no_role", "answer", "unavailable", "misconfigured"}
	if got != (credentials.Credentials{}) || !slices.Contains(known, credentials.Reason(err)) {
		t.Fatalf("expected a known word alone, got %q for %v with %q", credentials.Reason(err), err, got.AccessKeyID)
	}
	for _, secret := range []string{"marker-of-the-answer", "token-of-jo", "vouched", "secret"} {
		if strings.Contains(err.Error(), secret) {
			t.Fatalf("the error holds %s: %v", secret, err)
		}
	}
}

// readable is the text of a document in XML or JSON, without its escapes.
func readable(body string) string {
	var text strings.Builder
	for d := xml.NewDecoder(strings.NewReader(body)); ; {
		token, err := d.Token()
		if err != nil {
			break
		}
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
	var document struct{ Credentials map[string]any }
	_ = json.NewDecoder(strings.NewReader(body)).Decode(&document) // what follows it is for the SDK to judge
	for _, value := range document.Credentials {
		part, _ := value.(string)
		text.WriteString(part)
	}
	return text.String()
}
