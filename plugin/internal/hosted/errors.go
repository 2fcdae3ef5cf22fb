package hosted

import (
	"errors"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// The reasons that package signin does not have. An error that matches one of
// them also matches [signin.ErrRejected] in the case of ErrDenied, and else
// [signin.ErrSession]: the sign-in must start again.
var (
	// ErrCallback means that a URL is not what Cognito sends a browser back to.
	ErrCallback = errors.New("the link does not belong to a sign-in")
	// ErrState means that a callback belongs to another flow than this one, of
	// another browser or another app client, or to none.
	ErrState = errors.New("the answer belongs to another sign-in")
	// ErrNonce means that an ID token belongs to another flow. See
	// [Flow.CheckNonce].
	ErrNonce = errors.New("the token belongs to another sign-in")
	// ErrInteraction means that nobody is signed in at the domain, which was not to
	// ask: see [Begin.Prompt].
	ErrInteraction = errors.New("sign-in needs the user")
	// ErrDenied means that the user, or the provider he was sent to, declined.
	ErrDenied = errors.New("the sign-in was declined")
)

// likenesses are the reasons of package signin that ours come with.
var likenesses = map[error]error{
	ErrCallback: signin.ErrSession, ErrState: signin.ErrSession, ErrNonce: signin.ErrSession, ErrInteraction: signin.ErrSession,
	ErrDenied: signin.ErrRejected,
}

// refusal is an error with a reason of ours.
type refusal struct {
	reason error
	like   *signin.Error
}

// Error is the reason.
func (r *refusal) Error() string { return r.reason.Error() }

// Unwrap makes the error match its reason and the likeness.
func (r *refusal) Unwrap() []error { return []error{r.reason, r.like} }

func refuse(reason error, detail string, cause signin.Cause) error {
	if like, ours := likenesses[reason]; ours {
		return &refusal{reason, &signin.Error{Reason: like, Cause: cause}}
	}
	return &signin.Error{Reason: reason, Detail: detail, Cause: cause}
}
