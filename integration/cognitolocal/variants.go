package cognitolocal

// Variants selects behaviour where AWS's documents and what is seen of the
// service disagree. A client of the real one has to live with either. The zero
// value is what is seen most.
type Variants struct {
	// MFAsCanSelect lists the factors of SELECT_MFA_TYPE as MFAS_CAN_SELECT
	// and not as MFAS_CAN_CHOOSE.
	MFAsCanSelect bool

	// EmailMFA calls the second factor by e-mail EMAIL_MFA, with the answer
	// EMAIL_MFA_CODE.
	EmailMFA bool

	// NoSelectChallenge leaves ChallengeName out of the answer that lists
	// AvailableChallenges.
	NoSelectChallenge bool

	// CodeAfterSetup asks for a code once more after MFA_SETUP with an
	// authenticator app.
	CodeAfterSetup bool

	// OneTry ends the Session at the first wrong code.
	OneTry bool

	// StatusFirst tells of users who are unconfirmed or must reset their password
	// whatever password comes, as there are reports of.
	StatusFirst bool

	// SessionWithSRP gives PASSWORD_VERIFIER a Session in USER_SRP_AUTH, too,
	// where the SECRET_BLOCK alone would do.
	SessionWithSRP bool
}

// SetVariants changes the behaviour from the next request on.
func (p *Pool) SetVariants(v Variants) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.auth.variants = v
}
