package page

import "github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"

// Kind is what a page is for.
type Kind string

// The kinds of pages. Those in the second group ask for something; those in the
// third only say something.
const (
	// SignIn asks for a user name and a password, Identify for the name alone.
	SignIn   Kind = "sign_in"
	Identify Kind = "identify"
	// Challenge is the challenge in View.Challenge.
	Challenge Kind = "challenge"

	ForgotPassword Kind = "forgot_password"
	ResetPassword  Kind = "reset_password"
	SignUp         Kind = "sign_up"
	ConfirmSignUp  Kind = "confirm_sign_up"
	// RememberDevice asks whether the pool may know this device; its button is
	// FieldChoice with "yes" or "no".
	RememberDevice Kind = "remember_device"
	// SignOut asks before somebody is signed out by a link of another site.
	SignOut Kind = "sign_out"

	// SignedIn leads on to View.Return, for browsers that do not go by themselves.
	SignedIn         Kind = "signed_in"
	SignedOut        Kind = "signed_out"
	ExpiredStep      Kind = "expired"
	CookieBlocked    Kind = "cookie_blocked"
	CookieTooBig     Kind = "cookie_too_big"
	Loop             Kind = "loop"
	Unavailable      Kind = "unavailable"
	WrongLink        Kind = "wrong_link"
	Denied           Kind = "denied"
	UnknownChallenge Kind = "unsupported"
	Misconfigured    Kind = "misconfigured"
)

// Cause is why signing in goes around in circles.
type Cause string

// The causes of a loop. The zero value is CauseUnknown.
const (
	CauseUnknown       Cause = "unknown"
	CauseCookieBlocked Cause = "cookie_blocked"
	CauseWrongHost     Cause = "wrong_host"
	CauseInsecure      Cause = "insecure"
	CauseClock         Cause = "clock"
)

// Done is what a visitor has just finished.
type Done string

// What leads back to the first page, which then says so.
const (
	PasswordSaved    Done = "password_saved"
	AccountConfirmed Done = "account_confirmed"
)

// AttributePrefix begins the names of inputs that are attributes of the user, such
// as "attribute.email".
const AttributePrefix = "attribute."

// View is one page. Texts in it can be of anybody: they are escaped.
type View struct {
	Kind Kind
	// Host is the site where the theme has no title.
	Host string
	// Language is an explicit choice; without a good one AcceptLanguage, which is
	// the header field, decides.
	Language, AcceptLanguage string
	// Paths say where forms and links go.
	Paths Paths
	// Hidden go with every form, such as a token against cross-site posts.
	Hidden []Hidden
	// Return is where the user wanted to go: shown where nothing is in the way.
	Return string
	// Username is what the user typed. It stays editable while it is what is asked
	// for.
	Username string
	// Values are the attributes that the user typed, by name, to show again.
	Values map[string]string
	// Challenge is for the kind of that name.
	Challenge signin.Challenge
	// Problem is why the page is shown again; see [ProblemOf].
	Problem Problem
	// Done is said on SignIn and Identify.
	Done Done
	// Minutes is how long the user has for this step; 0 says nothing about it.
	Minutes int
	// Providers are other ways to sign in.
	Providers []Provider
	// Attributes are those that SignUp asks for.
	Attributes []string
	// Passwordless leaves the password out of SignUp.
	Passwordless bool
	// Cause is for Loop.
	Cause Cause
	// RequestID is by which operators find what happened; shown with problems.
	RequestID string
}

// Paths are the targets of a page. A link whose path is empty is not shown.
type Paths struct {
	// Submit takes the page's form, by POST.
	Submit string
	// Resend sends another code, by POST.
	Resend string
	// SignIn begins, and ForgotPassword and the others open, a page: by GET.
	SignIn, ForgotPassword, SignUp, ConfirmSignUp string
	// Restart begins again without losing where the user wanted to go, by GET.
	Restart string
	// Another offers other ways to sign in, by GET. Give it with WEB_AUTHN, which
	// some browsers cannot do, and with a CAPTCHA, which some people cannot.
	Another string
	// Language is this page; the choice of a language adds "lang=" to its query.
	Language string
}

// Hidden is a hidden input.
type Hidden struct{ Name, Value string }

// Provider is another way to sign in. It is a link and not a form, since browsers
// would hold what the provider redirects to against the policy of our page.
type Provider struct {
	// Name is how people know it, such as "Google".
	Name string
	// URL starts it.
	URL string
}
