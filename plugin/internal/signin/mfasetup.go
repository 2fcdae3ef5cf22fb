package signin

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// setUp answers MFA_SETUP: first the choice, where there is one, then the code
// of the authenticator app or the address for codes.
func (x *exchange) setUp(ctx context.Context, a Answer) (Step, error) {
	if a.Choice != "" && a.Choice != x.st.chosen || x.st.chosen == "" {
		return x.chooseSetup(ctx, a)
	}
	reply := map[string]string{}
	if slices.Contains(codesByEmail, x.st.chosen) {
		address, err := checked(FieldAttributes, a.Attributes["email"])
		if err != nil {
			return Step{}, err
		}
		reply["EMAIL"] = address
	} else if err := x.verifyApp(ctx, a); err != nil {
		return Step{}, err
	}
	r, err := x.respond(ctx, reply)
	return x.run(ctx, r, err)
}

func (x *exchange) chooseSetup(ctx context.Context, a Answer) (Step, error) {
	if err := x.offered(a.Choice); err != nil {
		return Step{}, err
	}
	if err := x.prepareSetup(ctx, a.Choice); err != nil {
		return Step{}, err
	}
	return x.step(), nil
}

// prepareSetup gets what the user needs for the choice.
func (x *exchange) prepareSetup(ctx context.Context, choice string) error {
	x.st.chosen, x.st.challenge.Attributes = choice, nil
	if choice == SoftwareTokenMFA {
		return x.associate(ctx)
	}
	x.st.challenge.Attributes = []string{"email"}
	return nil
}

// associate gets the secret for the authenticator app.
func (x *exchange) associate(ctx context.Context) error {
	return x.client.call(ctx, situation{"AssociateSoftwareToken", withAccessToken}, func(Secret) error {
		out, err := x.client.api.AssociateSoftwareToken(ctx, &api.AssociateSoftwareTokenInput{Session: optional(x.st.session)})
		if err == nil {
			x.st.challenge.Secret = Secret(aws.ToString(out.SecretCode))
			x.follow(out.Session)
		}
		return err
	})
}

// verifyApp shows Cognito a first code of the app.
func (x *exchange) verifyApp(ctx context.Context, a Answer) error {
	code, err := a.input(FieldCode)
	if err != nil {
		return err
	}
	verified := false
	err = x.client.call(ctx, situation{"VerifySoftwareToken", verifying}, func(Secret) error {
		out, err := x.client.api.VerifySoftwareToken(ctx, &api.VerifySoftwareTokenInput{
			UserCode: &code, Session: optional(x.st.session), FriendlyDeviceName: optional(Plain(a.DeviceName, maxName)),
		})
		if err == nil {
			verified = out.Status == types.VerifySoftwareTokenResponseTypeSuccess
			x.follow(out.Session)
		}
		return err
	})
	if err == nil && !verified {
		err = refuse(ErrCode, "")
	}
	return err
}

// follow takes the next session, if there is one.
func (x *exchange) follow(session *string) {
	if next := aws.ToString(session); next != "" {
		x.st.session = next
	}
}
