package cognitolocal

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Role is an IAM role that tokens can be exchanged for. What it permits is not
// modelled: that is up to the storage that looks at Session.RoleARN.
type Role struct {
	// ARN is "arn:aws:iam::<account>:role/<name>".
	ARN string

	// Trust lists whose tokens may assume the role. Without any, nobody may.
	Trust []Trust

	// MaxDuration is the longest session, 1 to 12 hours. Default an hour.
	MaxDuration time.Duration
}

// Trust is one statement of a role's trust policy: exactly one of UserPool and
// IdentityPool is set.
type Trust struct {
	// UserPool lets ID tokens of the pool assume the role. It stands for the
	// IAM OIDC provider as well, which is known to all roles: a token whose
	// audience no role lists is invalid, one whose audience another role lists
	// is denied.
	UserPool *Pool
	// ClientIDs are the audiences. Nil means all app clients of the pool.
	ClientIDs []string

	// IdentityPool lets tokens of the pool's GetOpenIdToken assume the role,
	// and the pool itself in the enhanced flow.
	IdentityPool *IdentityPool
	// AMR are patterns with "*" and "?" of which one must match one value of
	// the amr claim. Default "authenticated".
	AMR []string
}

// storedRole is a role with the unique ID that AWS gives it.
type storedRole struct {
	Role
	id string
}

// roleARNPattern finds partition, account and path with name.
var roleARNPattern = regexp.MustCompile(`^arn:([\w-]+):iam::(\d{12}):role/([\w+=,.@/-]*[\w+=,.@-])$`)

// Bounds of MaxSessionDuration.
const minMaxDuration, maxMaxDuration = time.Hour, 12 * time.Hour

// AddRole adds a role, or replaces the one of the same ARN.
func (s *Server) AddRole(r Role) error {
	if r.MaxDuration == 0 {
		r.MaxDuration = minMaxDuration
	}
	if err := r.validate(); err != nil {
		return fmt.Errorf("cognitolocal: role %q: %w", r.ARN, err)
	}
	trust := make([]Trust, 0, len(r.Trust))
	for _, t := range r.Trust {
		trust = append(trust, t.clone())
	}
	r.Trust = trust
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.roles[r.ARN] = storedRole{r, "AROA" + upperID(17)}
	return nil
}

func (r Role) validate() error {
	if !roleARNPattern.MatchString(r.ARN) {
		return errors.New("want arn:aws:iam::<12 digits>:role/<name>")
	}
	if r.MaxDuration < minMaxDuration || r.MaxDuration > maxMaxDuration {
		return fmt.Errorf("maximum duration: want %s to %s, got %s", minMaxDuration, maxMaxDuration, r.MaxDuration)
	}
	for _, t := range r.Trust {
		switch {
		case (t.UserPool == nil) == (t.IdentityPool == nil):
			return errors.New("trust: want either a user pool or an identity pool")
		case t.UserPool != nil && t.AMR != nil, t.IdentityPool != nil && t.ClientIDs != nil:
			return errors.New("trust: client IDs go with a user pool, amr with an identity pool")
		}
	}
	return nil
}

func (t Trust) clone() Trust {
	t.ClientIDs, t.AMR = slices.Clone(t.ClientIDs), slices.Clone(t.AMR)
	if t.IdentityPool != nil && t.AMR == nil {
		t.AMR = []string{"authenticated"}
	}
	return t
}

// webIdentity is what a verified token says at STS.
type webIdentity struct {
	provider, audience, subject string
	expires                     time.Time

	userPool *Pool    // nil: a token of an identity pool
	amr      []string // of a token of an identity pool
}

// covers reports whether the statement speaks of the token.
func (t Trust) covers(who webIdentity) bool {
	if who.userPool != nil {
		return t.UserPool == who.userPool && who.userPool.hasClient(who.audience, t.ClientIDs)
	}
	return t.IdentityPool != nil && t.IdentityPool.ID() == who.audience && t.allowsAMR(who.amr)
}

func (t Trust) allowsAMR(amr []string) bool {
	return slices.ContainsFunc(t.AMR, func(pattern string) bool {
		return slices.ContainsFunc(amr, func(value string) bool { return like(pattern, value) })
	})
}

// like is the StringLike of IAM, whose wildcards match slashes, too.
func like(pattern, value string) bool {
	expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`^(?s:` + expr + `)$`).MatchString(value)
}

func (r Role) trusts(who webIdentity) bool {
	return slices.ContainsFunc(r.Trust, func(t Trust) bool { return t.covers(who) })
}

// trustsHolder reports whether the role lets the identity pool assume it for
// the holder. Nobody added the role: it is as the console would have made it.
func (a *account) trustsHolder(arn string, who holder) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	role, ok := a.roles[arn]
	return !ok || role.trusts(webIdentity{audience: who.pool.ID(), amr: who.amr()})
}

// assumedRoleARN is the ARN of a session. The path of the role is not in it.
func assumedRoleARN(role, session string) (string, bool) {
	m := roleARNPattern.FindStringSubmatch(role)
	if m == nil {
		return "", false
	}
	return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", m[1], m[2], path.Base(m[3]), session), true
}
