package diagnose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// Question is about one token.
type Question struct {
	// Token is the token, see [CleanToken].
	Token string
	// Pool is the name of the pool to try it with. Default: that of its issuer.
	Pool string
	// KeysFile is a key set to use instead of those on disk.
	KeysFile string
	// Store has the keys of the last fetches.
	Store verifier.Store
}

// Explain writes what becomes of a token and why, and reports whether a handler of
// the site accepts it. An error means that nothing could be said. The site must
// have pools.
func (s *Site) Explain(ctx context.Context, w io.Writer, q Question) (accepted bool, err error) {
	f := &foreman{raw: q.Token, facts: factsOf(q.Token), store: q.Store}
	if q.KeysFile != "" {
		if f.given, err = readKeys(q.KeysFile); err != nil {
			return false, fmt.Errorf("--jwks: %w", err)
		}
	}
	pools, err := s.poolsFor(f.facts, q.Pool)
	if err != nil {
		return false, err
	}
	r := &report{w: w, adviser: adviser{f.facts, s, time.Now()}}
	trials := make(map[*pool]*trial)
	for _, p := range pools {
		if trials[p], err = f.try(ctx, p); err != nil {
			return false, err
		}
	}
	r.token(pools, trials)
	for _, p := range pools {
		r.checks(trials[p])
		if !p.accepts(f.facts.text("iss")) {
			break // up to the issuer, the checks are the same for all pools
		}
	}
	return r.guards(trials), nil
}

// poolsFor are the pools that a token concerns: by its issuer, or all that there
// are when it is of none. More than one can have an issuer.
func (s *Site) poolsFor(f facts, name string) ([]*pool, error) {
	if name != "" {
		p := slices.IndexFunc(s.pools, func(p *pool) bool { return p.name == name })
		if p < 0 { // what was given is not repeated: it can be a token by mistake
			return nil, fmt.Errorf("--pool: no user_pool has this name; there are %s", s.poolNames())
		}
		return s.pools[p : p+1], nil
	}
	var concerned []*pool
	for _, p := range s.pools {
		if p.accepts(f.text("iss")) {
			concerned = append(concerned, p)
		}
	}
	if concerned == nil {
		return s.pools, nil
	}
	return concerned, nil
}

func (p *pool) accepts(issuer string) bool {
	for _, accepted := range p.cfg.IssuerKeys() {
		if accepted.Issuer == issuer {
			return true
		}
	}
	return false
}

func (s *Site) poolNames() string {
	var names []string
	for _, p := range s.pools {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ", ")
}

// report writes.
type report struct {
	adviser
	w io.Writer
}

// token says what the token says of itself. Of one that cannot be read, that is
// nothing.
func (r *report) token(pools []*pool, trials map[*pool]*trial) {
	if r.claims == nil {
		fmt.Fprintln(r.w, "The token cannot be read.")
	} else {
		fmt.Fprintln(r.w, "The token says:")
		r.print(r.w, r.now)
	}
	if refusal := trials[pools[0]].refused(); refusal != nil && errors.Is(refusal, verifier.ErrIssuer) {
		fmt.Fprintln(r.w, "\nIt belongs to no configured user pool.")
	}
}

// checks lists the checks of a pool in their order.
func (r *report) checks(t *trial) {
	fmt.Fprintf(r.w, "\nuser_pool %s (%s):\n", t.pool.name, t.pool.cfg.ID)
	for at := range stages {
		result, text := t.result(at)
		if result == "FAILED" {
			text = r.why(t.pool, t.failureAt(at))
		}
		fmt.Fprintln(r.w, strings.TrimRight(fmt.Sprintf("  %-10s  %-11s  %s", stageNames[at], result, text), " "))
	}
}

func (t *trial) failureAt(at stage) *verifier.TokenError {
	for _, f := range t.failures {
		if f.stage == at {
			return f.TokenError
		}
	}
	return nil
}

// result is what became of a stage. The verifier stops at the first fault, so the
// stages before it are passed, and those behind it were not looked at.
func (t *trial) result(at stage) (result, text string) {
	switch {
	case t.failureAt(at) != nil:
		return "FAILED", ""
	case t.noKeys && at == stageKey:
		return "not checked", ""
	case t.noKeys && at == stageSignature:
		return "not checked", "no keys on disk that may still be trusted, or this user may not read them; give --jwks <file>, the answer of " + t.pool.cfg.IssuerKeys()[0].JWKSURL
	case len(t.failures) > 0 && at > t.last():
		return "not checked", ""
	}
	return "ok", ""
}

// last is where verification ended. After a lifetime alone it went on to the end.
func (t *trial) last() stage {
	if last := t.failures[len(t.failures)-1].stage; last != stageLifetime || !t.wentOn() {
		return last
	}
	return stages
}

// wentOn reports whether the token passed everything but its lifetime.
func (t *trial) wentOn() bool { return t.tok != nil }

// guards says what each handler that names one of the pools does.
func (r *report) guards(trials map[*pool]*trial) (accepted bool) {
	fmt.Fprintln(r.w)
	others := 0
	for _, g := range r.site.guards {
		t := g.decides(trials)
		if t == nil {
			others++
			continue
		}
		verdict, ok := r.verdict(g, t)
		accepted = accepted || ok
		fmt.Fprintf(r.w, "%s at %s: %s\n", g.name, g.Place, verdict)
	}
	r.remarks(others, trials)
	return accepted
}

func (r *report) remarks(others int, trials map[*pool]*trial) {
	switch {
	case others > 0 && others == len(r.site.guards):
		fmt.Fprintln(r.w, "No handler takes tokens of this pool.")
	case others == 1:
		fmt.Fprintln(r.w, "One more handler takes tokens of other pools only: 401.")
	case others > 1:
		fmt.Fprintf(r.w, "%d more handlers take tokens of other pools only: 401.\n", others)
	}
	for p := range trials {
		if p.sessions {
			fmt.Fprintln(r.w, "Whether the user was signed out is not looked at here.")
			return
		}
	}
}

// decides is the trial by which the handler judges, as the verifier has it: of
// pools that share an issuer, one that the token was not meant for counts least.
func (g *guard) decides(trials map[*pool]*trial) (decided *trial) {
	for _, p := range g.pools {
		t := trials[p]
		switch {
		case t == nil:
		case t.refused() == nil:
			return t
		case decided == nil || t.refused().Reason != verifier.ErrClient:
			decided = t
		}
	}
	return decided
}

// verdict is what a handler does with the token.
func (r *report) verdict(g *guard, t *trial) (text string, accepted bool) {
	if refusal := t.refused(); refusal != nil {
		return fmt.Sprintf("%d, %s", g.statusOf(refusal), reasonOf(refusal)), false
	}
	if !slices.Contains(g.uses, t.tok.Use()) {
		refusal := &verifier.TokenError{Reason: verifier.ErrTokenUse}
		return fmt.Sprintf("%d, %s", g.statusOf(refusal), r.wrongUse(g, t.tok.Use())), false
	}
	for _, required := range g.requirements {
		refusal, refused := errors.AsType[*verifier.TokenError](required.Check(t.tok, r.now))
		if refused {
			return fmt.Sprintf("%d, %s", g.statusOf(refusal), r.why(t.pool, refusal)), false
		}
	}
	if t.noKeys {
		return "accepted, if the signature is right", false
	}
	return "accepted", true
}

// reasonOf is the word for a refusal in the audit log, metrics and problem details.
func reasonOf(refusal *verifier.TokenError) string {
	reason := verifier.Reason(refusal)
	if refusal.Reason == verifier.ErrUnknownKey {
		reason += ", unless the key is among those that Caddy fetches first"
	}
	return reason
}
