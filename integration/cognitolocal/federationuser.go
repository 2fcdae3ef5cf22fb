package cognitolocal

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// federatedIdentity is an entry of the identities claim. Flags and times are
// strings there, and the issuer is null for social providers.
type federatedIdentity struct {
	UserID       string       `json:"userId"`
	ProviderName string       `json:"providerName"`
	ProviderType ProviderType `json:"providerType"`
	Issuer       *string      `json:"issuer"`
	Primary      string       `json:"primary"`
	DateCreated  string       `json:"dateCreated"`
}

// identitiesText is the list as the attribute "identities" shows it: JSON in a
// string, or "" for a user without. The caller holds the lock.
func (d *domain) identitiesText(sub string) string {
	ids := d.identities[sub]
	if len(ids) == 0 {
		return ""
	}
	raw, err := json.Marshal(ids)
	if err != nil {
		return "" // strings only: cannot happen
	}
	return string(raw)
}

// foreign reports whether the user has come from another provider. Such a user
// cannot sign in at the API at all. The caller holds the lock.
func (d *domain) foreign(sub string) bool {
	return slices.ContainsFunc(d.identities[sub], func(i federatedIdentity) bool { return i.Primary == "true" })
}

// federate returns the user of the pool for a user of the provider, who is
// created or brought up to date. The caller holds the lock.
func (p *Pool) federate(idp IdentityProvider, who FederatedUser) (*User, error) {
	u, primary := p.user(who.LinkedTo), "false"
	if who.LinkedTo == "" {
		u, primary = p.federatedUser(idp, who), "true"
	}
	if u == nil {
		return nil, &oauthError{invalidRequest, "User does not exist."}
	}
	if err := u.maySignIn(); err != nil {
		return nil, &oauthError{invalidRequest, asAPIError(err).message}
	}
	p.recordIdentity(u.Sub, idp, who.ID, primary)
	return u, nil
}

// federatedUser belongs to the group that Cognito makes for the users of each
// provider.
func (p *Pool) federatedUser(idp IdentityProvider, who FederatedUser) *User {
	username, group := idp.Name+"_"+who.ID, p.id+"_"+idp.Name
	u := p.user(username)
	if u == nil {
		if _, ok := p.groups[group]; !ok {
			p.groups[group] = Group{Name: group}
		}
		u = &User{Username: username, Sub: newUUID(), Groups: []string{group}}
		p.users[fold(username)] = u
	}
	u.Attributes = maps.Clone(who.Attributes)
	return u
}

func (p *Pool) recordIdentity(sub string, idp IdentityProvider, userID, primary string) {
	ids := p.domain.identities[sub]
	known := func(i federatedIdentity) bool { return i.ProviderName == idp.Name && i.UserID == userID }
	if slices.ContainsFunc(ids, known) {
		return
	}
	entry := federatedIdentity{
		UserID: userID, ProviderName: idp.Name, ProviderType: idp.Type, Primary: primary,
		DateCreated: strconv.FormatInt(p.now().UnixMilli(), 10),
	}
	if idp.Issuer != "" {
		entry.Issuer = &idp.Issuer
	}
	// A new slice: snapshots for tokens share the old one.
	p.domain.identities[sub] = append(slices.Clone(ids), entry)
}
