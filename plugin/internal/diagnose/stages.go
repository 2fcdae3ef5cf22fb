package diagnose

import (
	"errors"
	"slices"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// stage is one step of [verifier.Verify], which see for their order.
type stage int

const (
	stageShape stage = iota
	stageAlgorithm
	stageIssuer
	stageUse
	stageLifetime
	stageClient
	stageKey
	stageSignature
	stageClaims
	stages // how many
)

var stageNames = [stages]string{
	"shape", "algorithm", "issuer", "token_use", "lifetime", "app client", "key", "signature", "claims",
}

// stageOfReason is where the refusals come from that name their stage.
var stageOfReason = map[error]stage{
	verifier.ErrAlgorithm: stageAlgorithm, verifier.ErrIssuer: stageIssuer, verifier.ErrTokenUse: stageUse,
	verifier.ErrExpired: stageLifetime, verifier.ErrNotYetValid: stageLifetime, verifier.ErrClient: stageClient,
	verifier.ErrUnknownKey: stageKey, verifier.ErrSignature: stageSignature,
}

// stageOfClaim is where a malformed member is found.
var stageOfClaim = map[string]stage{
	"": stageShape, "alg": stageAlgorithm, "crit": stageAlgorithm, "b64": stageAlgorithm, "cty": stageAlgorithm, "typ": stageAlgorithm,
	"kid": stageAlgorithm, "iss": stageIssuer, "token_use": stageUse, "exp": stageLifetime, "nbf": stageLifetime, "aud": stageClient,
}

// stageOf is the stage that a refusal of the verifier ended. An access token names
// its app client in client_id; of any other that is a claim among many.
func stageOf(refusal *verifier.TokenError, f facts) stage {
	if at, ok := stageOfReason[refusal.Reason]; ok {
		return at
	}
	if refusal.Claim == "client_id" && f.text("token_use") == string(verifier.Access) {
		return stageClient
	}
	if at, ok := stageOfClaim[refusal.Claim]; ok {
		return at
	}
	return stageClaims
}

// isLifetime: these refusals hide no other, since a verifier with leeway goes on.
func isLifetime(err error) bool {
	return errors.Is(err, verifier.ErrExpired) || errors.Is(err, verifier.ErrNotYetValid)
}

// statusOf is what a guard answers to a token that is refused for this reason.
func (g *guard) statusOf(refusal *verifier.TokenError) int {
	forbidden := []error{verifier.ErrScope, verifier.ErrGroup, verifier.ErrClaim}
	switch {
	case g.alwaysRefuse != 0:
		return g.alwaysRefuse
	case slices.Contains(forbidden, refusal.Reason):
		return 403
	}
	return 401
}
