package cognitolocal

import (
	"errors"
	"slices"
	"strings"
)

// The challenges, by their names in the API. MFA types and first factors are
// challenges of the same name.
const (
	challengePasswordVerifier = "PASSWORD_VERIFIER"
	challengePasswordSRP      = "PASSWORD_SRP"
	challengeSelect           = "SELECT_CHALLENGE"
	challengeNewPassword      = "NEW_PASSWORD_REQUIRED"
	challengeSelectMFA        = "SELECT_MFA_TYPE"
	challengeMFASetup         = "MFA_SETUP"
	challengeCustom           = "CUSTOM_CHALLENGE"
	challengeDevice           = "DEVICE_SRP_AUTH"
	challengeDeviceVerifier   = "DEVICE_PASSWORD_VERIFIER"
	emailMFAVariant           = "EMAIL_MFA"
)

type respondInput struct {
	ChallengeName      string
	ClientID           string `json:"ClientId"`
	Session            string
	ChallengeResponses map[string]string
}

// responder judges the answer to a challenge and takes the next step. It is
// called with the lock held and owns the attempt.
type responder func(p *Pool, c Client, a *attempt, answers map[string]string) (outcome, error)

// responders is every challenge by name. Add one in a file of its own and a
// line here.
var responders = map[string]responder{
	challengePasswordVerifier: (*Pool).answerPasswordVerifier,
	challengeSelect:           (*Pool).answerSelect,
	FactorPassword:            (*Pool).answerPassword,
	challengePasswordSRP:      (*Pool).answerPasswordSRP,
	FactorPasskey:             (*Pool).answerPasskey,
	FactorSMSOTP:              codeResponder("SMS_OTP_CODE"),
	EmailMFA:                  codeResponder("EMAIL_OTP_CODE"), // FactorEmailOTP, too
	SMSMFA:                    codeResponder("SMS_MFA_CODE"),
	emailMFAVariant:           codeResponder("EMAIL_MFA_CODE"),
	SoftwareTokenMFA:          (*Pool).answerSoftwareToken,
	challengeSelectMFA:        (*Pool).answerSelectMFA,
	challengeMFASetup:         (*Pool).answerMFASetup,
	challengeNewPassword:      (*Pool).answerNewPassword,
	challengeCustom:           (*Pool).answerCustom,
	challengeDevice:           (*Pool).answerDevice,
	challengeDeviceVerifier:   (*Pool).answerDeviceVerifier,
}

func (p *Pool) respondToAuthChallenge(in respondInput) (any, error) {
	respond, ok := responders[in.ChallengeName]
	if !ok {
		return nil, invalidParameter("Unrecognizable challenge name " + in.ChallengeName)
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	next, err := p.respond(in, c, respond)
	if err != nil {
		return nil, err
	}
	return p.answer(next)
}

// check looks at what every answer must have. The hash covers the USERNAME of
// this answer, whichever of the user's names it is.
func (in respondInput) check(c Client) error {
	if err := require(in.ChallengeResponses, "USERNAME"); err != nil {
		return err
	}
	if in.handle() == "" {
		return invalidParameter("Missing required parameter Session")
	}
	return c.checkSecretHash(in.ChallengeResponses["SECRET_HASH"], in.ChallengeResponses["USERNAME"])
}

// handle finds the attempt: by the Session, or by the SECRET_BLOCK, which is
// all that USER_SRP_AUTH gives the client.
func (in respondInput) handle() string {
	if in.Session == "" && in.ChallengeName == challengePasswordVerifier {
		return in.ChallengeResponses["PASSWORD_CLAIM_SECRET_BLOCK"]
	}
	return in.Session
}

// respond claims the attempt, and puts it back when the answer may be
// corrected.
func (p *Pool) respond(in respondInput, c Client, respond responder) (outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, err := p.auth.attempts.claim(in.handle(), c.ID, in.ChallengeName, p.now())
	if err != nil {
		return outcome{}, err
	}
	if !p.belongs(a, in.ChallengeResponses["USERNAME"]) {
		p.auth.attempts.putBack(in.handle(), a)
		return outcome{}, notAuthorized(invalidSession)
	}
	if key := in.ChallengeResponses["DEVICE_KEY"]; key != "" || in.ChallengeName == challengePasswordVerifier {
		// A client that has forgotten its device answers without the key that
		// it began with.
		a.deviceKey = key
	}
	next, err := respond(p, c, a, in.ChallengeResponses)
	if err != nil && p.mayCorrect(a, err) {
		p.auth.attempts.putBack(in.handle(), a)
	}
	return next, err
}

// belongs reports whether the name is one of the attempt's user: the username,
// the subject, or what the client began with.
func (p *Pool) belongs(a *attempt, name string) bool {
	names := []string{a.name, a.userID, a.sub}
	return slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, name) })
}

// maxWrongCodes is how many codes a Session takes. AWS gives no number.
const maxWrongCodes = 3

// mayCorrect reports whether the Session goes on after the error. A refusal
// ends it; an answer that was malformed, or a mistyped code, does not.
func (p *Pool) mayCorrect(a *attempt, err error) bool {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		return false
	}
	switch e.name {
	case "CodeMismatchException":
		return !p.auth.variants.OneTry && a.wrong < maxWrongCodes
	case "InvalidParameterException", "InvalidPasswordException", "ResourceNotFoundException",
		"ExpiredCodeException", "EnableSoftwareTokenMFAException", "SoftwareTokenMFANotFoundException":
		return true
	}
	return false
}
