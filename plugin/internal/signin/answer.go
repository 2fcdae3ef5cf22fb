package signin

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// AuthFlow is how a sign-in begins, as Cognito names it. The app client must
// allow it.
type AuthFlow string

// The flows.
const (
	// FlowPassword sends the password to Cognito. Users that a Lambda trigger
	// migrates need it.
	FlowPassword AuthFlow = "USER_PASSWORD_AUTH"
	// FlowSRP proves the password without sending it.
	FlowSRP AuthFlow = "USER_SRP_AUTH"
	// FlowChoice lets the pool or the user choose: password, code or passkey.
	FlowChoice AuthFlow = "USER_AUTH"
	// FlowCustom asks what Lambda triggers want asked; with a password, after it
	// was proved by SRP.
	FlowCustom AuthFlow = "CUSTOM_AUTH"
)

// Start opens a sign-in.
type Start struct {
	// Flow is the auth flow. Required.
	Flow AuthFlow
	// Username is what the user typed: a name, an address or a phone number.
	Username string
	// Password is required by FlowPassword and FlowSRP.
	Password Secret
	// Preferred is the challenge that FlowChoice should begin with: PASSWORD,
	// PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN. With a password the default is
	// PASSWORD.
	Preferred string
	// Session is that of ConfirmSignUp: with FlowChoice it signs in the user whose
	// sign-up was just confirmed.
	Session Secret
	// Device is what the browser remembers of an earlier sign-in.
	Device Device
	// Caller is the visitor.
	Caller Caller
}

// Answer answers a challenge. The challenge says which fields it needs.
type Answer struct {
	Choice      string
	Code        Secret
	Password    Secret
	NewPassword Secret
	// Answer is for CUSTOM_CHALLENGE.
	Answer Secret
	// Credential is the authentication response of WEB_AUTHN, as JSON.
	Credential Secret
	Attributes map[string]string
	// DeviceName is what the user calls the authenticator app; optional.
	DeviceName string
	// Caller is the visitor.
	Caller Caller
}

// limits bounds each field in characters: the first three by Cognito's own
// limits; what a Lambda asks for can be the token of a CAPTCHA.
var limits = map[Field]int{
	FieldUsername: 128, FieldPassword: 256, FieldNewPassword: 256,
	FieldCode: 64, FieldAnswer: 16384, FieldCredential: 16384, FieldAttributes: 2048,
}

// checked is the value of a field unless it is empty or too long.
func checked(field Field, value string) (string, error) {
	if value == "" || utf8.RuneCountInString(value) > limits[field] || !utf8.ValidString(value) {
		return "", badInput(field)
	}
	return value, nil
}

// input is a single field of the answer.
func (a Answer) input(field Field) (string, error) {
	switch field {
	case FieldCode:
		return code(a.Code)
	case FieldPassword:
		return checked(field, string(a.Password))
	case FieldNewPassword:
		return checked(field, string(a.NewPassword))
	case FieldAnswer:
		return checked(field, string(a.Answer))
	}
	return checked(field, string(a.Credential))
}

// code leaves out what people put between the digits.
func code(given Secret) (string, error) {
	return checked(FieldCode, strings.NewReplacer(" ", "", "\t", "", "\u00a0", "", "-", "").Replace(string(given)))
}

// attributes are those asked for and no others: with any other, a visitor could
// write into the account whatever the app client may write, such as a role.
func (a Answer) attributes(asked []string) (map[string]string, error) {
	given := make(map[string]string, len(asked))
	for _, attribute := range asked {
		value, err := checked(FieldAttributes, a.Attributes[attribute])
		if err != nil {
			return nil, err
		}
		given["userAttributes."+attribute] = value
	}
	return given, nil
}

// check refuses what Cognito would refuse anyway.
func (s Start) check() error {
	if !slices.Contains([]AuthFlow{FlowPassword, FlowSRP, FlowChoice, FlowCustom}, s.Flow) {
		return refuse(ErrMisconfigured, "flow")
	}
	if err := checkUsername(s.Username); err != nil {
		return err
	}
	if s.Preferred != "" && !slices.Contains(selectable, s.Preferred) {
		return badInput(FieldChoice)
	}
	if s.Password != "" || s.Flow == FlowPassword || s.Flow == FlowSRP {
		_, err := checked(FieldPassword, string(s.Password))
		return err
	}
	return nil
}

// checkUsername allows what Cognito's pattern does: letters, marks, symbols,
// digits and punctuation, but no space.
func checkUsername(username string) error {
	if _, err := checked(FieldUsername, username); err != nil || Plain(username, limits[FieldUsername]) != username || strings.Contains(username, " ") {
		return badInput(FieldUsername)
	}
	return nil
}
