package signin

import (
	"context"
	"errors"
)

// Step is how far a sign-in got: either Tokens, or a Challenge with the State
// that answers it.
type Step struct {
	// Tokens end the sign-in; nil before.
	Tokens *Tokens
	// Challenge is what to ask; nil at the end.
	Challenge *Challenge
	// State goes with the Challenge.
	State State
	// ForgetDevice tells that the pool does not know the device any more, or not as
	// this one: the browser should forget it. It stands beside an error, too.
	ForgetDevice bool
}

// Bounds of a sign-in.
const (
	// maxInside bounds the calls within one round; SRP of a user and of a device
	// are four. More is a pool that asks in circles.
	maxInside = 6
	// maxRounds ends a sign-in in which a Lambda trigger and a script go on asking
	// and answering.
	maxRounds = 100
)

// Start opens a sign-in. With FlowSRP and a remembered device it makes up to
// four calls, each bounded by a timeout, and as many without the device if that is
// not accepted.
func (c *Client) Start(ctx context.Context, in Start) (Step, error) {
	if err := in.check(); err != nil {
		return Step{}, err
	}
	step, err := c.start(ctx, in)
	if step.ForgetDevice && errors.Is(err, ErrDevice) {
		in.Device = Device{} // nobody should be locked out by what a browser remembers
		step, err = c.start(ctx, in)
		step.ForgetDevice = true
	}
	return step, err
}

func (c *Client) start(ctx context.Context, in Start) (Step, error) {
	x := &exchange{client: c, caller: in.Caller, password: in.Password}
	x.st = state{username: in.Username, login: in.Username, device: in.Device}
	r, err := x.initiate(ctx, in)
	return x.run(ctx, r, err)
}

// Answer answers the challenge of a State. Several calls can be needed within.
// After an [UnavailableError] the same State can be tried again; if Cognito had
// got further with it by then, that gives [ErrSession].
func (c *Client) Answer(ctx context.Context, s State, a Answer) (Step, error) {
	if s.open == nil {
		return Step{}, refuse(ErrSession, "")
	}
	x := &exchange{client: c, caller: a.Caller, st: *s.open()}
	if x.st.name == MFASetup {
		return x.setUp(ctx, a)
	}
	reply, err := x.reply(a)
	switch {
	case err != nil:
		return Step{}, err
	case reply == nil:
		return x.step(), nil // a choice without what goes with it
	}
	r, err := x.respond(ctx, reply)
	return x.run(ctx, r, err)
}

// exchange is one call of Start or Answer.
type exchange struct {
	client *Client
	caller Caller
	st     state // as it goes

	password  Secret // for PASSWORD_VERIFIER
	srp       *handshake
	forgotten bool // the device
}

// run goes on until the user is needed or the sign-in is complete.
func (x *exchange) run(ctx context.Context, r result, err error) (Step, error) {
	for calls := 0; err == nil; calls++ {
		if r.tokens != nil {
			return x.finish(r)
		}
		if err = x.take(r); err != nil {
			break
		}
		reply, inside, failed := x.inside(r)
		switch {
		case failed != nil:
			return x.broken(failed)
		case !inside:
			return x.ask(ctx, r)
		case calls == maxInside:
			return x.broken(refuse(ErrAnswer, ""))
		}
		r, err = x.respond(ctx, reply)
	}
	return x.broken(err)
}

// broken is what remains of a sign-in that failed.
func (x *exchange) broken(err error) (Step, error) {
	return Step{ForgetDevice: x.forgotten || x.st.device.known() && errors.Is(err, ErrDevice)}, err
}

// take notes what the next reply must repeat. From the first answer on, Cognito
// wants the user name that it gives itself, not the alias that was typed.
func (x *exchange) take(r result) error {
	x.st.name, x.st.session, x.st.chosen = r.name, r.session, ""
	if r.name == "" && len(r.available) > 0 {
		x.st.name = SelectChallenge
	}
	if x.st.name == "" {
		return refuse(ErrAnswer, "")
	}
	for _, key := range []string{"USER_ID_FOR_SRP", "USERNAME"} {
		if given := r.params[key]; given != "" {
			x.st.username = given
			break
		}
	}
	return nil
}

// inside is the reply to a challenge that needs nothing from the user.
func (x *exchange) inside(r result) (reply map[string]string, ok bool, err error) {
	switch x.st.name {
	case passwordVerifier:
		who := identity{realm: x.client.realm, id: x.st.username, password: x.password}
		reply, err = x.claim(who, r)
	case deviceSRPAuth:
		if !x.st.device.known() {
			return nil, true, refuse(ErrDevice, "")
		}
		reply = x.openSRP(nil)
	case devicePasswordVerifier:
		who := identity{realm: x.st.device.Group, id: x.st.device.Key, password: x.st.device.Password}
		reply, err = x.claim(who, r)
	default:
		return nil, false, nil
	}
	return reply, true, err
}

// openSRP adds the public value of a new handshake to what is sent.
func (x *exchange) openSRP(params map[string]string) map[string]string {
	if params == nil {
		params = make(map[string]string, 1)
	}
	x.srp = newHandshake()
	params["SRP_A"] = x.srp.srpA()
	return params
}

// claim ends a handshake. Each is good for one claim: a second answer to the
// same public value would let a false server try other values against it.
func (x *exchange) claim(who identity, r result) (map[string]string, error) {
	srp := x.srp
	if x.srp = nil; srp == nil {
		return nil, refuse(ErrAnswer, "")
	}
	reply, err := srp.claim(who, r.params, x.client.now())
	if err != nil {
		return nil, refuse(ErrAnswer, "")
	}
	return reply, nil
}

// ask hands the challenge to the user.
func (x *exchange) ask(ctx context.Context, r result) (Step, error) {
	if x.st.round++; x.st.round > maxRounds {
		return Step{}, refuse(ErrAttempts, "")
	}
	var err error
	if x.st.challenge, err = describe(x.st.name, r); err != nil {
		return Step{}, err
	}
	if x.st.name == MFASetup && len(x.st.challenge.Choices) == 1 {
		if err := x.prepareSetup(ctx, x.st.challenge.Choices[0]); err != nil {
			return Step{}, err
		}
	}
	return x.step(), nil
}

// step is the challenge as it stands.
func (x *exchange) step() Step {
	st := x.st
	challenge := st.show()
	return Step{Challenge: &challenge, State: stateOf(&st), ForgetDevice: x.forgotten}
}

func (x *exchange) finish(r result) (Step, error) {
	tokens, err := x.client.tokens(r.tokens)
	if err != nil {
		return Step{}, err
	}
	return Step{Tokens: tokens, ForgetDevice: x.forgotten}, nil
}
