package hosted

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Lifetime is how long a Flow is good for: as long as the session that Cognito
// keeps at the domain. Whoever comes later and begins again is asked again anyway.
const Lifetime = time.Hour

// MaxFlow bounds the bytes of a Flow: sealed and in base64, it fits into a cookie.
const MaxFlow = 2200

// flowVersion is the first byte of a Flow. Another one is a Flow of another
// release: the sign-in starts again.
const flowVersion = 1

// Flow is a sign-in that is on its way through the domain. It is small, and its
// bytes carry secrets: seal them before a browser gets them.
//
// The zero Flow is no sign-in. Printing a Flow shows nothing of it.
type Flow struct {
	open func() *openFlow // a function: what fmt makes of it is an address, whereas it looks through pointers
}

// openFlow is what the callback needs.
type openFlow struct {
	state       string // binds the callback to the browser: RFC 6749 §10.12
	nonce       string // binds the ID token to the flow: OpenID Connect Core §3.1.2.1
	verifier    string // binds the code to the flow: RFC 7636
	redirectURI string
	back        string
	client      string // whom the code is for: RFC 9700 §4.4, against mix-up
	prompt      string
	created     int64 // in seconds
}

func flowOf(f *openFlow) Flow { return Flow{func() *openFlow { return f }} }

// read gives the contents, of the zero Flow empty ones.
func (f Flow) read() openFlow {
	if f.open == nil {
		return openFlow{}
	}
	return *f.open()
}

// State is the state that the callback comes with. It consists of letters,
// digits, "-" and "_", so that a cookie can be named after it.
func (f Flow) State() string { return f.read().state }

// Return is [Begin.Return].
func (f Flow) Return() string { return f.read().back }

// Created is when the sign-in began, to the second.
func (f Flow) Created() time.Time { return time.Unix(f.read().created, 0) }

// CheckNonce compares the nonce claim of an ID token that was verified. When it
// is not that of the flow, it is [ErrNonce]: the code was another user's, brought
// in by whoever wants to be taken for him (RFC 9700 §4.5), and the tokens must not
// be used.
func (f Flow) CheckNonce(claim string) error {
	if !equal(claim, f.read().nonce) {
		return refuse(ErrNonce, "", signin.Cause{})
	}
	return nil
}

// askedLeeway is for the clocks of the pool and of this machine.
const askedLeeway = 30 * time.Second

// Asked reports whether the user was asked who he is, if [Begin.Prompt] wanted it:
// whether he signed in, by the claim auth_time of a token that was verified, since
// the flow began. The prompt is in a URL that the user can change, and that some
// providers pass over.
func (f Flow) Asked(signedIn time.Time) bool {
	return f.read().prompt != "login" || !signedIn.Before(f.Created().Add(-askedLeeway))
}

// equal compares in constant time. Nothing equals what is missing.
func equal(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// Format shows nothing.
func (f Flow) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalJSON shows nothing.
func (f Flow) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

const redacted = "[redacted]"

// MarshalBinary gives the bytes to seal, at most MaxFlow.
func (f Flow) MarshalBinary() ([]byte, error) {
	if f.open == nil {
		return nil, refuse(signin.ErrSession, "", signin.Cause{})
	}
	return f.open().encode(), nil
}

// UnmarshalBinary reads what MarshalBinary gave. What it cannot read is
// [signin.ErrSession]: the sign-in starts again.
func (f *Flow) UnmarshalBinary(data []byte) error {
	opened, ok := decode(data)
	if !ok || !opened.whole() {
		return refuse(signin.ErrSession, "", signin.Cause{})
	}
	*f = flowOf(opened)
	return nil
}

// whole reports whether nothing is missing that Begin gives.
func (f *openFlow) whole() bool {
	return isState(f.state) && f.nonce != "" && f.verifier != "" && f.redirectURI != "" && f.client != "" && f.created > 0
}

// texts are the fields in the order in which they are written.
func (f *openFlow) texts() []*string {
	return []*string{&f.state, &f.nonce, &f.verifier, &f.redirectURI, &f.back, &f.client, &f.prompt}
}

// encode writes each text with its length before it.
func (f *openFlow) encode() []byte {
	data := binary.AppendVarint([]byte{flowVersion}, f.created)
	for _, text := range f.texts() {
		data = append(binary.AppendUvarint(data, uint64(len(*text))), *text...)
	}
	return data
}

// decode takes no bytes but those that encode makes.
func decode(data []byte) (*openFlow, bool) {
	if len(data) == 0 || len(data) > MaxFlow || data[0] != flowVersion {
		return nil, false
	}
	f := &openFlow{}
	created, size := binary.Varint(data[1:])
	rest := data[1+max(size, 0):]
	f.created = created
	for _, text := range f.texts() {
		length, size := binary.Uvarint(rest)
		if size <= 0 || length > uint64(len(rest)-size) {
			return nil, false
		}
		rest = rest[size:]
		*text, rest = string(rest[:length]), rest[length:]
	}
	return f, bytes.Equal(f.encode(), data)
}
