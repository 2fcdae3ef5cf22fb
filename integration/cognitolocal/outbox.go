package cognitolocal

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Message is an e-mail or a text message that the pool has sent.
type Message struct {
	// Time is when it was sent.
	Time time.Time

	// Username is who it is for.
	Username string

	// Medium is "EMAIL" or "SMS", Destination the address or number.
	Medium, Destination string

	// Purpose is the challenge or operation that sent it: SMSMFA, EmailMFA (or
	// "EMAIL_MFA" under that variant), FactorEmailOTP, FactorSMSOTP, "SignUp" or
	// "ForgotPassword". EmailMFA and FactorEmailOTP are the same, as in the API.
	// ResendConfirmationCode sends for "SignUp".
	Purpose string

	// Code is what the user has to type in.
	Code string
}

// The media of Message.
const (
	mediumEmail = "EMAIL"
	mediumSMS   = "SMS"
)

// keepMessages is how many messages the pool remembers.
const keepMessages = 1000

// Outbox returns the messages sent so far, oldest first.
func (p *Pool) Outbox() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.auth.outbox)
}

// LastCode returns the code of the latest message to the user, or "".
func (p *Pool) LastCode(username string) string {
	m, _ := p.LastMessage(username)
	return m.Code
}

// LastMessage returns the latest message to the user, who is named by the
// username and not by an alias.
func (p *Pool) LastMessage(username string) (m Message, ok bool) {
	sent := p.Outbox()
	for _, m := range slices.Backward(sent) {
		if fold(m.Username) == fold(username) {
			return m, true
		}
	}
	return Message{}, false
}

// ClearOutbox forgets all messages, so that the next one is the first. Their
// codes go on working.
func (p *Pool) ClearOutbox() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.auth.outbox = nil
}

// delivery is where a code went, as clients are told.
type delivery struct{ medium, destination string }

// deliver sends the code to the user's phone or mailbox. The caller holds the
// lock.
func (p *Pool) deliver(u *User, medium, purpose, code string) delivery {
	to := u.Attributes[attributeOf(medium)]
	m := Message{p.now(), u.Username, medium, to, purpose, code}
	p.auth.outbox = append(p.auth.outbox, m)
	if len(p.auth.outbox) > keepMessages {
		p.auth.outbox = slices.Clone(p.auth.outbox[1:])
	}
	if p.auth.settings.OnMessage != nil {
		p.auth.settings.OnMessage(m)
	}
	return delivery{medium, mask(medium, to)}
}

// pretend is deliver for a name nobody has: nothing is sent, and the answer
// looks the same. A name that could be a number gets a text message.
func (p *Pool) pretend(name, medium string) delivery {
	letters := p.auth.derive("mailbox", fold(name))
	if medium == mediumSMS {
		return delivery{medium, mask(medium, fmt.Sprintf("+1555%07d", 1000*int(letters[0])+int(letters[1])))}
	}
	return delivery{medium, fmt.Sprintf("%c***@%c***", 'a'+letters[0]%26, 'a'+letters[1]%26)}
}

func attributeOf(medium string) string {
	if medium == mediumSMS {
		return "phone_number"
	}
	return "email"
}

// visibleDigits is how much of a telephone number a client is told.
const visibleDigits = 4

// mask hides most of an address.
func mask(medium, to string) string {
	if medium == mediumSMS {
		hidden := max(len(to)-visibleDigits-1, 0)
		return "+" + strings.Repeat("*", hidden) + to[min(len(to), hidden+1):]
	}
	local, domain, _ := strings.Cut(to, "@")
	return first(local) + "***@" + first(domain) + "***"
}

// first is the first character of s, if any.
func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// neverDrawn begins no code, so that tests have some that are wrong for certain.
const neverDrawn = "00"

// digits returns n random decimal digits.
func digits(n int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	for {
		v, err := rand.Int(rand.Reader, limit)
		if err != nil { // rand.Reader never fails
			panic(err)
		}
		if code := fmt.Sprintf("%0*d", n, v); !strings.HasPrefix(code, neverDrawn) {
			return code
		}
	}
}
