package cognitolocal

import "time"

// quotaPeriod is what Cognito's limits on confirmation count in.
const quotaPeriod = time.Hour

// operationQuota is how often an operation may be called for one user within
// the period. Real limits grow with the pool; these are the least that AWS
// names.
type operationQuota struct {
	operation string
	limit     int
}

var (
	quotaForgotPassword        = operationQuota{"ForgotPassword", 5}
	quotaConfirmForgotPassword = operationQuota{"ConfirmForgotPassword", 5}
	quotaResendCode            = operationQuota{"ResendConfirmationCode", 5}
	quotaConfirmSignUp         = operationQuota{"ConfirmSignUp", 15}
	quotaChangePassword        = operationQuota{"ChangePassword", 5}
)

type quotaKey struct{ operation, name string }

type quota struct {
	began time.Time
	used  int
}

// spend counts a call for the name, known or not.
func (s *authState) spend(o operationQuota, name string, now time.Time) error {
	key := quotaKey{o.operation, fold(name)}
	q := s.quotas[key]
	if q == nil || now.Sub(q.began) >= quotaPeriod {
		q = &quota{began: now}
		s.quotas[key] = q
	}
	if q.used >= o.limit {
		return &apiError{"LimitExceededException", "Attempt limit exceeded, please try after some time."}
	}
	q.used++
	return nil
}
