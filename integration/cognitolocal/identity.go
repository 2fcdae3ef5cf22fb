package cognitolocal

import "sync"

// login is a user of a user pool: what an identity is linked to.
type login struct {
	pool *Pool
	sub  string
}

// identity is somebody an identity pool knows.
type identity struct {
	id     string
	logins map[login]bool // empty: a guest
}

// identityStore holds the identities of one pool.
type identityStore struct {
	region string

	mu      sync.Mutex // guards all fields below
	byID    map[string]*identity
	byLogin map[login]*identity
}

func newIdentityStore(region string) identityStore {
	return identityStore{region: region, byID: map[string]*identity{}, byLogin: map[login]*identity{}}
}

// DeleteIdentity removes an identity, as the DeleteIdentities operation does,
// and reports whether it was there. Its user gets another one next time.
func (ip *IdentityPool) DeleteIdentity(id string) bool {
	s := &ip.store
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	if found == nil {
		return false
	}
	delete(s.byID, id)
	for l := range found.logins {
		delete(s.byLogin, l)
	}
	return true
}

func (s *identityStore) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id] != nil
}

// guest makes a new identity without a login.
func (s *identityStore) guest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add().id
}

// isGuest reports whether the identity exists without a login.
func (s *identityStore) isGuest(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[id]
	return found != nil && len(found.logins) == 0
}

// of returns the identity of the logins, a new one if they have none.
func (s *identityStore) of(logins []login) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, err := s.owner(logins)
	if err != nil {
		return "", err
	}
	if owner == nil {
		owner = s.add()
	}
	s.link(owner, logins)
	return owner.id, nil
}

// prove returns the identity that somebody with these logins has when they ask
// for the one named id. A guest who signs in keeps the identity, unless the
// login has one already: then the guest's is merged into that and is gone.
func (s *identityStore) prove(id string, logins []login) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.byID[id]
	if asked == nil {
		return "", identityNotFound(id)
	}
	owner, err := s.owner(logins)
	if err != nil {
		return "", err
	}
	switch {
	case owner == asked:
	case len(asked.logins) > 0:
		return "", notAuthorized("Logins don't match. Please include at least one valid login for this identity or identity pool.")
	case owner == nil:
		owner = asked
	default:
		delete(s.byID, asked.id)
	}
	s.link(owner, logins)
	return owner.id, nil
}

// owner returns the one identity that the logins are linked to, or nil. The
// caller holds the lock.
func (s *identityStore) owner(logins []login) (*identity, error) {
	var owner *identity
	for _, l := range logins {
		linked := s.byLogin[l]
		if linked == nil || linked == owner {
			continue
		}
		if owner != nil {
			return nil, &apiError{"ResourceConflictException", "Login already linked to another account."}
		}
		owner = linked
	}
	return owner, nil
}

// add is called with the lock held.
func (s *identityStore) add() *identity {
	made := &identity{id: s.region + ":" + newUUID(), logins: map[login]bool{}}
	s.byID[made.id] = made
	return made
}

// link is called with the lock held.
func (s *identityStore) link(to *identity, logins []login) {
	for _, l := range logins {
		to.logins[l] = true
		s.byLogin[l] = to
	}
}

func identityNotFound(id string) error {
	return resourceNotFound("Identity '" + id + "' not found.")
}
