package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxCookie bounds a cookie with its name and attributes. Browsers take 4 096
// bytes; some count differently, and one that is too large they drop in silence.
const maxCookie = 3900

// Defaults of [CodecOptions].
const (
	DefaultAbsolute  = 7 * 24 * time.Hour
	DefaultIdle      = 24 * time.Hour
	DefaultCacheSize = 5_000
)

// CodecOptions configures a [Codec].
type CodecOptions struct {
	// Keys seal and open. Required. The Codec does not close them.
	Keys Keys
	// Cookie has the name and attributes of the cookie; value and age are set by
	// the Codec. A name is required.
	Cookie http.Cookie
	// Site and Pool are where sessions belong: one of another site or pool does
	// not open. Required. All instances must name them alike.
	Site, Pool string
	// Absolute bounds the life of a session, whatever happens in it. Default 7 days.
	Absolute time.Duration
	// Idle bounds how long a session lives without being used. Default 24 hours.
	Idle time.Duration
	// CacheSize bounds how many opened cookies are remembered, some 9 kB each.
	// Default 5 000.
	CacheSize int
}

// Codec turns sessions into cookies and back. It is safe for concurrent use.
type Codec struct {
	opts   CodecOptions
	sealer sealer
	memo   *memo
}

// NewCodec checks opts.
func NewCodec(opts CodecOptions) (*Codec, error) {
	if opts.Keys == nil {
		return nil, errors.New("keys: required")
	}
	if opts.Site == "" || opts.Pool == "" {
		return nil, errors.New("site and pool: required, since a session must open nowhere else")
	}
	if err := checkCookie(&opts.Cookie); err != nil {
		return nil, fmt.Errorf("cookie: %w", err)
	}
	setDefault(&opts.Absolute, DefaultAbsolute)
	setDefault(&opts.Idle, DefaultIdle)
	opts.Idle = min(opts.Idle, opts.Absolute)
	setDefault(&opts.CacheSize, DefaultCacheSize)
	memo, err := newMemo(opts.CacheSize)
	if err != nil {
		return nil, err
	}
	sealer := newSealer(opts.Keys, "session", opts.Site, opts.Pool, opts.Cookie.Name)
	return &Codec{opts, sealer, memo}, nil
}

func setDefault[T ~int | ~int64](value *T, standard T) {
	if *value <= 0 {
		*value = standard
	}
}

// checkCookie refuses cookies that browsers would drop without a word.
func checkCookie(template *http.Cookie) error {
	cookie := *template
	cookie.Value = "x"
	host, secure := strings.HasPrefix(cookie.Name, "__Host-"), strings.HasPrefix(cookie.Name, "__Secure-")
	switch {
	case cookie.Valid() != nil:
		return fmt.Errorf("name or attribute is not valid: %w", cookie.Valid())
	case (host || secure) && !cookie.Secure:
		return fmt.Errorf("name %q: expected the attribute Secure with that prefix", cookie.Name)
	case host && (cookie.Path != "/" || cookie.Domain != ""):
		return fmt.Errorf("name %q: expected Path=/ and no Domain with that prefix", cookie.Name)
	}
	return nil
}

// Sealed is a session as a cookie.
type Sealed struct {
	// Cookie is what to set.
	Cookie *http.Cookie
	// Rung says what the cookie had room for. For anything but [All] hand the
	// session to [Refresher.Remember], so that its whole tokens are not fetched
	// anew for the next request.
	Rung Rung
	// Size is the size of the cookie with name and attributes.
	Size int
}

// Seal packs as much of a session as fits into one cookie. The error is a
// [SizeError] when even the least does not, or [ErrNoKeys].
func (c *Codec) Seal(s *Session) (*Sealed, error) {
	cookie := c.opts.Cookie
	cookie.MaxAge = max(1, int(min(c.opts.Idle, time.Until(s.Created.Add(c.opts.Absolute)))/time.Second))
	overhead := len(cookie.String())
	var packed []byte
	for rung := All; rung < rungs; rung++ {
		packed = pack(s, rung)
		if overhead+sealedSize(len(packed)) > maxCookie {
			continue
		}
		value, err := c.sealer.seal(packed)
		if err != nil {
			return nil, err
		}
		cookie.Value = value
		return &Sealed{&cookie, rung, len(cookie.String())}, nil
	}
	return nil, tooLarge(s, overhead+sealedSize(len(packed)))
}

// Clear is the cookie that makes a browser forget its session.
func (c *Codec) Clear() *http.Cookie {
	cookie := c.opts.Cookie
	cookie.MaxAge = -1
	return &cookie
}

// Open opens the value of a cookie. A value that it opened before costs next to
// nothing. The error is [ErrMalformed], [ErrUnknownKey], [ErrForged],
// [ErrExpired] or [ErrIdle]: the user is signed out. Tokens that have expired are
// no error, since [Refresher.Fresh] renews them.
func (c *Codec) Open(ctx context.Context, value string) (*Opened, error) {
	if len(value) > maxCookie { // before anything is done with it
		return nil, ErrMalformed
	}
	o, ok := c.memo.get(value)
	if !ok {
		plain, err := c.sealer.open(ctx, value)
		if err != nil {
			return nil, err
		}
		s, rung, err := unpack(plain)
		if err != nil {
			return nil, err
		}
		o = &Opened{Session: s, Rung: rung}
	}
	if err := c.checkAge(o.Session, time.Now()); err != nil {
		return nil, err
	}
	if !ok {
		o = c.memo.add(value, o)
	}
	return o, nil
}

func (c *Codec) checkAge(s *Session, now time.Time) error {
	switch {
	case now.Sub(s.Created) >= c.opts.Absolute:
		return ErrExpired
	case now.Sub(s.LastUse) >= c.opts.Idle:
		return ErrIdle
	}
	return nil
}

// Ends is when a session ends, unless it is used before.
func (c *Codec) Ends(s *Session) time.Time {
	absolute, idle := s.Created.Add(c.opts.Absolute), s.LastUse.Add(c.opts.Idle)
	if idle.Before(absolute) {
		return idle
	}
	return absolute
}

// Touch notes that a session is in use. When touched is true, the cookie must be
// set again with the session that it returns. That is so once in a tenth of the
// idle lifetime, not with every request, so a session can end that much early.
func (c *Codec) Touch(s *Session) (used *Session, touched bool) {
	now := time.Now()
	if now.Sub(s.LastUse) < c.opts.Idle/10 {
		return s, false
	}
	again := *s
	again.LastUse = now.Truncate(time.Second)
	return &again, true
}
