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

// result is the answer to InitiateAuth or RespondToAuthChallenge.
type result struct {
	tokens    *types.AuthenticationResultType
	name      string
	params    map[string]string
	session   string
	available []string
}

// initiate makes the first call.
func (x *exchange) initiate(ctx context.Context, in Start) (r result, err error) {
	params := x.opening(in)
	what := situation{"InitiateAuth", unproven}
	if params["PASSWORD"] != "" {
		what.instead = proving
	}
	err = x.client.call(ctx, what, func(secret Secret) error {
		out, err := x.client.api.InitiateAuth(ctx, &api.InitiateAuthInput{
			AuthFlow: types.AuthFlowType(in.Flow), ClientId: &x.client.opts.ClientID, Session: in.Session.pointer(),
			AuthParameters: x.signed(params, secret), ClientMetadata: x.caller.Metadata, UserContextData: x.caller.context(),
		})
		if err == nil {
			r = result{out.AuthenticationResult, string(out.ChallengeName), out.ChallengeParameters, aws.ToString(out.Session), names(out.AvailableChallenges)}
		}
		return err
	})
	return r, err
}

// opening are the parameters of the first call.
func (x *exchange) opening(in Start) map[string]string {
	params := make(map[string]string)
	switch {
	case in.Flow == FlowPassword:
		params["PASSWORD"] = string(in.Password)
	case in.Flow == FlowSRP:
		x.openSRP(params)
	case in.Flow == FlowCustom && in.Password != "":
		params["CHALLENGE_NAME"] = "SRP_A"
		x.openSRP(params)
	case in.Flow == FlowChoice:
		x.prefer(in, params)
	}
	return params
}

func (x *exchange) prefer(in Start, params map[string]string) {
	preferred := in.Preferred
	if preferred == "" && in.Password != "" {
		preferred = Password
	}
	if preferred != "" {
		params["PREFERRED_CHALLENGE"] = preferred
	}
	switch {
	case in.Password == "":
	case preferred == Password:
		params["PASSWORD"] = string(in.Password)
	case preferred == PasswordSRP:
		x.openSRP(params)
	}
}

// respond answers the challenge of the state.
func (x *exchange) respond(ctx context.Context, reply map[string]string) (result, error) {
	what := situation{"RespondToAuthChallenge", x.meaningOfReply(reply)}
	return x.withoutUnknownDevice(func() (r result, err error) {
		err = x.client.call(ctx, what, func(secret Secret) error {
			out, err := x.client.api.RespondToAuthChallenge(ctx, &api.RespondToAuthChallengeInput{
				ChallengeName: types.ChallengeNameType(x.st.name), ClientId: &x.client.opts.ClientID, Session: optional(x.st.session),
				ChallengeResponses: x.signed(reply, secret), ClientMetadata: x.caller.Metadata, UserContextData: x.caller.context(),
			})
			if err == nil {
				r = result{out.AuthenticationResult, string(out.ChallengeName), out.ChallengeParameters, aws.ToString(out.Session), nil}
			}
			return err
		})
		return r, err
	})
}

// meaningOfReply says what errors mean, by what the reply proves.
func (x *exchange) meaningOfReply(reply map[string]string) map[error]error {
	switch {
	case x.st.name == deviceSRPAuth, x.st.name == devicePasswordVerifier:
		return deviceProof
	case x.st.name == SoftwareTokenMFA:
		return verifying
	case replies[x.st.name].field == FieldCode:
		return coding
	case x.st.name == passwordVerifier, reply["PASSWORD"] != "":
		return proving
	case x.st.name == PasswordSRP, x.st.name == SelectChallenge:
		return unproven
	}
	return nil
}

// signed adds what every request carries.
func (x *exchange) signed(params map[string]string, secret Secret) map[string]string {
	signed := maps.Clone(params)
	signed["USERNAME"] = x.st.username
	if hash := x.client.hash(secret, x.st.username); hash != nil {
		signed["SECRET_HASH"] = *hash
	}
	if x.st.device.known() {
		signed["DEVICE_KEY"] = x.st.device.Key
	}
	return signed
}

// withoutUnknownDevice repeats a reply that failed only because the device was
// removed from the account. When it is the device that must prove itself, there is
// nothing to repeat.
func (x *exchange) withoutUnknownDevice(call func() (result, error)) (result, error) {
	r, err := call()
	aboutDevice := x.st.name == deviceSRPAuth || x.st.name == devicePasswordVerifier
	if errors.Is(err, ErrDevice) && x.st.device.known() && !aboutDevice {
		x.st.device, x.forgotten = Device{}, true
		return call()
	}
	return r, err
}

// reply makes the reply of what the user gave; nil when a choice needs more.
func (x *exchange) reply(a Answer) (map[string]string, error) {
	if simple, ok := replies[x.st.name]; ok {
		value, err := a.input(simple.field)
		return map[string]string{simple.key: value}, err
	}
	switch x.st.name {
	case NewPasswordRequired:
		return x.newPassword(a)
	case PasswordSRP:
		return x.provePassword(a, nil)
	case SelectMFAType:
		return map[string]string{"ANSWER": a.Choice}, x.offered(a.Choice)
	}
	return x.selectChallenge(a)
}

func (x *exchange) newPassword(a Answer) (map[string]string, error) {
	password, err := a.input(FieldNewPassword)
	if err != nil {
		return nil, err
	}
	reply, err := a.attributes(x.st.challenge.Attributes)
	if err != nil {
		return nil, err
	}
	reply["NEW_PASSWORD"] = password
	return reply, nil
}

// selectChallenge sends the choice together with the password that belongs to
// it. A page asks for one after the other, so a choice alone is kept.
func (x *exchange) selectChallenge(a Answer) (map[string]string, error) {
	choice := a.Choice
	if choice == "" {
		choice = x.st.chosen
	}
	if err := x.offered(choice); err != nil {
		return nil, err
	}
	reply := map[string]string{"ANSWER": choice}
	switch {
	case (choice == Password || choice == PasswordSRP) && a.Password == "" && a.Choice != "":
		x.st.chosen = choice
		return nil, nil
	case choice == Password:
		password, err := a.input(FieldPassword)
		reply["PASSWORD"] = password
		return reply, err
	case choice == PasswordSRP:
		return x.provePassword(a, reply)
	case choice == WebAuthn && a.Credential != "":
		credential, err := a.input(FieldCredential)
		reply["CREDENTIAL"] = credential
		return reply, err
	}
	return reply, nil
}

// provePassword opens SRP for the password of the answer.
func (x *exchange) provePassword(a Answer, reply map[string]string) (map[string]string, error) {
	if _, err := a.input(FieldPassword); err != nil {
		return nil, err
	}
	x.password = a.Password
	return x.openSRP(reply), nil
}

// offered allows only what the challenge offers.
func (x *exchange) offered(choice string) error {
	if !slices.Contains(x.st.challenge.Choices, choice) {
		return badInput(FieldChoice)
	}
	return nil
}

func names(available []types.ChallengeNameType) []string {
	list := make([]string, len(available))
	for i, one := range available {
		list[i] = string(one)
	}
	return list
}
