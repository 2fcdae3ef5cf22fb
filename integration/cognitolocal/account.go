package cognitolocal

import (
	"sync"
	"time"
)

// account is the part of an AWS account that surrounds the user pool: identity
// pools, roles and the credentials that were given out.
type account struct {
	now func() time.Time

	mu       sync.Mutex // guards all fields below
	pools    map[string]*IdentityPool
	roles    map[string]storedRole // by ARN
	sessions awsSessions
}

func newAccount(now func() time.Time) *account {
	return &account{
		now: now, pools: map[string]*IdentityPool{}, roles: map[string]storedRole{},
		sessions: awsSessions{byKey: map[string]Session{}},
	}
}

func validationException(message string) error {
	return &apiError{"ValidationException", message}
}

func resourceNotFound(message string) error {
	return &apiError{"ResourceNotFoundException", message}
}
