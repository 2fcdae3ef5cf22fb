package credentials

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// DefaultMaxBody is how much of a body is kept in memory to be hashed unless told
// otherwise.
const DefaultMaxBody = 1 << 20

// SenderOptions configures a [Sender].
type SenderOptions struct {
	// Base sends what was signed. It must not follow redirects. Required.
	Base http.RoundTripper
	// Cache has the credentials. Required.
	Cache *Cache
	// Target is the service and its region. Both are required.
	Target Target
	// MaxBody bounds bodies for services other than S3: they are kept in memory
	// and hashed. Default [DefaultMaxBody].
	MaxBody int64
	// Checksum sends a CRC32 behind each upload to S3, which the store checks.
	// An upload for which the client sent a checksum keeps that one.
	Checksum bool
	// Problem is told of what an operator must mend, each time that it happens,
	// with a [MisconfiguredError]. It must return at once. Optional.
	Problem func(error)
}

// Sender signs requests with the credentials of users and sends them. What it
// can mend itself, it does: it follows the clock of the service, and replaces
// credentials that are rejected. It is safe for concurrent use.
type Sender struct {
	opts  SenderOptions
	clock clock
}

// NewSender checks opts.
func NewSender(opts SenderOptions) (*Sender, error) {
	switch {
	case opts.Base == nil:
		return nil, errors.New("base: required")
	case opts.Cache == nil:
		return nil, errors.New("cache: required")
	case opts.Target.Service == "":
		return nil, errors.New("service: required")
	case opts.Target.Region == "":
		return nil, errors.New("region: required")
	case opts.MaxBody < 0:
		return nil, errors.New("max_body: expected a size, got a negative one")
	}
	if opts.MaxBody == 0 {
		opts.MaxBody = DefaultMaxBody
	}
	if opts.Problem == nil {
		opts.Problem = func(error) {}
	}
	return &Sender{opts: opts}, nil
}

// Send signs a copy of r with the user's credentials and sends it. Scheme and
// host of r must be final, and its headers those that the service is to see; only
// what belongs to a signature is replaced. r itself stays as it is, but its body
// is closed, as [http.RoundTripper] has it.
//
// A request without a body, or with one that was hashed, is sent again once when
// the clock was off and once when credentials were rejected. Any other then fails
// with an [UnavailableError], and the next one works. Where applications are
// behind the service, one with a body is not sent again either, and the clock is
// not followed: the application may have written the answer, and have acted. A [MisconfiguredError] stands
// for an answer that only an operator can do something about. What the service
// answers otherwise is returned as it is.
//
// Other errors are [ErrPath], [ErrQuery], [ErrLengthRequired], [ErrBodyTooLarge], those of the
// exchange, and those of reading the body and of the transport as they are.
func (s *Sender) Send(r *http.Request, user Identity) (*http.Response, error) {
	wire, err := wireURL(r.URL, s.opts.Target)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	if err := s.refusesBody(r); err != nil {
		closeBody(r)
		return nil, err
	}
	grant, err := s.opts.Cache.Get(r.Context(), user)
	if err != nil { // before the body is read: a client may wait to be asked for it
		closeBody(r)
		return nil, err
	}
	p, err := s.payloadOf(r)
	if err != nil {
		return nil, err
	}
	for done := (attempts{}); ; {
		answer, err := s.attempt(r, wire, p, grant)
		if err != nil {
			return nil, err
		}
		again, err := s.judge(readFault(answer, r.Method, s.opts.Target), grant, &done)
		if err == nil && !again {
			return answer, nil
		}
		discard(answer)
		if err == nil && !p.replayable(s.opts.Target) {
			err = &UnavailableError{RetryAfter: time.Second, Err: errSentOnce}
		}
		if err != nil {
			return nil, err
		}
		if grant, err = s.opts.Cache.Get(r.Context(), user); err != nil {
			return nil, err
		}
	}
}

var errSentOnce = errors.New("the body cannot be sent twice")

// attempt sends a copy of r. Each attempt needs one of its own: the transport may
// still be at work on the one before.
func (s *Sender) attempt(r *http.Request, wire *url.URL, p *payload, grant *Grant) (*http.Response, error) {
	signed := r.WithContext(r.Context())
	// Values are replaced, not changed, so they can be shared. Room for those of
	// the signature: a map that grows costs more than the signature's hashes.
	signed.Header = make(http.Header, len(r.Header)+len(signatureHeaders))
	maps.Copy(signed.Header, r.Header)
	signed.URL, signed.Host, signed.RequestURI = new(*wire), wire.Host, ""
	if r.Host != "" {
		signed.Host = wireHost(wire.Scheme, r.Host)
	}
	p.put(signed)
	if err := grant.Sign(r.Context(), signed, s.opts.Target, p.hash, s.clock.now()); err != nil {
		p.close()
		return nil, err
	}
	return s.opts.Base.RoundTrip(signed)
}

// attempts is what was tried already.
type attempts struct{ clock, credentials bool }

// judge reports whether the request is worth being signed and sent again.
func (s *Sender) judge(f *fault, grant *Grant, done *attempts) (again bool, err error) {
	switch {
	case f == nil:
		return false, nil
	case f.skewed(&s.clock):
		return s.skewed(f, done)
	case f.rejected(s.opts.Target):
		return s.rejected(f, grant, done)
	}
	if wrong := f.misconfigured(s.opts.Target); wrong != nil {
		return false, s.problem(wrong)
	}
	return false, nil
}

// skewed sets the clock by the answer.
func (s *Sender) skewed(f *fault, done *attempts) (again bool, err error) {
	if done.clock && f.code == "" {
		return false, nil // it was not the time, then
	}
	wrong := &MisconfiguredError{Key: "clock", Code: f.code}
	if f.unread { // whoever wrote it must not set the clock for all
		return false, s.problem(wrong)
	}
	offset, ok := s.clock.set(f.date)
	if ok && offset.Abs() > goodClock || !f.date.IsZero() && !ok {
		wrong.Got = direction(offset)
	}
	if !ok || done.clock {
		return false, s.problem(wrong)
	}
	if wrong.Got != "" { // it works, but should not have to
		wrong.Mended = true
		_ = s.problem(wrong)
	}
	done.clock = true
	return true, nil
}

// rejected has the cache get other credentials, unless these are fresh.
func (s *Sender) rejected(f *fault, grant *Grant, done *attempts) (again bool, err error) {
	if !done.credentials && grant.entry.drop(grant) {
		done.credentials = true
		return true, nil
	}
	if f.perhapsRejected(s.opts.Target) {
		return false, nil // it was the request, then
	}
	return false, s.problem(&MisconfiguredError{Key: "credentials", Code: f.code})
}

func (s *Sender) problem(wrong *MisconfiguredError) error {
	s.opts.Problem(wrong)
	return wrong
}

// Now is the time of the service, as far as its answers have told it: what is
// signed for the same service by other means, as with [Grant.Presign], should bear
// it.
func (s *Sender) Now() time.Time { return s.clock.now() }

// discard reads what is left of an answer, so that its connection can be used
// again, but no more than that is worth.
func discard(r *http.Response) {
	if r.Body != nil {
		_, _ = io.CopyN(io.Discard, r.Body, maxFault)
		_ = r.Body.Close()
	}
}
