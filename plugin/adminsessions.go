package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// sessionStatus is how users of a pool stay signed in, in the answers.
type sessionStatus struct {
	Pool     string           `json:"pool"`
	ClientID string           `json:"client_id"`
	Keys     sessionKeyStatus `json:"keys"`
	// SignedOut is how many sessions and users are on the list of sign-outs.
	SignedOut int `json:"signed_out"`
	// The errors are words, and those of the last attempt.
	RefreshError  string `json:"last_refresh_error,omitempty"`
	HandoffError  string `json:"last_handoff_error,omitempty"`
	KeysError     string `json:"last_keys_error,omitempty"`
	SignOutsError string `json:"last_sign_outs_error,omitempty"`
}

// sessionKeyStatus is about the keys that seal sessions.
type sessionKeyStatus struct {
	// Source is "configured" or "storage".
	Source string     `json:"source"`
	Count  int        `json:"count"`
	Newest *time.Time `json:"newest,omitempty"`
	Age    string     `json:"age,omitempty"`
}

func (s *sessions) status() sessionStatus {
	return sessionStatus{
		Pool: s.pool.name, ClientID: s.clientID, Keys: s.keyStatus(), SignedOut: s.denied.Len(),
		RefreshError: s.outages.refresh.last(), HandoffError: s.outages.handoff.last(),
		KeysError: s.outages.keys.last(), SignOutsError: s.outages.signOuts.last(),
	}
}

func (s *sessions) keyStatus() sessionKeyStatus {
	if s.keyring == nil {
		return sessionKeyStatus{Source: "configured", Count: len(s.pool.cfg.Session.Secrets)}
	}
	now := s.keyring.State()
	status := sessionKeyStatus{Source: "storage", Count: now.Keys, Newest: known(now.Newest)}
	if status.Newest != nil {
		status.Age = time.Since(now.Newest).Round(time.Second).String()
	}
	return status
}

// liveSessions are those in use, sorted by pool; all of them or those of one pool.
// There are two for a pool while a reload changes it.
func liveSessions(pool string) (live []*sessions) {
	sessionPools.Range(func(_, value any) bool {
		if s := value.(*sessions); pool == "" || s.pool.name == pool {
			live = append(live, s)
		}
		return true
	})
	slices.SortFunc(live, func(a, b *sessions) int {
		return strings.Compare(a.pool.name+" "+a.key, b.pool.name+" "+b.key)
	})
	return live
}

func sessionStatuses() []sessionStatus {
	statuses := []sessionStatus{}
	for _, s := range liveSessions("") {
		statuses = append(statuses, s.status())
	}
	return statuses
}

// signOutRequest is whom to sign out.
type signOutRequest struct {
	Pool    string `json:"pool"`
	Subject string `json:"sub"`
}

// signOutAnswer says until when what was issued up to now is refused.
type signOutAnswer struct {
	signOutRequest
	Until time.Time `json:"until"`
}

// signOutLimit bounds the body, signOutWait how long the storage may take.
const (
	signOutLimit = 16 << 10
	signOutWait  = 10 * time.Second
)

// signOut ends all sessions of a user at all instances. When the storage fails it
// answers 502, although the user is signed out at this instance.
func (adminAPI) signOut(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	who, err := readSignOut(http.MaxBytesReader(w, r.Body, signOutLimit))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	live := liveSessions(who.Pool)
	if len(live) == 0 {
		return noSessions(who.Pool)
	}
	ctx, cancel := context.WithTimeout(r.Context(), signOutWait)
	defer cancel()
	until, err := signOutEverywhere(ctx, live, who.Subject)
	live[0].reportSignOut(r, who.Subject, err)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadGateway, Err: fmt.Errorf(
			"the user is signed out at this instance, but others may not know yet: %w; this instance goes on trying to tell them", err)}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(signOutAnswer{who, until})
}

// readSignOut is strict, or a misspelt request would sign nobody out.
func readSignOut(body io.Reader) (who signOutRequest, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&who); err != nil {
		// No <name>, since Caddy's encoder shows people \u003c.
		return who, fmt.Errorf(`body: expected {"pool": "the name of the user_pool", "sub": "the claim sub of the user"}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return who, errors.New("body: expected one JSON object, got more; send one request for each user")
	}
	return who, who.validate()
}

func (who signOutRequest) validate() error {
	switch {
	case who.Pool == "":
		return errors.New("pool: required; give the name of a user_pool, as in the global option cognito")
	case who.Subject == "":
		return errors.New("sub: required; give the claim sub of the user's tokens, which Cognito also shows as an attribute of the user")
	case !subjectForm.MatchString(who.Subject): // a user name would sign nobody out, and look as if
		return fmt.Errorf("sub: expected the claim sub of the user's tokens, a UUID such as 5f0c2f6e-7c1d-4b5a-9d7e-6f0d2f1c3b4a, got %.80q", who.Subject)
	}
	return nil
}

// subjectForm is that of Cognito's subjects.
var subjectForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func noSessions(pool string) error {
	if len(livePools(pool)) == 0 {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: unknownLivePool(pool)}
	}
	return caddy.APIError{HTTPStatus: http.StatusConflict, Err: fmt.Errorf(
		"pool: %q keeps no sessions, so nobody can be signed out; give it a cognito_signin or a session block", pool)}
}

// signOutEverywhere denies the user in all configurations that run. It returns
// when the second is over: who signs in after that does so later than what is
// denied, which is known by the second.
func signOutEverywhere(ctx context.Context, live []*sessions, sub string) (until time.Time, err error) {
	for _, s := range live {
		ends, failure := s.signOutUser(ctx, sub)
		err = errors.Join(err, failure)
		if ends.After(until) {
			until = ends
		}
	}
	now := time.Now()
	timer := time.NewTimer(now.Truncate(time.Second).Add(time.Second).Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return until, err
}

func (s *sessions) reportSignOut(r *http.Request, sub string, err error) {
	env := s.env.Load()
	metrics.signOuts.WithLabelValues(s.pool.name, "admin").Inc()
	env.emit("cognito_sign_out", map[string]any{"pool": s.pool.name, "sub": sub, "by": "admin"})
	s.recordSignOut(r, sub, err)
}
