package cognitolocal_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// Clients that allow every flow: a public one, one with secrets, and one that
// tells unknown users apart.
const (
	anyClient    = "3anyflowexample"
	hashClient   = "4anyflowsecretexample"
	legacyClient = "5legacyexample"
)

const (
	notAuthorized  = "NotAuthorizedException"
	badParameter   = "InvalidParameterException"
	wrongPassword  = "Incorrect username or password."
	invalidSession = "Invalid session for the user."
	spentSession   = "Invalid session for the user, session can only be used once."
	expiredSession = "Invalid session for the user, session is expired."
	phone          = "+15550001234"
)

// reply is what InitiateAuth or RespondToAuthChallenge led to.
type reply struct {
	Name      string
	Session   string
	Params    map[string]string
	Available []types.ChallengeNameType
	Tokens    *types.AuthenticationResultType
}

// newChallengeWorld is newWorld with the clients above, and with the settings.
func newChallengeWorld(t *testing.T, settings cognitolocal.SignIn) *world {
	t.Helper()
	w := newWorld(t)
	addChallengeClients(t, w.Pool())
	noError(t, w.Pool().SetSignIn(settings))
	return w
}

func addChallengeClients(t *testing.T, p *cognitolocal.Pool) {
	t.Helper()
	flows := []string{
		cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowUserSRPAuth, cognitolocal.AllowCustomAuth,
		cognitolocal.AllowUserAuth, cognitolocal.AllowRefreshTokenAuth,
	}
	for _, c := range []cognitolocal.Client{
		{ID: anyClient},
		{ID: hashClient, Secrets: []string{firstSecret, secondSecret}},
		{ID: legacyClient, LegacyUserErrors: true},
	} {
		c.AuthFlows = flows
		noError(t, p.AddClient(c))
	}
}

func pairs(params []string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		out[params[i]] = params[i+1]
	}
	return out
}

// begin runs InitiateAuth with the parameters given as key, value, …
func (w *world) begin(t *testing.T, flow types.AuthFlowType, client string, params ...string) (reply, error) {
	t.Helper()
	out, err := w.sdk.InitiateAuth(t.Context(), &idp.InitiateAuthInput{
		AuthFlow: flow, ClientId: &client, AuthParameters: pairs(params),
	})
	if err != nil {
		return reply{}, err
	}
	return reply{
		string(out.ChallengeName), aws.ToString(out.Session), out.ChallengeParameters,
		out.AvailableChallenges, out.AuthenticationResult,
	}, nil
}

// respond runs RespondToAuthChallenge for jo unless USERNAME is among the
// parameters.
func (w *world) respond(t *testing.T, client, name, session string, params ...string) (reply, error) {
	t.Helper()
	in := &idp.RespondToAuthChallengeInput{
		ChallengeName: types.ChallengeNameType(name), ClientId: &client, ChallengeResponses: pairs(params),
	}
	if session != "" {
		in.Session = &session
	}
	if _, ok := in.ChallengeResponses["USERNAME"]; !ok {
		in.ChallengeResponses["USERNAME"] = "jo"
	}
	out, err := w.sdk.RespondToAuthChallenge(t.Context(), in)
	if err != nil {
		return reply{}, err
	}
	return reply{
		string(out.ChallengeName), aws.ToString(out.Session), out.ChallengeParameters, nil, out.AuthenticationResult,
	}, nil
}

// password begins USER_PASSWORD_AUTH for jo, which must not fail.
func (w *world) password(t *testing.T, params ...string) reply {
	t.Helper()
	params = append([]string{"USERNAME", "jo", "PASSWORD", password}, params...)
	a, err := w.begin(t, types.AuthFlowTypeUserPasswordAuth, anyClient, params...)
	noError(t, err)
	return a
}

// next answers the challenge, which must not fail.
func (w *world) next(t *testing.T, a reply, params ...string) reply {
	t.Helper()
	out, err := w.respond(t, anyClient, a.Name, a.Session, params...)
	noError(t, err)
	return out
}

// signedIn fails the test unless there are tokens.
func (a reply) signedIn(t *testing.T) *types.AuthenticationResultType {
	t.Helper()
	if a.Tokens == nil || a.Name != "" || a.Session != "" {
		t.Fatalf("expected tokens and nothing else, got %q", a.Name)
	}
	return a.Tokens
}

// is fails the test unless this challenge was presented, without tokens.
func (a reply) is(t *testing.T, challenge string) reply {
	t.Helper()
	if a.Name != challenge || a.Tokens != nil {
		t.Fatalf("expected the challenge %q, got %q (tokens: %t)", challenge, a.Name, a.Tokens != nil)
	}
	return a
}

// give makes attributes of jo, besides a verified e-mail address.
func (w *world) give(t *testing.T, attributes ...string) {
	t.Helper()
	all := pairs(append([]string{"email", email, "email_verified", "true"}, attributes...))
	noError(t, w.Pool().SetAttributes("jo", all))
}

// lastCode is the code that the pool has sent jo last.
func (w *world) lastCode(t *testing.T) string {
	t.Helper()
	code := w.Pool().LastCode("jo")
	if code == "" {
		t.Fatal("expected a code to have been sent")
	}
	return code
}

// otherCode is a code of the same length that is wrong.
func otherCode(code string) string {
	last := code[len(code)-1]
	return code[:len(code)-1] + string('0'+(last-'0'+1)%10)
}

// codeAt is what an authenticator app shows.
func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := cognitolocal.TOTP(secret, at)
	noError(t, err)
	return code
}

// srp begins USER_SRP_AUTH for jo and returns the client of the handshake.
func (w *world) srp(t *testing.T, client string, params ...string) (*srpClient, reply) {
	t.Helper()
	c := newSRPClient("LocaLPooL")
	a, err := w.begin(t, types.AuthFlowTypeUserSrpAuth, client,
		append([]string{"USERNAME", "jo", "SRP_A", c.a()}, params...)...)
	noError(t, err)
	return c, a.is(t, "PASSWORD_VERIFIER")
}

// proof is the answer to PASSWORD_VERIFIER with the password of jo.
func (w *world) proof(c *srpClient, a reply) []string {
	return c.prove(a.Params["USER_ID_FOR_SRP"], password, a.Params, w.clock.Now())
}

// user adds a user beside jo.
func (w *world) user(t *testing.T, u cognitolocal.User) {
	t.Helper()
	_, err := w.Pool().AddUser(u)
	noError(t, err)
}
