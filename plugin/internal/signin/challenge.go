package signin

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// The challenges that reach a user, as Cognito names them. EMAIL_MFA is an older
// spelling of EMAIL_OTP.
const (
	SMSMFA              = "SMS_MFA"
	SMSOTP              = "SMS_OTP"
	EmailOTP            = "EMAIL_OTP"
	EmailMFA            = "EMAIL_MFA"
	SoftwareTokenMFA    = "SOFTWARE_TOKEN_MFA"
	SelectMFAType       = "SELECT_MFA_TYPE"
	MFASetup            = "MFA_SETUP"
	NewPasswordRequired = "NEW_PASSWORD_REQUIRED"
	CustomChallenge     = "CUSTOM_CHALLENGE"
	SelectChallenge     = "SELECT_CHALLENGE"
	Password            = "PASSWORD"
	PasswordSRP         = "PASSWORD_SRP"
	WebAuthn            = "WEB_AUTHN"
)

// The challenges that are answered without the user.
const (
	passwordVerifier       = "PASSWORD_VERIFIER"
	deviceSRPAuth          = "DEVICE_SRP_AUTH"
	devicePasswordVerifier = "DEVICE_PASSWORD_VERIFIER"
)

// Field names an input.
type Field string

// The inputs that a challenge can need; each is a field of [Answer].
const (
	FieldChoice      Field = "choice"
	FieldCode        Field = "code"
	FieldPassword    Field = "password"
	FieldNewPassword Field = "new_password"
	FieldAnswer      Field = "answer"
	FieldCredential  Field = "credential"
	FieldAttributes  Field = "attributes"
	// FieldUsername is one of [Start] only.
	FieldUsername Field = "username"
)

// Challenge is what a page shows to ask for the next answer. It comes from the
// user pool and its Lambda triggers, so escape what is put into HTML.
type Challenge struct {
	// Name is one of the constants of this package.
	Name string
	// Needs are the inputs, in the order in which to ask.
	Needs []Field
	// Round counts the challenges of this sign-in, from 1.
	Round int
	// Medium and Destination say where a code went: SMS or EMAIL, and a masked
	// address.
	Medium, Destination string
	// DeviceName is what the user called the authenticator app.
	DeviceName string
	// Choices are those of SELECT_CHALLENGE, SELECT_MFA_TYPE and MFA_SETUP: names
	// of challenges.
	Choices []string
	// Attributes are those that Answer.Attributes must give.
	Attributes []string
	// Secret is the key for the authenticator app in MFA_SETUP, in base32.
	Secret Secret
	// Options are the request options of WEB_AUTHN, as JSON.
	Options string
	// Parameters are the public parameters of CUSTOM_CHALLENGE.
	Parameters map[string]string
	// Partial tells that Options or Parameters did not fit into the State: of all
	// that the pool said, only the rest can be shown again.
	Partial bool
}

// TOTPURI is what an authenticator app reads from a QR code; it contains the
// secret. Both arguments are shown in the app.
func (c Challenge) TOTPURI(issuer, account string) Secret {
	// Apps take "+" for itself, and a colon separates the two halves of the label.
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	issuer = escape(issuer)
	return Secret("otpauth://totp/" + issuer + ":" + escape(account) + "?secret=" + escape(string(c.Secret)) + "&issuer=" + issuer)
}

// replies are the challenges that one input answers, and what the reply calls it.
var replies = map[string]struct {
	field Field
	key   string
}{
	SMSMFA:           {FieldCode, "SMS_MFA_CODE"},
	SMSOTP:           {FieldCode, "SMS_OTP_CODE"},
	EmailOTP:         {FieldCode, "EMAIL_OTP_CODE"},
	EmailMFA:         {FieldCode, "EMAIL_MFA_CODE"},
	SoftwareTokenMFA: {FieldCode, "SOFTWARE_TOKEN_MFA_CODE"},
	CustomChallenge:  {FieldAnswer, "ANSWER"},
	Password:         {FieldPassword, "PASSWORD"},
	WebAuthn:         {FieldCredential, "CREDENTIAL"},
}

// What can be chosen; others are not shown, since they could not be answered.
var (
	selectable   = []string{Password, PasswordSRP, EmailOTP, EmailMFA, SMSOTP, WebAuthn}
	mfaTypes     = []string{SMSMFA, SoftwareTokenMFA, EmailOTP, EmailMFA}
	mfaSetups    = []string{SoftwareTokenMFA, EmailOTP, EmailMFA} // a phone number cannot be set up within a sign-in
	codesByEmail = []string{EmailOTP, EmailMFA}
)

// describe makes a challenge of Cognito's answer.
func describe(name string, r result) (Challenge, error) {
	ch := Challenge{Name: name}
	var err error
	switch name {
	case SMSMFA, SMSOTP, EmailOTP, EmailMFA:
		ch.Medium, ch.Destination = delivery(name, r.params)
	case SoftwareTokenMFA:
		ch.DeviceName = Plain(r.params["FRIENDLY_DEVICE_NAME"], maxName)
	case SelectMFAType:
		ch.Choices, err = choices(mfaTypes, r.params, "MFAS_CAN_CHOOSE", "MFAS_CAN_SELECT")
	case MFASetup:
		ch.Choices, err = setups(r.params)
	case SelectChallenge:
		ch.Choices = intersect(selectable, r.available)
	case NewPasswordRequired:
		ch.Attributes, err = missingAttributes(r.params)
	case CustomChallenge:
		ch.Parameters = publicParameters(r.params)
	case WebAuthn:
		ch.Options, err = requestOptions(r.params)
	case Password, PasswordSRP:
	default:
		return ch, refuse(ErrUnsupported, NameOf(name))
	}
	if err == nil && ch.Choices != nil && len(ch.Choices) == 0 {
		err = refuse(ErrUnsupported, name)
	}
	return ch, err
}

func delivery(name string, params map[string]string) (medium, destination string) {
	medium = "SMS"
	if slices.Contains(codesByEmail, name) {
		medium = "EMAIL"
	}
	if given := params["CODE_DELIVERY_DELIVERY_MEDIUM"]; given == "SMS" || given == "EMAIL" {
		medium = given
	}
	return medium, Plain(params["CODE_DELIVERY_DESTINATION"], MaxText)
}

// choices reads a JSON array from the first parameter that is there.
func choices(known []string, params map[string]string, keys ...string) ([]string, error) {
	for _, key := range keys {
		if text := params[key]; text != "" {
			var offered []string
			if json.Unmarshal([]byte(text), &offered) != nil {
				return nil, refuse(ErrAnswer, "")
			}
			return intersect(known, offered), nil
		}
	}
	return []string{}, nil
}

// setups falls back to the authenticator app, which every pool can do.
func setups(params map[string]string) ([]string, error) {
	if params["MFAS_CAN_SETUP"] == "" {
		return []string{SoftwareTokenMFA}, nil
	}
	return choices(mfaSetups, params, "MFAS_CAN_SETUP")
}

// intersect keeps the order in which Cognito offers.
func intersect(known, offered []string) []string {
	both := []string{}
	for _, one := range offered {
		if slices.Contains(known, one) && !slices.Contains(both, one) {
			both = append(both, one)
		}
	}
	return both
}

// missingAttributes are the required ones without a value: Cognito refuses
// others, and those that it has already.
func missingAttributes(params map[string]string) ([]string, error) {
	var required, missing []string
	var has map[string]any
	if text := params["requiredAttributes"]; text != "" && json.Unmarshal([]byte(text), &required) != nil {
		return nil, refuse(ErrAnswer, "")
	}
	if text := params["userAttributes"]; text != "" && json.Unmarshal([]byte(text), &has) != nil {
		return nil, refuse(ErrAnswer, "")
	}
	for _, attribute := range required {
		attribute = strings.TrimPrefix(attribute, "userAttributes.")
		if value, ok := has[attribute]; !ok || value == nil || value == "" {
			missing = append(missing, attribute)
		}
	}
	return missing, nil
}

// publicParameters leaves out what Cognito adds: the internal user name is
// nobody's business before the sign-in succeeded.
func publicParameters(params map[string]string) map[string]string {
	public := make(map[string]string, len(params))
	for key, value := range params {
		if key != "USERNAME" && key != "USER_ID_FOR_SRP" && key != "DEVICE_KEY" {
			public[key] = value
		}
	}
	return public
}

func requestOptions(params map[string]string) (string, error) {
	options := params["CREDENTIAL_REQUEST_OPTIONS"]
	var object map[string]any
	if json.Unmarshal([]byte(options), &object) != nil {
		return "", refuse(ErrAnswer, "")
	}
	return options, nil
}
