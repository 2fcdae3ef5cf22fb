package session

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// usualRefresh is more than Cognito's refresh tokens take. They take the most room
// in many a cookie, but nobody can change them.
const usualRefresh = 2200

// tooLarge finds what takes the most room, so that an operator knows what to
// change: usually groups, or a claim that a trigger adds.
func tooLarge(s *Session, size int) *SizeError {
	e := &SizeError{Size: size, Limit: maxCookie}
	refresh := base64.RawURLEncoding.EncodedLen(len(appendText(nil, string(s.Refresh))))
	if refresh > usualRefresh {
		e.Cause, e.CauseSize = "the refresh token", refresh
	}
	for _, claims := range []string{s.IDClaims, s.AccessClaims} {
		var members map[string]json.RawMessage
		_ = json.Unmarshal([]byte(claims), &members) // was read before
		for _, name := range slices.Sorted(maps.Keys(members)) {
			share := base64.RawURLEncoding.EncodedLen(len(deflate(members[name])))
			if share > e.CauseSize {
				e.Cause, e.CauseSize = fmt.Sprintf("the claim %.64q", name), share
			}
		}
	}
	return e
}
