package signin

// situation is what a call is about, as far as it decides what an error means.
type situation struct {
	operation string
	// instead replaces reasons that would tell too much, or mean something else.
	instead map[error]error
}

// What errors mean in the situations that differ.
var (
	// unproven is before anything was proved. Whoever has only typed a name must
	// not learn from the answer that the account exists, nor in which state it is.
	unproven = map[error]error{
		ErrUnconfirmed: ErrCredentials, ErrPasswordReset: ErrCredentials, ErrTemporaryPassword: ErrCredentials,
		ErrPassword: ErrCredentials, ErrInput: ErrCredentials,
	}
	// proving sends the password with the name.
	proving = map[error]error{ErrPassword: ErrCredentials, ErrInput: ErrCredentials}
	// coding answers with a code that was sent.
	coding = map[error]error{ErrInput: ErrCode}
	// verifying answers with the code of an app. Cognito calls one expired that was
	// used before: the app will show another.
	verifying = map[error]error{ErrInput: ErrCode, ErrCodeExpired: ErrCode}
	// deviceProof is about the device alone: the user has passed.
	deviceProof = map[error]error{ErrCredentials: ErrDevice, ErrInput: ErrDevice}
	// recovering is a code for a name that anybody can type. Only of an account that
	// exists can a code have expired, so that is the same as a wrong one.
	recovering = map[error]error{
		ErrCredentials: ErrCode, ErrCodeExpired: ErrCode, ErrUnconfirmed: ErrCode, ErrPasswordReset: ErrCode,
	}
	// refreshing: whatever is wrong with the user ends the session.
	refreshing = map[error]error{
		ErrCredentials: ErrRefreshToken, ErrSession: ErrRefreshToken, ErrInput: ErrRefreshToken,
		ErrUnconfirmed: ErrRefreshToken, ErrPasswordReset: ErrRefreshToken, ErrDevice: ErrRefreshToken,
	}
	// withAccessToken: a token that is not accepted is a session that ended.
	withAccessToken = map[error]error{ErrCredentials: ErrSession, ErrPassword: ErrDevice}
)

// meaning is a reason with its detail.
type meaning struct {
	reason error
	detail string
}

// meanings are the exceptions that mean the same whatever their message says.
var meanings = map[string]meaning{
	"UserNotFoundException":              {reason: ErrCredentials},
	"UserNotConfirmedException":          {reason: ErrUnconfirmed},
	"PasswordResetRequiredException":     {reason: ErrPasswordReset},
	"CodeMismatchException":              {reason: ErrCode},
	"EnableSoftwareTokenMFAException":    {reason: ErrCode},
	"ExpiredCodeException":               {reason: ErrCodeExpired},
	"LimitExceededException":             {reason: ErrAttempts},
	"TooManyFailedAttemptsException":     {reason: ErrAttempts},
	"ForbiddenException":                 {reason: ErrBlocked},
	"AliasExistsException":               {reason: ErrExists},
	"UsernameExistsException":            {reason: ErrExists},
	"DeviceKeyExistsException":           {reason: ErrDevice},
	"RefreshTokenReuseException":         {reason: ErrRefreshTokenReused},
	"UnauthorizedException":              {reason: ErrRefreshToken},
	"UnsupportedTokenTypeException":      {reason: ErrRefreshToken},
	"WebAuthnChallengeNotFoundException": {reason: ErrSession},
	"invalid_client":                     {ErrMisconfigured, "secret"},
}

// faults are the exceptions that only the operator can do something about.
var faults = map[string][]string{
	"client":    {"ResourceNotFoundException"},
	"pool":      {"InvalidUserPoolConfigurationException"},
	"operation": {"UnsupportedOperationException"},
	"region":    {"OperationNotEnabledException"},
	"tier":      {"FeatureUnavailableInTierException"},
	"lambda":    {"UnexpectedLambdaException", "InvalidLambdaResponseException"},
	"mfa":       {"MFAMethodNotFoundException", "SoftwareTokenMFANotFoundException"},
	"delivery": {
		"CodeDeliveryFailureException", "InvalidEmailRoleAccessPolicyException",
		"InvalidSmsRoleAccessPolicyException", "InvalidSmsRoleTrustRelationshipException",
	},
	"passkey": {
		"WebAuthnClientMismatchException", "WebAuthnConfigurationMissingException", "WebAuthnCredentialNotSupportedException",
		"WebAuthnNotEnabledException", "WebAuthnOriginNotAllowedException", "WebAuthnRelyingPartyMismatchException",
	},
}

func init() {
	for detail, codes := range faults {
		for _, code := range codes {
			meanings[code] = meaning{ErrMisconfigured, detail}
		}
	}
}
