package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// adviser says why a token is refused and what to do about it.
type adviser struct {
	facts
	site *Site
	now  time.Time
}

// advice has an entry for each reason of the verifier.
var advice = map[error]func(adviser, *pool, *verifier.TokenError) string{
	verifier.ErrMalformed:   adviser.malformed,
	verifier.ErrAlgorithm:   adviser.algorithm,
	verifier.ErrIssuer:      adviser.issuer,
	verifier.ErrTokenUse:    adviser.tokenUse,
	verifier.ErrExpired:     adviser.expired,
	verifier.ErrNotYetValid: adviser.notYetValid,
	verifier.ErrClient:      adviser.client,
	verifier.ErrUnknownKey:  adviser.unknownKey,
	verifier.ErrSignature:   adviser.signature,
	verifier.ErrScope:       adviser.scope,
	verifier.ErrGroup:       adviser.group,
	verifier.ErrClaim:       adviser.claim,
	verifier.ErrAuthContext: adviser.authContext,
	verifier.ErrAuthAge:     adviser.authAge,
}

// why is the advice about a refusal. The pool is nil when no pool is concerned.
func (a adviser) why(p *pool, refusal *verifier.TokenError) string {
	if say, ok := advice[refusal.Reason]; ok {
		return say(a, p, refusal)
	}
	return refusal.Error()
}

func (a adviser) malformed(_ *pool, refusal *verifier.TokenError) string {
	switch refusal.Claim {
	case "":
		return "this is no token of Cognito as it was issued: expected three parts of base64url, two of them JSON objects, joined by dots; copy it whole (refresh tokens and authorization codes are not taken here)"
	case "kid":
		return "kid: the header names no key; Cognito's tokens do, so this one was made elsewhere"
	case "crit", "b64", "cty", "typ":
		return refusal.Claim + ": the header has what tokens of Cognito do not have; this one was made elsewhere"
	}
	return refusal.Claim + ": missing or of another type than in tokens of Cognito; look at what made it, such as a pre token generation trigger"
}

func (a adviser) algorithm(_ *pool, refusal *verifier.TokenError) string {
	return fmt.Sprintf("alg: expected RS256, got %q; Cognito signs with nothing else, so send the token that it issued", plain(refusal.Got))
}

// issuer looks for the pool that the issuer names.
func (a adviser) issuer(*pool, *verifier.TokenError) string {
	issuer := a.text("iss")
	if issuer == "" {
		return "iss: the token names no issuer; Cognito's do"
	}
	id := issuer[strings.LastIndexByte(issuer, '/')+1:]
	for _, p := range a.site.pools {
		if p.cfg.ID == id {
			fix := "add a line issuer to it"
			if !p.named {
				fix = "name the pool as a user_pool in the global option cognito, and add a line issuer there,"
			}
			return fmt.Sprintf("iss: user_pool %s has the ID of this pool, but accepts the issuer %s; %s if this is right", p.name, acceptedIssuers(p), fix)
		}
	}
	if _, err := verifier.ParseUserPool(id); err == nil {
		return fmt.Sprintf("iss: this is a token of the pool %s, which no user_pool names; use a token of a configured pool (%s), or configure this one", plain(id), a.site.poolNames())
	}
	return "iss: this is not an issuer of Cognito; send the token of the user pool, not one of a provider behind it"
}

func acceptedIssuers(p *pool) string {
	var accepted []string
	for _, issuer := range p.cfg.IssuerKeys() {
		accepted = append(accepted, issuer.Issuer)
	}
	return strings.Join(accepted, " or ")
}

// tokenUse is about a kind of token that does not exist; which kinds a guard
// accepts is said by wrongUse.
func (a adviser) tokenUse(_ *pool, _ *verifier.TokenError) string {
	return fmt.Sprintf("token_use: expected access or id, got %q; Cognito's tokens say one of them", plain(a.text("token_use")))
}

func (a adviser) expired(p *pool, _ *verifier.TokenError) string {
	at, _ := a.time("exp")
	fix := "; get a new one, and check the clock of this machine"
	if d := a.now.Sub(at); d < 5*time.Minute {
		fix += fmt.Sprintf("; where clocks differ, leeway %s in user_pool %s would let it pass", (d + time.Second).Round(time.Second), p.name)
	}
	return fmt.Sprintf("exp: expired %s, at %s%s", relative(at, a.now), at.Format(time.RFC3339), fix)
}

func (a adviser) notYetValid(*pool, *verifier.TokenError) string {
	at, _ := a.time("nbf")
	return fmt.Sprintf("nbf: valid only %s, at %s; the clock of this machine is probably slow", relative(at, a.now), at.Format(time.RFC3339))
}

func (a adviser) client(p *pool, refusal *verifier.TokenError) string {
	if refusal.Claim == "aud" && a.text("token_use") == string(verifier.Access) {
		return fmt.Sprintf("aud: the token is bound to %s, the pool accepts %s; add a line audience to user_pool %s, or ask for a token without that resource",
			plain(a.claims["aud"]), orNothing(p.cfg.Audiences), p.name)
	}
	if value, ok := a.claims[refusal.Claim]; ok {
		return fmt.Sprintf("%s: issued to app client %s, the pool accepts %s; add it to client in user_pool %s, or sign in with one of these",
			refusal.Claim, plain(value), orNothing(p.cfg.Clients), p.name)
	}
	return refusal.Claim + ": the token names no app client; Cognito's do"
}

func orNothing(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	return strings.Join(values, ", ")
}

func (a adviser) unknownKey(p *pool, refusal *verifier.TokenError) string {
	return fmt.Sprintf("kid: %s is not among the keys at hand (%s); they may have been rotated: fetch %s, give it by --jwks, and if the key is not there either, the token is not of this pool",
		plain(a.header["kid"]), strings.Join(refusal.Want, ", "), p.cfg.IssuerKeys()[0].JWKSURL)
}

func (a adviser) signature(*pool, *verifier.TokenError) string {
	return "the token was changed or not signed by this pool; copy it whole, or get a new one"
}

func (a adviser) scope(_ *pool, refusal *verifier.TokenError) string {
	wanted := strings.Join(refusal.Want, " or ")
	if a.text("token_use") == string(verifier.ID) {
		return fmt.Sprintf("require scope %s: ID tokens have no scopes; send the access token", wanted)
	}
	return fmt.Sprintf("require scope %s: the token has %s; allow the scope at the app client, and ask for it when signing in (tokens of the sign-in page have aws.cognito.signin.user.admin alone, unless a trigger adds more)",
		wanted, quoteOr(plain(a.claims["scope"])))
}

func (a adviser) group(_ *pool, refusal *verifier.TokenError) string {
	groups := "none"
	if list, ok := a.claims["cognito:groups"]; ok {
		groups = plain(list)
	}
	return fmt.Sprintf("require group %s: the token has %s; add the user to the group, and get a new token, since groups are those of its issue",
		strings.Join(refusal.Want, " or "), groups)
}

// quoteOr is a value of a claim that may be absent.
func quoteOr(value string) string {
	if value == "" || value == "(null)" {
		return "none"
	}
	return value
}

// claim does not repeat the value, which may be personal.
func (a adviser) claim(_ *pool, refusal *verifier.TokenError) string {
	state := "has another value"
	if _, ok := a.claims[refusal.Claim]; !ok {
		state = "is not in the token"
	}
	return fmt.Sprintf("require claim %s %s: the claim %s; check the attribute, that the app client may read it, and whether the claim is in this kind of token",
		refusal.Claim, strings.Join(refusal.Want, " or "), state)
}

func (a adviser) authContext(_ *pool, refusal *verifier.TokenError) string {
	return fmt.Sprintf("require acr %s: the user signed in by weaker means; sign in with a second factor (older pools and plans issue no acr at all)", strings.Join(refusal.Want, " or "))
}

func (a adviser) authAge(_ *pool, refusal *verifier.TokenError) string {
	at, ok := a.time("auth_time")
	if !ok {
		return "require max_age: the token does not say when the user signed in"
	}
	return fmt.Sprintf("require max_age %s: the user signed in %s; refreshing does not count, so sign in again", strings.Join(refusal.Want, ""), relative(at, a.now))
}

// wrongUse is a guard that accepts another kind of token.
func (a adviser) wrongUse(g *guard, use verifier.TokenUse) string {
	other := verifier.Access
	if use == verifier.Access {
		other = verifier.ID
	}
	if !slices.Contains(g.uses, other) {
		return fmt.Sprintf("token_use: this is an %s token; set token_use %s", use, use)
	}
	return fmt.Sprintf("token_use: the token is an %s token and this %s accepts %s; set token_use %s, or send the %s token", use, g.name, other, use, other)
}
