package cognitolocal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Group is a user pool group.
type Group struct {
	// Name is 1 to 128 characters.
	Name string

	// Precedence orders groups: lower comes first, nil last.
	Precedence *int

	// RoleARN is the IAM role of the group, if any: it appears in
	// cognito:roles and decides cognito:preferred_role.
	RoleARN string
}

// maxGroupName is Cognito's limit on a group name.
const maxGroupName = 128

// AddGroup adds a group, or replaces the one of the same name.
func (p *Pool) AddGroup(g Group) error {
	if g.Name == "" || len(g.Name) > maxGroupName {
		return fmt.Errorf("cognitolocal: group name %q: want 1 to %d characters", g.Name, maxGroupName)
	}
	if g.Precedence != nil {
		if *g.Precedence < 0 {
			return fmt.Errorf("cognitolocal: group %q: precedence must not be negative", g.Name)
		}
		g.Precedence = new(*g.Precedence)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups[g.Name] = g
	return nil
}

// checkGroups is called with the lock held.
func (p *Pool) checkGroups(names []string) error {
	for _, name := range names {
		if _, ok := p.groups[name]; !ok {
			return fmt.Errorf("cognitolocal: group %q does not exist; add it first", name)
		}
	}
	return nil
}

// groupsOf returns the user's groups by precedence. The caller holds the lock.
func (p *Pool) groupsOf(u *User) []Group {
	out := make([]Group, 0, len(u.Groups))
	for _, name := range u.Groups {
		out = append(out, p.groups[name])
	}
	slices.SortStableFunc(out, func(a, b Group) int { return cmp.Compare(a.rank(), b.rank()) })
	return out
}

// rank turns the precedence into a sort key.
func (g Group) rank() int {
	if g.Precedence == nil {
		return math.MaxInt
	}
	return *g.Precedence
}

// roles returns the distinct roles of the groups, in their order.
func roles(groups []Group) []string {
	var out []string
	for _, g := range groups {
		if g.RoleARN != "" && !slices.Contains(out, g.RoleARN) {
			out = append(out, g.RoleARN)
		}
	}
	return out
}

// preferredRole returns the role of the group that comes first among those
// with a role, or "" when groups of equal precedence name different roles:
// Cognito then leaves the choice open and omits the claim.
func preferredRole(groups []Group) string {
	withRole := slices.DeleteFunc(slices.Clone(groups), func(g Group) bool { return g.RoleARN == "" })
	if len(withRole) == 0 {
		return ""
	}
	first := withRole[0]
	for _, g := range withRole[1:] {
		if g.rank() == first.rank() && g.RoleARN != first.RoleARN {
			return ""
		}
	}
	return first.RoleARN
}
