package main

import (
	"errors"
	"maps"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// person is a user who is ready to sign in.
type person struct {
	cognitolocal.User
	// Shows is what one sees, Type what to type after the password.
	Shows, Type string
	// Start is where to sign in, if it is not the page to which every visitor
	// comes.
	Start string
}

// temporary is the password that an administrator gave.
const temporary = "Temporary-1"

var people = []person{
	{
		User:  cognitolocal.User{Username: "maria", Password: password, Groups: []string{"admins", "editors"}},
		Shows: "a password, and two groups", Type: "nothing more",
	},
	{
		User:  cognitolocal.User{Username: "jose", Password: password},
		Shows: "a password, and no groups", Type: "nothing more",
	},
	{
		User: cognitolocal.User{
			Username: "sam", Password: password, MFA: []string{cognitolocal.SMSMFA}, PreferredMFA: cognitolocal.SMSMFA,
			Attributes: map[string]string{"phone_number": "+15550100123", "phone_number_verified": "true"},
		},
		Shows: "a text message as second factor", Type: "the code of the message",
	},
	{
		User: cognitolocal.User{
			Username: "tom", Password: password, TOTPSecret: cognitolocal.NewTOTPSecret(),
			MFA: []string{cognitolocal.SoftwareTokenMFA}, PreferredMFA: cognitolocal.SoftwareTokenMFA,
		},
		Shows: "an authenticator app as second factor", Type: "the code that the app shows",
	},
	{
		User:  cognitolocal.User{Username: "nina", Password: temporary, Status: cognitolocal.ForceChangePassword},
		Shows: "a temporary password, and an attribute that is missing", Type: "a new password and a first name",
	},
	{
		User:  cognitolocal.User{Username: "quinn", Password: password, Attributes: map[string]string{"custom:pet": "Rex"}},
		Shows: "a question that Lambda triggers ask (CUSTOM_AUTH), at /question/sign-in", Type: "Rex", Start: "/question/sign-in",
	},
}

// question is what quinn is asked.
var question = cognitolocal.CustomAuth{
	PasswordFirst: true,
	Rounds: []cognitolocal.CustomRound{{
		Parameters: map[string]string{"question": "What was the name of your first pet?"}, AnswerAttribute: "custom:pet",
	}},
}

func names() []string {
	var list []string
	for _, p := range people {
		list = append(list, p.Username)
	}
	return list
}

// fill adds the users, an app client for the site, and another identity
// provider.
func fill(pool *cognitolocal.Pool, site string) error {
	errs := []error{
		pool.AddGroup(cognitolocal.Group{Name: "admins"}),
		pool.AddGroup(cognitolocal.Group{Name: "editors"}),
		pool.AddIdentityProvider(cognitolocal.IdentityProvider{
			Type: cognitolocal.ProviderGoogle,
			Users: []cognitolocal.FederatedUser{{
				ID: "gina", Attributes: map[string]string{"email": "gina@example.com", "given_name": "Gina"},
			}},
		}),
		pool.AddClient(cognitolocal.Client{
			ID: clientID,
			AuthFlows: []string{
				cognitolocal.AllowUserAuth, cognitolocal.AllowUserSRPAuth, cognitolocal.AllowCustomAuth,
				cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth,
			},
			OAuthFlows:        []string{cognitolocal.FlowCode},
			OAuthScopes:       []string{"openid", "email", "profile", "aws.cognito.signin.user.admin"},
			IdentityProviders: []string{cognitolocal.ProviderCognito, string(cognitolocal.ProviderGoogle)},
			CallbackURLs:      []string{site + "/_cognito/callback"},
			LogoutURLs:        []string{site + "/_cognito/signed-out"},
		}),
	}
	for _, p := range people {
		user := p.User
		if user.Attributes = maps.Clone(user.Attributes); user.Attributes == nil {
			user.Attributes = make(map[string]string)
		}
		user.Attributes["email"], user.Attributes["email_verified"] = user.Username+"@example.com", "true"
		_, err := pool.AddUser(user)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// signIn is how the pool signs users in. It tells deliver every message that it
// would send.
func signIn(deliver func(cognitolocal.Message)) cognitolocal.SignIn {
	return cognitolocal.SignIn{
		MFA:                cognitolocal.MFAOptional,
		FirstFactors:       []string{cognitolocal.FactorPassword, cognitolocal.FactorEmailOTP, cognitolocal.FactorPasskey},
		Passkeys:           cognitolocal.Passkeys{RelyingPartyID: "localhost"},
		RequiredAttributes: []string{"given_name"},
		CustomAuth:         &question,
		OnMessage:          deliver,
	}
}
