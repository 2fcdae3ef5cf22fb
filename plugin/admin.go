package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// adminAPI adds three endpoints to Caddy's admin API:
//
//   - `GET /cognito/status`: the user pools, their keys and the last error; the
//     sessions, their keys and how many are signed out; the exchanges for
//     credentials, how many users have some, how old, and the last error
//   - `POST /cognito/refresh`: fetches the keys of all pools, or of one with `?pool=`
//   - `POST /cognito/sign-out` with `{"pool": "<name>", "sub": "<subject>"}`: signs a
//     user out at all instances
//
// None of them shows a secret or a token.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.cognito", New: func() caddy.Module { return new(adminAPI) }}
}

// Routes implements [caddy.AdminRouter].
func (a adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/cognito/status", Handler: caddy.AdminHandlerFunc(a.status)},
		{Pattern: "/cognito/refresh", Handler: caddy.AdminHandlerFunc(a.refresh)},
		{Pattern: "/cognito/sign-out", Handler: caddy.AdminHandlerFunc(a.signOut)},
	}
}

// poolStatus is one user pool in the answers.
type poolStatus struct {
	Pool         string         `json:"pool"`
	UserPoolID   string         `json:"user_pool_id"`
	CachedTokens int            `json:"cached_tokens"`
	KeySets      []keySetStatus `json:"key_sets"`
}

// keySetStatus is the key set of one issuer. Times that never came are left out.
type keySetStatus struct {
	Issuer    string     `json:"issuer"`
	JWKSURL   string     `json:"jwks_url"`
	Trusted   bool       `json:"trusted"`
	KeyIDs    []string   `json:"key_ids"`
	Fetched   *time.Time `json:"fetched,omitempty"`
	Age       string     `json:"age,omitempty"`
	Refresh   *time.Time `json:"refresh_due,omitempty"`
	Tried     *time.Time `json:"last_tried,omitempty"`
	LastError string     `json:"last_error,omitempty"`
}

func (adminAPI) status(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return methodNotAllowed(http.MethodGet)
	}
	return writeStatus(w, livePools(""))
}

// refresh answers with the status after the fetches, and with 502 when one of
// them failed.
func (adminAPI) refresh(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	name := r.URL.Query().Get("pool")
	pools := livePools(name)
	if len(pools) == 0 && name != "" {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: unknownLivePool(name)}
	}
	if err := refreshAll(r.Context(), pools); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadGateway, Err: err}
	}
	return writeStatus(w, pools)
}

// unknownLivePool is about a name that somebody typed, not one of the configuration.
func unknownLivePool(name string) error {
	return fmt.Errorf("pool: no user_pool is named %q%s", name, config.ThereAre(func(yield func(string) bool) {
		for _, pool := range livePools("") {
			if !yield(pool.name) {
				return
			}
		}
	}))
}

func methodNotAllowed(want string) error {
	return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: fmt.Errorf("method not allowed: use %s", want)}
}

func refreshAll(ctx context.Context, pools []*userPool) error {
	var errs []error
	for _, pool := range pools {
		for _, set := range pool.keySets {
			if set.key.lazy && set.remote.Status().Fetched.IsZero() {
				continue // not in use
			}
			if err := set.remote.Refresh(ctx); err != nil {
				errs = append(errs, fmt.Errorf("pool %s: %w", pool.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// livePools are the pools in use, sorted by name; all of them or those of one
// name.
func livePools(name string) (pools []*userPool) {
	userPools.Range(func(_, value any) bool {
		if pool := value.(*userPool); name == "" || pool.name == name {
			pools = append(pools, pool)
		}
		return true
	})
	slices.SortFunc(pools, func(a, b *userPool) int { return strings.Compare(a.key, b.key) })
	return pools
}

func writeStatus(w http.ResponseWriter, pools []*userPool) error {
	answer := make([]poolStatus, len(pools))
	for i, pool := range pools {
		answer[i] = pool.status()
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{
		"user_pools": answer, "sessions": sessionStatuses(), "credentials": exchangeStatuses(),
	})
}

// exchangeStatus is one identity pool or web identity in the answers: counts and
// ages, nothing about anybody.
type exchangeStatus struct {
	Name           string     `json:"name"`
	Provider       string     `json:"provider"`
	Entries        int        `json:"entries"`
	OldestObtained *time.Time `json:"oldest_obtained,omitempty"`
	NextExpiry     *time.Time `json:"next_expiry,omitempty"`
	LastExchange   *time.Time `json:"last_exchange,omitempty"`
	LastResult     string     `json:"last_result,omitempty"`
	LastError      string     `json:"last_error,omitempty"`
}

// exchangeStatuses are those of the exchanges in use, sorted by name.
func exchangeStatuses() []exchangeStatus {
	statuses := []exchangeStatus{}
	exchanges.Range(func(_, value any) bool {
		statuses = append(statuses, value.(*exchange).status())
		return true
	})
	slices.SortFunc(statuses, func(a, b exchangeStatus) int { return strings.Compare(a.Name, b.Name) })
	return statuses
}

func (e *exchange) status() exchangeStatus {
	now := e.cache.Status()
	status := exchangeStatus{
		Name: e.Name, Provider: e.Kind, Entries: now.Entries, OldestObtained: known(now.OldestObtained),
		NextExpiry: known(now.NextExpiry), LastExchange: known(now.LastExchange), LastResult: now.LastReason,
	}
	if now.LastErr != nil {
		status.LastError = cause(now.LastErr).Error()
	}
	return status
}

func (p *userPool) status() poolStatus {
	status := poolStatus{Pool: p.name, UserPoolID: p.id, CachedTokens: p.verifier.CachedTokens(), KeySets: []keySetStatus{}}
	for _, set := range p.keySets {
		status.KeySets = append(status.KeySets, set.status())
	}
	return status
}

func (s *keySet) status() keySetStatus {
	now := s.remote.Status()
	status := keySetStatus{
		Issuer: s.key.issuer, JWKSURL: now.URL, Trusted: now.Trusted, KeyIDs: slices.Clip(now.KeyIDs),
		Fetched: known(now.Fetched), Refresh: known(now.Refresh), Tried: known(now.Tried),
	}
	if status.Fetched != nil {
		status.Age = time.Since(now.Fetched).Round(time.Second).String()
	}
	if now.Err != nil {
		status.LastError = now.Err.Error()
	}
	return status
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// Interface guards
var _ caddy.AdminRouter = (*adminAPI)(nil)
