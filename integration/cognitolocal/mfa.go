package cognitolocal

import (
	"encoding/json"
	"fmt"
	"slices"
)

// mfaStage asks for the second factor after a password. Other first factors
// come without one: USER_AUTH offers them to nobody who needs two.
func (p *Pool) mfaStage(a *attempt, u *User, c Client) (*outcome, error) {
	s := p.auth.settings
	if a.mfaDone || a.first != FactorPassword || s.MFA == MFAOff {
		return nil, nil
	}
	if s.DevicesSkipMFA && p.rememberedDevice(a, u) != nil {
		return nil, nil // deviceStage will have it prove itself
	}
	own := p.mfaOf(u)
	var next outcome
	switch {
	case slices.Contains(own, u.PreferredMFA):
		next = p.askMFA(a, u, c, u.PreferredMFA)
	case len(own) == 1:
		next = p.askMFA(a, u, c, own[0])
	case len(own) > 1:
		next = p.askSelectMFA(a, c, own)
	case s.MFA == MFAOptional:
		return nil, nil
	case u.Attributes["phone_number"] != "" && slices.Contains(s.MFATypes, SMSMFA):
		// Where a factor is required, a number that is there is one. An e-mail
		// address is not: by default it is how a password is recovered.
		next = p.askMFA(a, u, c, SMSMFA)
	default:
		next = p.askMFASetup(a, c)
	}
	return &next, nil
}

// mfaOf lists the second factors that the user has switched on and can use. The
// caller holds the lock.
func (p *Pool) mfaOf(u *User) []string {
	has := map[string]bool{
		SMSMFA: u.Attributes["phone_number"] != "", EmailMFA: u.Attributes["email"] != "",
		SoftwareTokenMFA: u.TOTPSecret != "",
	}
	return slices.DeleteFunc(slices.Clone(u.MFA), func(name string) bool {
		return !has[name] || !slices.Contains(p.auth.settings.MFATypes, name)
	})
}

// askMFA presents the second factor. The caller holds the lock.
func (p *Pool) askMFA(a *attempt, u *User, c Client, factor string) outcome {
	switch factor {
	case SMSMFA:
		return p.askCode(a, u, c, SMSMFA, mediumSMS, mfaDigits)
	case EmailMFA:
		return p.askCode(a, u, c, p.emailMFAName(), mediumEmail, mfaDigits)
	}
	return p.ask(a, c, pending{challenge: SoftwareTokenMFA}, map[string]string{
		"FRIENDLY_DEVICE_NAME": p.auth.factorsOf(u).totpName, "USER_ID_FOR_SRP": a.userID,
	})
}

func (p *Pool) emailMFAName() string {
	if p.auth.variants.EmailMFA {
		return emailMFAVariant
	}
	return EmailMFA
}

// askSelectMFA lets the user choose the second factor. The caller holds the
// lock.
func (p *Pool) askSelectMFA(a *attempt, c Client, own []string) outcome {
	names := slices.Clone(own)
	if i := slices.Index(names, EmailMFA); i >= 0 {
		names[i] = p.emailMFAName()
	}
	key := "MFAS_CAN_CHOOSE"
	if p.auth.variants.MFAsCanSelect {
		key = "MFAS_CAN_SELECT"
	}
	return p.ask(a, c, pending{challenge: challengeSelectMFA, options: own}, map[string]string{
		key: jsonText(names), "USER_ID_FOR_SRP": a.userID,
	})
}

// answerSelectMFA presents the factor that the user has chosen, by either name.
func (p *Pool) answerSelectMFA(c Client, a *attempt, answers map[string]string) (outcome, error) {
	if err := require(answers, "ANSWER"); err != nil {
		return outcome{}, err
	}
	factor := answers["ANSWER"]
	if factor == emailMFAVariant {
		factor = EmailMFA
	}
	u := p.userBySub(a.sub)
	if u == nil || !slices.Contains(a.pending.options, factor) {
		return outcome{}, invalidParameter("Invalid MFA type " + answers["ANSWER"])
	}
	return p.askMFA(a, u, c, factor), nil
}

// jsonText is a list or object as the string that challenge parameters hold.
func jsonText(v any) string {
	out, err := json.Marshal(v)
	if err != nil { // only strings go in
		panic(err)
	}
	return string(out)
}

// checkMFA refuses second factors that Cognito does not have.
func (u *User) checkMFA() error {
	for _, name := range u.MFA {
		if !slices.Contains(allMFATypes, name) {
			return fmt.Errorf("cognitolocal: second factor %q: want one of %q", name, allMFATypes)
		}
	}
	if u.PreferredMFA != "" && !slices.Contains(u.MFA, u.PreferredMFA) {
		return fmt.Errorf("cognitolocal: preferred second factor %q: not among %q", u.PreferredMFA, u.MFA)
	}
	if u.TOTPSecret != "" {
		_, err := totpKey(u.TOTPSecret)
		return err
	}
	return nil
}

// SetMFA replaces the second factors of the user and which is preferred, ""
// for none.
func (p *Pool) SetMFA(username string, preferred string, factors ...string) error {
	return p.changeUser(username, func(u *User) error {
		changed := User{MFA: slices.Clone(factors), PreferredMFA: preferred}
		if err := changed.checkMFA(); err != nil {
			return err
		}
		u.MFA, u.PreferredMFA = changed.MFA, changed.PreferredMFA
		return nil
	})
}
