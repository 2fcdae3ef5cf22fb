package signin

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// ForgotPassword has a code sent to the user. It succeeds for accounts that do
// not exist, and names no destination: the page says that a code was sent if
// there is such an account.
func (c *Client) ForgotPassword(ctx context.Context, username string, caller Caller) error {
	if err := checkUsername(username); err != nil {
		return err
	}
	return silent(c.call(ctx, situation{operation: "ForgotPassword"}, func(secret Secret) error {
		_, err := c.api.ForgotPassword(ctx, &api.ForgotPasswordInput{
			ClientId: &c.opts.ClientID, Username: &username, SecretHash: c.hash(secret, username),
			ClientMetadata: caller.Metadata, UserContextData: caller.context(),
		})
		return err
	}))
}

// ResendConfirmationCode has the code of a sign-up sent again. It succeeds for
// accounts that do not exist or need no code.
func (c *Client) ResendConfirmationCode(ctx context.Context, username string, caller Caller) error {
	if err := checkUsername(username); err != nil {
		return err
	}
	return silent(c.call(ctx, situation{operation: "ResendConfirmationCode"}, func(secret Secret) error {
		_, err := c.api.ResendConfirmationCode(ctx, &api.ResendConfirmationCodeInput{
			ClientId: &c.opts.ClientID, Username: &username, SecretHash: c.hash(secret, username),
			ClientMetadata: caller.Metadata, UserContextData: caller.context(),
		})
		return err
	}))
}

// silent hides the refusals that depend on the account: with a list of addresses
// anybody could otherwise find out who has one, and in which state it is.
func silent(err error) error {
	for _, telling := range []error{ErrCredentials, ErrUnconfirmed, ErrPasswordReset, ErrTemporaryPassword, ErrInput, ErrExists} {
		if errors.Is(err, telling) {
			return nil
		}
	}
	return err
}

// ConfirmForgotPassword sets a new password with the code that ForgotPassword
// had sent. Whether the code is wrong, too old or of nobody is all [ErrCode].
func (c *Client) ConfirmForgotPassword(ctx context.Context, username string, given, newPassword Secret, caller Caller) error {
	digits, err := checkedCode(username, given)
	if err != nil {
		return err
	}
	if _, err := checked(FieldNewPassword, string(newPassword)); err != nil {
		return err
	}
	return c.call(ctx, situation{"ConfirmForgotPassword", recovering}, func(secret Secret) error {
		_, err := c.api.ConfirmForgotPassword(ctx, &api.ConfirmForgotPasswordInput{
			ClientId: &c.opts.ClientID, Username: &username, SecretHash: c.hash(secret, username),
			ConfirmationCode: &digits, Password: newPassword.pointer(),
			ClientMetadata: caller.Metadata, UserContextData: caller.context(),
		})
		return err
	})
}

// SignUp is a new account.
type SignUp struct {
	Username string
	// Password may be empty where the pool lets users sign in without.
	Password Secret
	// Attributes are written as they are: allow only those that users may choose
	// for themselves.
	Attributes map[string]string
	// Caller is the visitor.
	Caller Caller
}

// SignedUp is what a sign-up came to.
type SignedUp struct {
	// Confirmed tells that the account can be used at once; otherwise a code was
	// sent.
	Confirmed bool
	// Session goes into ConfirmSignUp.
	Session Secret
}

// SignUp makes an account. When there is one of that name, the answer is that of
// a new one that waits for a code, so that nobody learns of it.
func (c *Client) SignUp(ctx context.Context, in SignUp) (SignedUp, error) {
	if err := in.check(); err != nil {
		return SignedUp{}, err
	}
	var done SignedUp
	err := c.call(ctx, situation{operation: "SignUp"}, func(secret Secret) error {
		out, err := c.api.SignUp(ctx, &api.SignUpInput{
			ClientId: &c.opts.ClientID, Username: &in.Username, SecretHash: c.hash(secret, in.Username),
			Password: in.Password.pointer(), UserAttributes: in.attributes(),
			ClientMetadata: in.Caller.Metadata, UserContextData: in.Caller.context(),
		})
		if err == nil {
			done = SignedUp{Confirmed: out.UserConfirmed, Session: Secret(aws.ToString(out.Session))}
		}
		return err
	})
	if errors.Is(err, ErrExists) {
		err = nil
	}
	return done, err
}

func (s SignUp) check() error {
	if err := checkUsername(s.Username); err != nil || s.Password == "" {
		return err
	}
	_, err := checked(FieldPassword, string(s.Password))
	return err
}

func (s SignUp) attributes() []types.AttributeType {
	var list []types.AttributeType
	for _, attribute := range slices.Sorted(maps.Keys(s.Attributes)) {
		list = append(list, types.AttributeType{Name: &attribute, Value: aws.String(s.Attributes[attribute])})
	}
	return list
}

// Confirmation ends a sign-up.
type Confirmation struct {
	Username string
	Code     Secret
	// Session is that of SignedUp, if any.
	Session Secret
	// Caller is the visitor.
	Caller Caller
}

// ConfirmSignUp confirms an account with the code that was sent. The Session
// that it returns, if any, signs the user in without another code: see
// [Start.Session].
func (c *Client) ConfirmSignUp(ctx context.Context, in Confirmation) (Secret, error) {
	digits, err := checkedCode(in.Username, in.Code)
	if err != nil {
		return "", err
	}
	var session Secret
	err = c.call(ctx, situation{"ConfirmSignUp", recovering}, func(secret Secret) error {
		out, err := c.api.ConfirmSignUp(ctx, &api.ConfirmSignUpInput{
			ClientId: &c.opts.ClientID, Username: &in.Username, SecretHash: c.hash(secret, in.Username),
			ConfirmationCode: &digits, Session: in.Session.pointer(),
			ClientMetadata: in.Caller.Metadata, UserContextData: in.Caller.context(),
		})
		if err == nil {
			session = Secret(aws.ToString(out.Session))
		}
		return err
	})
	return session, err
}

func checkedCode(username string, given Secret) (string, error) {
	if err := checkUsername(username); err != nil {
		return "", err
	}
	return code(given)
}
