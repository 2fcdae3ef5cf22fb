package signin

import (
	"encoding/base64"
	"fmt"
	"slices"
)

// State is an open sign-in between two rounds. It is small, and its bytes carry
// secrets: seal them before a browser gets them. A State works once; after
// [ErrCode] and [ErrInput] it can be answered again.
//
// The zero State is no sign-in. Printing a State shows nothing of it.
type State struct {
	open func() *state // a function: what fmt makes of it is an address, whereas it looks through pointers
}

// MaxState bounds the bytes of a State: sealed and in base64, it fits into a
// cookie of 3 900 bytes.
const MaxState = 2800

// stateVersion is the first byte of a State. Another one is a State of another
// release: the sign-in starts again.
const stateVersion = 1

// state is what the next round needs.
type state struct {
	name      string // the challenge that Cognito waits for
	session   string
	username  string // as Cognito wants it in replies
	login     string // as it was typed
	chosen    string // a choice that Cognito hears of together with its answer
	round     int
	device    Device
	challenge Challenge // as described; Name, Needs and Round come from the fields above
}

func stateOf(s *state) State { return State{func() *state { return s }} }

// Challenge is the challenge that the State waits for.
func (s State) Challenge() Challenge {
	if s.open == nil {
		return Challenge{}
	}
	return s.open().show()
}

// Username is the user name as it was typed.
func (s State) Username() string {
	if s.open == nil {
		return ""
	}
	return s.open().login
}

// Format shows nothing.
func (s State) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON shows nothing.
func (s State) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalBinary gives the bytes to seal, at most MaxState. When a Lambda's
// parameters or passkey options do not fit, they are left out and the challenge
// that comes back is Partial. When even the rest does not fit, it is ErrAnswer.
func (s State) MarshalBinary() ([]byte, error) {
	if s.open == nil {
		return nil, refuse(ErrSession, "")
	}
	data := s.open().encode()
	if len(data) > MaxState {
		partial := *s.open()
		partial.challenge.Parameters, partial.challenge.Options, partial.challenge.Partial = nil, "", true
		data = partial.encode()
	}
	if len(data) > MaxState {
		return nil, refuse(ErrAnswer, "")
	}
	return data, nil
}

// UnmarshalBinary reads what MarshalBinary gave. What it cannot read is
// [ErrSession]: the sign-in starts again.
func (s *State) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || len(data) > MaxState || data[0] != stateVersion {
		return refuse(ErrSession, "")
	}
	read := &reading{rest: data[1:]}
	st := decode(read)
	if !read.done() || st.name == "" || st.username == "" || st.round < 1 {
		return refuse(ErrSession, "")
	}
	*s = stateOf(st)
	return nil
}

func (s *state) encode() []byte {
	r := record{stateVersion}
	packed, isPacked := pack(s.session)
	r.number(flags(isPacked, s.challenge.Partial))
	r.text(packed)
	for _, text := range s.texts() {
		r.text(*text)
	}
	r.number(s.round)
	r.list(s.challenge.Choices)
	r.list(s.challenge.Attributes)
	r.pairs(s.challenge.Parameters)
	return r
}

func decode(r *reading) *state {
	s := &state{}
	bits := r.number()
	s.session, s.challenge.Partial = r.text(), bits&2 != 0
	if bits&1 != 0 {
		s.session = base64.RawURLEncoding.EncodeToString([]byte(s.session))
	}
	for _, text := range s.texts() {
		*text = r.text()
	}
	s.round = r.number()
	s.challenge.Choices, s.challenge.Attributes, s.challenge.Parameters = r.list(), r.list(), r.pairs()
	return s
}

// texts are the plain fields, in the order of the record.
func (s *state) texts() []*string {
	c, d := &s.challenge, &s.device
	return []*string{
		&s.name, &s.username, &s.login, &s.chosen, &d.Key, &d.Group, (*string)(&d.Password),
		&c.Medium, &c.Destination, &c.DeviceName, (*string)(&c.Secret), &c.Options,
	}
}

func flags(bits ...bool) (n int) {
	for i, bit := range bits {
		if bit {
			n |= 1 << i
		}
	}
	return n
}

// pack takes the base64 off a session, which is most of a State; sealing puts it
// on again. A session of another form stays as it is.
func pack(session string) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(session)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != session {
		return session, false
	}
	return string(raw), true
}

// show is the challenge as a page gets it.
func (s *state) show() Challenge {
	ch := s.challenge
	ch.Name, ch.Needs, ch.Round = s.name, s.needs(), s.round
	if s.name == SelectChallenge && s.chosen != "" {
		ch.Name = s.chosen
	}
	return ch
}

// needs are the inputs that the challenge waits for.
func (s *state) needs() []Field {
	if simple, ok := replies[s.name]; ok {
		return []Field{simple.field}
	}
	switch {
	case s.name == NewPasswordRequired && len(s.challenge.Attributes) > 0:
		return []Field{FieldNewPassword, FieldAttributes}
	case s.name == NewPasswordRequired:
		return []Field{FieldNewPassword}
	case s.name == PasswordSRP, s.name == SelectChallenge && s.chosen != "":
		return []Field{FieldPassword}
	case s.name == MFASetup && s.chosen == SoftwareTokenMFA:
		return []Field{FieldCode}
	case s.name == MFASetup && slices.Contains(codesByEmail, s.chosen):
		return []Field{FieldAttributes}
	}
	return []Field{FieldChoice}
}
