package cognitolocal

import (
	"net/url"
	"slices"
	"strings"
)

// hostedStep is what a hosted page asks for after the password.
type hostedStep struct {
	Session    string // of the attempt, which the form brings back
	Challenge  string
	SentTo     string   // of a code, masked; empty for an authenticator app
	Attributes []string // that a new password needs along
	Factors    []string // to choose from
	Secret     string   // for an authenticator app to set up
	App, Email bool     // what can be set up
}

// answerAtPage takes a form of the hosted pages: the password, or what a page
// after it asked for. Step is the next page, or the same one once more if the
// answer may be corrected. With an error and no step the user starts again.
func (p *Pool) answerAtPage(c Client, form url.Values) (next outcome, step *hostedStep, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	session := form.Get("session")
	switch {
	case !slices.Contains(c.IdentityProviders, ProviderCognito):
		return outcome{}, nil, notAuthorized(wrongPassword)
	case session == "":
		next, err = p.passwordAtPage(c, form.Get("username"), form.Get("password"))
	default:
		next, err = p.respondAtPage(c, session, form)
	}
	if err == nil {
		session = next.session
	}
	return next, p.stepOf(c, session), err
}

// respondAtPage is RespondToAuthChallenge for the hosted pages. The caller
// holds the lock.
func (p *Pool) respondAtPage(c Client, session string, form url.Values) (outcome, error) {
	a, err := p.auth.attempts.claimAtPage(session, c.ID, p.now())
	if err != nil {
		return outcome{}, err
	}
	next, err := p.judgeForm(c, a, form)
	if err != nil && a.wrong < maxWrongCodes && p.mayCorrect(a, err) {
		p.auth.attempts.putBack(session, a)
	}
	return next, err
}

// judgeForm has the answer in the form judged as the API would. The caller
// holds the lock.
func (p *Pool) judgeForm(c Client, a *attempt, form url.Values) (outcome, error) {
	challenge, code := a.pending.challenge, form.Get("authentication_code")
	if form.Has("confirm_password") && form.Get("confirm_password") != form.Get("new_password") {
		return outcome{}, invalidParameter("The passwords do not match.")
	}
	if challenge == challengeMFASetup && code != "" {
		if err := p.verifyForSetup(a, softwareTokenInput{UserCode: code}); err != nil {
			return outcome{}, err
		}
	}
	return responders[challenge](p, c, a, formAnswers(form))
}

// codeAnswers are the names that the API has for a code.
var codeAnswers = []string{
	"SMS_MFA_CODE", "EMAIL_OTP_CODE", "EMAIL_MFA_CODE", "SOFTWARE_TOKEN_MFA_CODE",
}

// formAnswers translates the fields of a form into answers of the API.
func formAnswers(form url.Values) map[string]string {
	answers := map[string]string{
		"NEW_PASSWORD": form.Get("new_password"), "ANSWER": form.Get("mfa_type"), "EMAIL": form.Get("email"),
	}
	for _, name := range codeAnswers {
		answers[name] = form.Get("authentication_code")
	}
	for field := range form {
		name, ok := strings.CutPrefix(field, "requiredAttributes[")
		if name, closed := strings.CutSuffix(name, "]"); ok && closed {
			answers[attributePrefix+name] = form.Get(field)
		}
	}
	return answers
}

// stepOf is the page for an attempt of the client that waits, or nil. The caller
// holds the lock.
func (p *Pool) stepOf(c Client, session string) *hostedStep {
	a := p.auth.attempts.open[session]
	if a == nil || !a.hosted || a.clientID != c.ID {
		return nil
	}
	step := &hostedStep{
		Session: session, Challenge: a.pending.challenge, SentTo: a.pending.sentTo.destination,
		Factors: a.pending.options, Secret: a.pending.newTOTP,
		App:   slices.Contains(p.auth.settings.MFATypes, SoftwareTokenMFA),
		Email: slices.Contains(p.auth.settings.MFATypes, EmailMFA),
	}
	if u := p.userBySub(a.sub); u != nil && step.Challenge == challengeNewPassword {
		step.Attributes = p.missingAttributes(u.Attributes)
	}
	return step
}
