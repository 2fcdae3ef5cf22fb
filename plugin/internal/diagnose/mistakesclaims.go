package diagnose

import (
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// idClaims are the standard claims that Cognito writes into ID tokens alone.
var idClaims = []string{
	"address", "birthdate", "cognito:username", "email", "email_verified", "family_name", "gender", "given_name", "locale",
	"middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile",
	"updated_at", "website", "zoneinfo",
}

// claimsOf is about what tokens of the accepted kind do not have. Access tokens may
// have more by a trigger, of which nothing is known here.
func (g *guard) claimsOf() Finding {
	id, access := slices.Contains(g.uses, verifier.ID), slices.Contains(g.uses, verifier.Access)
	scopes := slices.ContainsFunc(g.required, func(r config.Requirement) bool { return r.Kind == string(verifier.RequireScope) })
	lacking := strings.Join(g.lacking(), ", ")
	const said = "access tokens have no claim %s, unless a pre token generation trigger adds it: without that, forward sets no header, and require claim refuses everybody; "
	switch {
	case scopes && !access:
		return fail("it takes ID tokens only, which have no scopes, so that require scope refuses everybody; remove token_use id, or require a group or a claim instead")
	case lacking == "" || id:
		return Finding{}
	case scopes: // ID tokens would not do
		return warn(said+"add it so, or leave out either that or require scope, since ID tokens have no scopes", lacking)
	}
	return warn(said+"set token_use id", lacking)
}

// lacking are the claims in use that access tokens do not have by themselves.
func (g *guard) lacking() (claims []string) {
	add := func(claim string) {
		if slices.Contains(idClaims, claim) && !slices.Contains(claims, claim) {
			claims = append(claims, claim)
		}
	}
	for _, f := range g.forwarded {
		add(f.Claim)
	}
	for _, r := range g.required {
		if r.Kind == string(verifier.RequireClaim) {
			add(r.Values[0])
		}
	}
	return claims
}
