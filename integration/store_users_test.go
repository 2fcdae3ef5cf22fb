package integration_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// exchanges is how many credentials the identity pool was asked for.
func (w *storeWorld) exchanges() int { return w.cognito.Calls("GetCredentialsForIdentity") }

// TestUsersReachTheirOwnPlaceOnly: the edge does not know whose place is whose.
func TestUsersReachTheirOwnPlaceOnly(t *testing.T) {
	w := startedStore(t, setup{site: bucketSite("methods GET HEAD PUT DELETE", "show_denied")})
	for _, user := range []string{"jo", "mo", "jo"} {
		for _, owner := range []string{"jo", "mo"} {
			target := "/" + w.places[owner]
			read, write, written := 403, 403, 403
			if user == owner {
				read, write, written = 200, 200, 204
			}
			for _, row := range []struct {
				method, key string
				status      int
			}{
				{"GET", "note.txt", read}, {"HEAD", "note.txt", read}, {"PUT", "x", write}, {"DELETE", "x", written}, {"GET", "", read},
			} {
				t.Run(fmt.Sprintf("%s by %s of %s %s", row.method, user, owner, row.key), func(t *testing.T) {
					w := w.row(t)
					got := w.as(user, row.method, target+row.key, "")
					w.wantStatus(row.status, got)
					if other := map[string]string{"jo": "mo's", "mo": "jo's"}[user]; strings.Contains(got.body, other) {
						t.Errorf("expected nothing that is %s, got %q", other, got.body)
					}
				})
			}
		}
	}
	if n := w.exchanges(); n != 2 {
		t.Errorf("expected 2 exchanges, got %d", n)
	}
}

// TestUsersAtOnceNeverGetEachOthersObjects has every user read the own note, and
// ask for the other's, over connections that they share.
func TestUsersAtOnceNeverGetEachOthersObjects(t *testing.T) {
	w := startedStore(t, setup{site: bucketSite("prefix u/{http.cognito.identity_id}/"), level: "INFO"})
	w.bearerOf("jo")
	w.bearerOf("mo")
	var all sync.WaitGroup
	for _, user := range []string{"jo", "mo", "jo", "mo"} {
		all.Go(func() {
			for range 50 {
				got, err := try(t, w.web, "GET", "http://edge/note.txt", "", "Authorization: Bearer "+w.tokens[user])
				if err != nil || got.status != 200 || got.body != user+"'s note" {
					t.Errorf("expected the note of %s, got %d with %q and %v", user, got.status, got.body, err)
				}
			}
		})
	}
	all.Wait()
}

func TestGuests(t *testing.T) {
	const guests = "cognito_auth main {\ntoken_use id\noptional\n}\n"
	w := newStoreWorld(t)
	media := w.media
	w.media = strings.Replace(media, "user_pool main", "user_pool main\nguests", 1)
	w.run(setup{site: guests + bucket("methods GET HEAD PUT DELETE", "show_denied")})
	for _, row := range []struct {
		name, method, target string
		status               int
	}{
		{"a page", "GET", "/", 200}, {"an object", "GET", "/app.js", 200}, {"a page that is not for all", "GET", "/private/plan.html", 403},
		{"a user's note", "GET", "/$JO" + "note.txt", 403}, {"an upload to a user's place", "PUT", "/$JO" + "x", 403},
		{"an upload to the site", "PUT", "/x", 403}, {"a DELETE", "DELETE", "/$MO" + "note.txt", 403},
	} {
		t.Run("a guest asks for "+row.name, func(t *testing.T) {
			w := w.row(t)
			w.wantStatus(row.status, w.do(row.method, w.expand(row.target), ""))
		})
	}
	w.wantStatus(200, w.as("jo", "GET", "/$JO"+"note.txt", ""))
	w.wantStatus(401, w.get("/", "Authorization: Bearer rubbish")) // a bad token makes no guest
	w.wantStatus(401, w.bearer(w.idToken("jo", with("exp", 1))))
	if n := w.exchanges(); n != 2 {
		t.Errorf("expected 2 exchanges, for jo and the guests, got %d", n)
	}
	w.media = media
	w.run(setup{site: guests + bucket()})
	t.Run("guests that the edge does not let in", func(t *testing.T) {
		w := w.row(t)
		w.tap.forget()
		got := w.get("/app.js")
		w.wantRefused(401, got)
		w.wantLines(got, `Www-Authenticate: Bearer realm="cognito"`)
		w.tap.none(t)
	})
	t.Run("a prefix that is no guest's", func(t *testing.T) {
		w := w.row(t)
		w.media = strings.Replace(media, "user_pool main", "user_pool main\nguests", 1)
		w.run(setup{site: guests + bucket("prefix u/{http.auth.user.sub}/")})
		w.wantRefused(403, w.get("/note.txt"))
	})
}

// TestGuestsThatTheIdentityPoolRefuses is a mistake of the operator's.
func TestGuestsThatTheIdentityPoolRefuses(t *testing.T) {
	w := newStoreWorld(t, func(o *cognitolocal.IdentityPoolOptions) { o.Guests = false })
	w.media = strings.Replace(w.media, "user_pool main", "user_pool main\nguests", 1)
	w.run(setup{site: "cognito_auth main {\ntoken_use id\noptional\n}\n" + bucket()})
	w.wantRefused(403, w.get("/app.js"))
	w.wantStatus(200, w.as("jo", "GET", "/app.js", ""))
}

// TestTokensThatGetNoCredentials: nothing of it reaches the store.
func TestTokensThatGetNoCredentials(t *testing.T) {
	w := newStoreWorld(t)
	other := newPool(t, cognitolocal.Options{PoolID: "us-east-1_OtheRpool"})
	otherID, err := other.Pool().IDToken("jo", webClient, nil)
	check(t, err)
	pools := fmt.Sprintf("user_pool other %s {\nclient %s\nissuer %s\n}\n", other.Pool().ID(), webClient, other.Pool().Issuer())
	both := "cognito_auth main other {\ntoken_use id access\nallow_ambiguous_path\n}\n" + bucket("methods GET HEAD PUT")
	w.run(setup{site: both, pools: pools})
	for _, row := range []struct {
		name, token, reason string
		status              int
	}{
		{"an access token", w.access(nil), "identity pools and STS take ID tokens", 401},
		{"a token of a user pool that is not the exchange's", otherID, "name the user pool in the user_pool line", 401},
		{"a token of a client that the edge does not know", w.idToken("jo", with("aud", otherClient)), "", 401},
		{"an expired token", w.idToken("jo", with("exp", 1)), "", 401},
		{"no token", "", "", 401},
	} {
		for _, method := range []string{"GET", "HEAD", "PUT"} {
			t.Run(method+" with "+row.name, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				before := w.exchanges()
				got := w.do(method, "/app.js", map[string]string{"PUT": "x"}[method], "Authorization: Bearer "+row.token)
				w.wantRefused(row.status, got)
				if !strings.HasPrefix(got.header.Get("Www-Authenticate"), `Bearer realm="cognito"`) {
					t.Errorf("expected a challenge, got %q", got.header.Get("Www-Authenticate"))
				}
				w.tap.none(t)
				if n := w.exchanges(); n != before {
					t.Errorf("expected no exchange, got %d", n-before)
				}
				if row.reason != "" && w.logged("warn", "request refused: "+row.reason) != 1 {
					t.Errorf("expected one warning that says %q", row.reason)
				}
			})
		}
	}
}

// TestRoles: what the exchange is asked for, and whether it gives it.
func TestRoles(t *testing.T) {
	const lines = "user_pool main\nendpoint $COGNITO\n"
	mapping := map[string]cognitolocal.RoleMapping{}
	w := newStoreWorld(t, func(o *cognitolocal.IdentityPoolOptions) { o.RoleMappings = mapping })
	byToken, err := w.cognito.AddIdentityPool(cognitolocal.IdentityPoolOptions{
		Region: "us-east-1", AuthenticatedRole: readerRole, RoleMappings: map[string]cognitolocal.RoleMapping{
			w.pool.ProviderName() + ":" + webClient: {Type: cognitolocal.MappingToken, AmbiguousRoleResolution: cognitolocal.ResolveDeny},
		},
	})
	check(t, err)
	check(t, w.cognito.AddRole(cognitolocal.Role{ARN: editorRole, Trust: []cognitolocal.Trust{{UserPool: w.pool}, {IdentityPool: byToken}}}))
	check(t, w.cognito.AddRole(cognitolocal.Role{ARN: readerRole, Trust: []cognitolocal.Trust{{UserPool: w.pool}, {IdentityPool: byToken}, {IdentityPool: w.identities}}}))
	roles := with("cognito:roles", []string{editorRole, readerRole}, "cognito:preferred_role", editorRole)
	id, sts := "identity_pool media "+byToken.ID()+" {\n"+lines, "web_identity media $COGNITO {\nuser_pool main\n"
	for _, row := range []struct {
		name, media string
		claims      func(map[string]any)
		role        string // none: no credentials
		status      int
	}{
		{"the pool chooses the preferred role by itself", id, roles, editorRole, 200},
		{"a role for all goes before what the pool would choose", id + "role_arn " + readerRole + "\n", roles, readerRole, 200},
		{"the preferred role is asked for", id + "preferred_role\nrole_arn " + readerRole + "\n", roles, editorRole, 200},
		{"a group's role is asked for", id + "group_role staff " + readerRole + "\npreferred_role\n", roles, readerRole, 200},
		{"the first group decides", id + "group_role admins " + editorRole + "\ngroup_role staff " + readerRole + "\n", roles, editorRole, 200},
		{"a user of no group gets the preferred role", id + "group_role kings " + readerRole + "\npreferred_role\n", roles, editorRole, 200},
		{"a user of no group gets none", id + "group_role kings " + readerRole + "\n", roles, "", 403},
		{"the role is not among those of the token", id + "role_arn " + editorRole + "\n", with("cognito:roles", []string{readerRole}), "", 403},
		{"the token has no roles and the pool denies", id, nil, "", 403},
		{"STS is asked for a role for all", sts + "role_arn " + readerRole + "\n", nil, readerRole, 200},
		{"STS is asked for a group's role", sts + "role_arn " + readerRole + "\ngroup_role staff " + editorRole + "\n", nil, editorRole, 200},
		{"STS is asked for the preferred role", sts + "preferred_role\n", roles, editorRole, 200},
		{"STS does not know the role", sts + "role_arn arn:aws:iam::000000000000:role/unknown\n", nil, "", 403},
		{"STS is asked for the role that a token made up", sts + "preferred_role\n", with("cognito:preferred_role", "arn:aws:iam::000000000000:role/unknown"), "", 403},
		{"STS is asked for a preferred role that is none", sts + "preferred_role\n", with("cognito:preferred_role", "readers"), "", 403},
		{"STS is asked for a preferred role that is not there", sts + "preferred_role\ngroup_role kings " + editorRole + "\n", nil, "", 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.row(t)
			w.cognito.RevokeSessions(nil)
			w.tap.forget()
			w.media = row.media + "}\n"
			w.run(setup{site: idOnly + bucket("show_denied")})
			got := w.get("/app.js", "Authorization: Bearer "+w.idToken("jo", row.claims))
			if row.role == "" {
				w.wantRefused(row.status, got)
				w.tap.none(t)
				return
			}
			if row.role == readerRole { // the other one may not read here
				w.wantStatus(row.status, got)
			}
			if all := w.sessions(); len(all) != 1 || all[0].RoleARN != row.role {
				t.Errorf("expected a session of %s, got %v", row.role, all)
			}
		})
	}
}

// TestACrowd: one user's first requests are one exchange, a thousand users' are a
// thousand.
func TestACrowd(t *testing.T) {
	const crowd = 1000
	w := startedStore(t, setup{site: bucketSite(), level: "INFO"})
	token := w.bearerOf("jo")
	w.crowd(crowd, crowd, func(int) string { return token })
	if n := w.exchanges(); n != 1 {
		t.Errorf("expected 1 exchange for one user, got %d", n)
	}
	tokens := make([]string, crowd)
	for i := range tokens {
		tokens[i] = w.idToken("jo", with("sub", fmt.Sprintf("00000000-0000-4000-8000-%012d", i)))
	}
	// A call may be repeated when the pool, which is on this machine, is slow.
	exchanged := func() int {
		return int(w.metric("caddy_cognito_credential_exchanges_total", `credentials="media",provider="identity_pool",result="ok"`))
	}
	before := exchanged()
	w.crowd(crowd, 32, func(i int) string { return tokens[i] })
	if n := exchanged() - before; n != crowd {
		t.Errorf("expected %d exchanges for as many users, got %d", crowd, n)
	}
	all := w.sessions()
	slices.SortFunc(all, func(a, b cognitolocal.Session) int { return strings.Compare(a.Subject, b.Subject) })
	if n := len(slices.CompactFunc(all, func(a, b cognitolocal.Session) bool { return a.Subject == b.Subject })); n != crowd+1 {
		t.Errorf("expected a session for each user, got those of %d", n)
	}
	w.crowd(crowd, 32, func(i int) string { return tokens[i] })
	if n := exchanged() - before; n != crowd {
		t.Errorf("expected no exchange for users who are known, got %d", n-crowd)
	}
}

// crowd sends n requests, so many at once. A thousand exchanges at once would take
// longer on a slow machine than anybody is made to wait for one.
func (w *storeWorld) crowd(n, atOnce int, token func(int) string) {
	w.Helper()
	client := edge.Client(filepath.Join(w.dir, "site.sock"))
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	var failed atomic.Int32
	start, turn := make(chan struct{}), make(chan struct{}, atOnce)
	for i := range n {
		all.Go(func() {
			<-start
			turn <- struct{}{}
			defer func() { <-turn }()
			got, err := try(w.T, client, "GET", "http://edge/app.js", "", "Authorization: Bearer "+token(i))
			if err != nil || got.status != 200 {
				failed.Add(1)
				w.Logf("request %d: status %d, %v", i, got.status, err)
			}
		})
	}
	close(start)
	all.Wait()
	if failed.Load() > 0 {
		w.Errorf("expected %d good answers, %d are missing", n, failed.Load())
	}
}
