package config

// DefaultSigninPrefix begins the paths of sign-in.
const DefaultSigninPrefix = "/_cognito"

// Signin configures the handler that signs users in.
type Signin struct {
	// Pool is the name of a configured user pool. Required.
	Pool string `json:"pool,omitempty"`
	// Client is the app client that users sign in to, one of the pool's. Default:
	// the only one.
	Client string `json:"client,omitempty"`
	// Prefix begins the paths of sign-in: `sign-in`, `callback`, `sign-out` and
	// `session` below it. Default `/_cognito`.
	Prefix string `json:"prefix,omitempty"`
	// Origin is the site as browsers know it, such as `https://app.example.com`.
	// Default: as the request says, heeding X-Forwarded-* of trusted proxies.
	Origin string `json:"origin,omitempty"`
	// Page shows our own sign-in page. Default: there is one, unless `hosted` is
	// set.
	Page *Page `json:"page,omitempty"`
	// Hosted sends users to the pages of the user pool's domain, and to the
	// providers of Page. It needs the `domain` of the pool.
	Hosted *Hosted `json:"hosted,omitempty"`
	// Deliver is what the JSON API gives at the end: `session`, the cookie, or
	// `tokens`, for terminal and mobile applications. Default `session`.
	Deliver string `json:"deliver,omitempty"`
	// ReturnTo lists the origins besides our own to which users may return after
	// they signed in, such as `https://app.example.com`.
	ReturnTo []string `json:"return_to,omitempty"`
	// SignOutTo is where users land after they signed out: a path or an https URL.
	// With `hosted`, it must be among the sign-out URLs of the app client. Default:
	// a page that says so, `<prefix>/signed-out`.
	SignOutTo string `json:"sign_out_to,omitempty"`
	// GlobalSignOut ends all sessions of the user, at every device, when he signs
	// out. It needs the scope aws.cognito.signin.user.admin.
	GlobalSignOut bool `json:"global_sign_out,omitempty"`
	// Claims are what the session endpoint tells of the ID token, beside `sub`.
	Claims []string `json:"claim,omitempty"`
	// Limits replace the default limits on attempts, each for its kind.
	Limits []Limit `json:"limit,omitempty"`
}

// Limit bounds attempts to sign in.
type Limit struct {
	// Per is what is counted: `address`, `user`, `client` or `all`.
	Per string `json:"per"`
	// PerMinute is how many attempts a minute are allowed, and at once. Default
	// 60 for an address, 12 for a user, 1200 for a client and 2400 in all.
	PerMinute int `json:"per_minute"`
}

// Page configures our own sign-in page and the JSON API on the same URLs.
type Page struct {
	// Flow is how a sign-in begins: `USER_SRP_AUTH`, `USER_PASSWORD_AUTH`,
	// `USER_AUTH` or `CUSTOM_AUTH`. The app client must allow it. Default
	// `USER_SRP_AUTH`.
	Flow string `json:"flow,omitempty"`
	// Preferred is the challenge that `USER_AUTH` begins with: `PASSWORD`,
	// `PASSWORD_SRP`, `EMAIL_OTP`, `SMS_OTP` or `WEB_AUTHN`. Default: users choose.
	Preferred string `json:"preferred,omitempty"`
	// Passwordless asks for the user name alone, with `USER_AUTH` and
	// `CUSTOM_AUTH`. Default: `CUSTOM_AUTH` asks for a password, too.
	Passwordless bool `json:"passwordless,omitempty"`
	// Title is the name of the site. Default: the host name.
	Title string `json:"title,omitempty"`
	// Logo is an image: a path of the site, an https URL, or `file:` and the path
	// of a file that is put into the pages.
	Logo string `json:"logo,omitempty"`
	// Accent is the colour of buttons and links as #rrggbb: one for the light
	// scheme and one for the dark.
	Accent []string `json:"accent,omitempty"`
	// Languages are those on offer, the first being the default. Default: all.
	Languages []string `json:"language,omitempty"`
	// Templates is a folder with templates, texts and styles that take the place
	// of ours.
	Templates string `json:"templates,omitempty"`
	// Login is by what users name themselves: `username`, `email`, `phone` or
	// `any`. Default `username`.
	Login string `json:"login,omitempty"`
	// PasswordRules are shown beside new passwords.
	PasswordRules *PasswordRules `json:"password_rules,omitempty"`
	// Inputs gives attributes of users another input than text: `email`, `tel`,
	// `date`, `url` or `number`. The standard attributes have theirs.
	Inputs map[string]string `json:"input,omitempty"`
	// Challenges are about the pages for CUSTOM_CHALLENGE.
	Challenges *CustomChallenges `json:"custom_challenge,omitempty"`
	// Providers are other ways to sign in, through the domain of the pool.
	Providers []Provider `json:"provider,omitempty"`
	// SignUp lets visitors make accounts. Default: they cannot.
	SignUp *SignUp `json:"sign_up,omitempty"`
	// NoForgotPassword leaves out the way to a new password.
	NoForgotPassword bool `json:"no_forgot_password,omitempty"`
}

// PasswordRules say what the user pool demands of passwords.
type PasswordRules struct {
	// MinLength is the least number of characters.
	MinLength int `json:"min_length,omitempty"`
	// Require lists the kinds of characters that a password must have: `lower`,
	// `upper`, `digit` and `symbol`.
	Require []string `json:"require,omitempty"`
}

// CustomChallenges say how the public parameters of a CUSTOM_CHALLENGE become a
// page.
type CustomChallenges struct {
	// Template is the parameter that names a template of the templates folder:
	// with the value `captcha`, it is `custom/captcha.html`. Default `template`.
	Template string `json:"template,omitempty"`
	// Question lists the parameters whose text is the question, the first that is
	// there. Default `question` and `securityQuestion`.
	Question []string `json:"question,omitempty"`
	// Image lists the parameters with an image. Default `captchaUrl` and `image`.
	Image []string `json:"image,omitempty"`
	// ImageOrigins are the other origins from which such images may come.
	ImageOrigins []string `json:"image_origin,omitempty"`
	// Allow is what templates may load, beyond our own stylesheet.
	Allow []Source `json:"allow,omitempty"`
}

// Source lets one template of CUSTOM_CHALLENGE load something.
type Source struct {
	// Template is its name, without folder and `.html`.
	Template string `json:"template"`
	// Kind is `script`, `frame`, `style`, `image` or `connect`.
	Kind string `json:"kind"`
	// Origins are https origins or `self`.
	Origins []string `json:"origin"`
}

// Provider is a social or SAML provider of the user pool.
type Provider struct {
	// Name is that in the user pool, such as `Google`.
	Name string `json:"name"`
	// Label is how people know it. Default: the name.
	Label string `json:"label,omitempty"`
}

// SignUp configures how visitors make accounts.
type SignUp struct {
	// Attributes are asked for and written, such as `email`: list only what users
	// may choose for themselves.
	Attributes []string `json:"attribute,omitempty"`
	// Passwordless asks for no password.
	Passwordless bool `json:"passwordless,omitempty"`
}

// Hosted configures the way through the pages of the user pool's domain, by the
// OAuth 2.0 authorization code grant with PKCE.
type Hosted struct {
	// Scopes are asked for; `openid` must be among them. Default: all that the app
	// client allows.
	Scopes []string `json:"scope,omitempty"`
	// IdentityProvider takes users straight to one provider of the pool.
	IdentityProvider string `json:"identity_provider,omitempty"`
	// IDPIdentifier takes users straight to the provider with that identifier.
	IDPIdentifier string `json:"idp_identifier,omitempty"`
	// Pass lists what the sign-in URL may hand through: `lang`, `login_hint`,
	// `identity_provider`, `idp_identifier`.
	Pass []string `json:"pass,omitempty"`
}
