package cognitolocal

import (
	"fmt"
	"slices"
)

// SignIn is how a pool signs users in. The zero value is a pool as the API
// makes it: passwords only, no second factor, no device tracking.
type SignIn struct {
	// MFA says whether a second factor is asked for.
	MFA MFAMode

	// MFATypes are the second factors of the pool. Nil means all.
	MFATypes []string

	// FirstFactors are what USER_AUTH offers (AllowedFirstAuthFactors). Nil
	// means FactorPassword, which is part of every pool.
	FirstFactors []string

	// Passwords is what a new password must look like. It does not bind the Go
	// API: AddUser and SetPassword take any.
	Passwords PasswordPolicy

	// RequiredAttributes must be given at sign-up and, where they are missing,
	// with NEW_PASSWORD_REQUIRED.
	RequiredAttributes []string

	// Verify are the attributes that sign-up verifies with a code: "email" and
	// "phone_number", the first that the user has. Nil means "email".
	Verify []string

	// Devices says which devices the pool remembers.
	Devices DeviceTracking

	// DevicesSkipMFA lets a remembered device stand for the second factor
	// (ChallengeRequiredOnNewDevice). Without it, the device is checked after
	// the second factor.
	DevicesSkipMFA bool

	// Passkeys configures FactorPasskey.
	Passkeys Passkeys

	// CustomAuth plays the triggers of CUSTOM_AUTH. Nil means that the pool has
	// none.
	CustomAuth *CustomAuth

	// OnMessage, if not nil, is called with every message as it is sent. The
	// pool is locked meanwhile: it must not call the pool.
	OnMessage func(Message)
}

// MFAMode is the pool's MfaConfiguration.
type MFAMode int

// The modes.
const (
	MFAOff      MFAMode = iota // nobody is asked
	MFAOptional                // who has set a second factor up is asked
	MFARequired                // who has none must set one up
)

// The second factors, by their names in the API.
const (
	SMSMFA           = "SMS_MFA"
	SoftwareTokenMFA = "SOFTWARE_TOKEN_MFA"
	EmailMFA         = "EMAIL_OTP"
)

// The first factors of USER_AUTH, by their names in the API.
const (
	FactorPassword = "PASSWORD" // brings PASSWORD_SRP with it
	FactorEmailOTP = "EMAIL_OTP"
	FactorSMSOTP   = "SMS_OTP"
	FactorPasskey  = "WEB_AUTHN"
)

// DeviceTracking is the pool's DeviceConfiguration.
type DeviceTracking int

// The ways of tracking.
const (
	DevicesOff    DeviceTracking = iota
	DevicesAlways                // ConfirmDevice remembers the device
	DevicesOptIn                 // UpdateDeviceStatus does, when the user wants it
)

var (
	allMFATypes     = []string{SMSMFA, SoftwareTokenMFA, EmailMFA}
	allFirstFactors = []string{FactorPassword, FactorEmailOTP, FactorSMSOTP, FactorPasskey}
	verifiable      = []string{"email", "phone_number"}
)

// SetSignIn replaces the settings. Sign-ins on their way go on under the new
// ones.
func (p *Pool) SetSignIn(s SignIn) error {
	s, err := s.withDefaults()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.auth.settings = s
	return nil
}

func (s SignIn) withDefaults() (SignIn, error) {
	if s.MFATypes == nil {
		s.MFATypes = allMFATypes
	}
	if s.FirstFactors == nil {
		s.FirstFactors = []string{FactorPassword}
	}
	if s.Verify == nil {
		s.Verify = []string{"email"}
	}
	for _, list := range []*[]string{&s.MFATypes, &s.FirstFactors, &s.RequiredAttributes, &s.Verify} {
		*list = slices.Clone(*list)
	}
	s.Passwords = s.Passwords.withDefaults()
	if s.CustomAuth != nil {
		s.CustomAuth = new(s.CustomAuth.withDefaults())
	}
	return s, s.validate()
}

func (s SignIn) validate() error {
	for _, check := range []struct {
		what         string
		given, known []string
	}{
		{"second factor", s.MFATypes, allMFATypes},
		{"first factor", s.FirstFactors, allFirstFactors},
		{"attribute to verify", s.Verify, verifiable},
		{"required attribute", s.RequiredAttributes, standardAttributes},
	} {
		for _, name := range check.given {
			if !slices.Contains(check.known, name) {
				return fmt.Errorf("cognitolocal: %s %q: want one of %q", check.what, name, check.known)
			}
		}
	}
	if err := s.Passwords.validate(); err != nil {
		return err
	}
	return s.CustomAuth.validate()
}
