package cognitolocal

import "slices"

type mfaSettings struct {
	Enabled      *bool
	PreferredMFA *bool `json:"PreferredMfa"`
}

type mfaPreferenceInput struct {
	AccessToken              string
	SMSMFASettings           *mfaSettings `json:"SMSMfaSettings"`
	SoftwareTokenMFASettings *mfaSettings `json:"SoftwareTokenMfaSettings"`
	EmailMFASettings         *mfaSettings `json:"EmailMfaSettings"`
}

// setUserMFAPreference switches second factors of the owner on and off. What the
// request leaves out stays as it is.
func (p *Pool) setUserMFAPreference(in mfaPreferenceInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		changed := u.clone()
		for _, s := range []struct {
			name string
			*mfaSettings
		}{
			{SMSMFA, in.SMSMFASettings}, {SoftwareTokenMFA, in.SoftwareTokenMFASettings}, {EmailMFA, in.EmailMFASettings},
		} {
			if s.mfaSettings != nil {
				changed.prefer(s.name, *s.mfaSettings)
			}
		}
		if err := p.checkPreference(&changed); err != nil {
			return nil, err
		}
		u.MFA, u.PreferredMFA = changed.MFA, changed.PreferredMFA
		return struct{}{}, nil
	})
}

func (u *User) prefer(factor string, s mfaSettings) {
	on, preferred := s.Enabled != nil && *s.Enabled, s.PreferredMFA != nil && *s.PreferredMFA
	if on && !slices.Contains(u.MFA, factor) {
		u.MFA = append(u.MFA, factor)
	}
	if s.Enabled != nil && !on {
		u.MFA = slices.DeleteFunc(u.MFA, func(n string) bool { return n == factor })
	}
	if preferred {
		u.PreferredMFA = factor
	} else if u.PreferredMFA == factor {
		u.PreferredMFA = ""
	}
}

// checkPreference refuses factors that the user cannot use. The caller holds
// the lock.
func (p *Pool) checkPreference(u *User) error {
	usable := p.mfaOf(u)
	for _, name := range u.MFA {
		switch {
		case slices.Contains(usable, name):
		case name == SoftwareTokenMFA:
			return invalidParameter("User has not verified software token mfa")
		case name == SMSMFA:
			return invalidParameter("User does not have delivery config set to turn on SMS_MFA")
		default:
			return invalidParameter("User does not have delivery config set to turn on EMAIL_OTP")
		}
	}
	if u.PreferredMFA != "" && !slices.Contains(u.MFA, u.PreferredMFA) {
		return invalidParameter("Preferred MFA must be an activated MFA")
	}
	return nil
}

type authFactorsOutput struct {
	Username                  string
	ConfiguredUserAuthFactors []string `json:",omitempty"`
	PreferredMFASetting       string   `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList        []string `json:",omitempty"`
}

// getUserAuthFactors lists what the owner can sign in with.
func (p *Pool) getUserAuthFactors(in getUserInput) (any, error) {
	return p.asOwner(in.AccessToken, func(u *User, _ Client) (any, error) {
		first := slices.DeleteFunc(p.offers(&attempt{}, u), func(n string) bool { return n == challengePasswordSRP })
		return authFactorsOutput{u.Username, first, u.PreferredMFA, u.MFA}, nil
	})
}
