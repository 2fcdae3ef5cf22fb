package integration_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/s3root"
	"github.com/caddy-cognito/caddy-cognito/integration/versity"
)

const (
	siteBucket = "site-bucket"
	readerRole = "arn:aws:iam::000000000000:role/readers"
	editorRole = "arn:aws:iam::000000000000:role/editors"

	storeDomain = "s3.test" // buckets are hosts of it
)

// root is a store as its root user sees it.
type root interface {
	URL() string
	CreateBucket(ctx context.Context, name string) error
	PutObject(ctx context.Context, bucket, key string, body []byte, o s3root.ObjectOptions) error
	GetObject(ctx context.Context, bucket, key string) ([]byte, error)
	Keys(ctx context.Context, bucket string) ([]string, error)
	PutPolicy(ctx context.Context, bucket, policyJSON string) error
	Close() error
}

// storeWorld is a world with an identity pool and a store that takes the
// credentials which that gives out. Between the edge and the store is a tap.
type storeWorld struct {
	*world
	identities *cognitolocal.IdentityPool
	store      root
	tap        *tap
	media      string            // the block of the exchange
	places     map[string]string // where each user's keys begin
	tokens     map[string]string // ID tokens by user

	refusesEmptySegments bool // the store does, in keys
}

// newStoreWorld starts all but Caddy. The identity pool differs from the usual one
// in what change says.
func newStoreWorld(t *testing.T, change ...func(*cognitolocal.IdentityPoolOptions)) *storeWorld {
	t.Helper()
	w := &storeWorld{world: newWorld(t), places: make(map[string]string), tokens: make(map[string]string)}
	o := cognitolocal.IdentityPoolOptions{
		Region: "us-east-1", AuthenticatedRole: readerRole, UnauthenticatedRole: readerRole, Guests: true,
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	w.identities, err = w.cognito.AddIdentityPool(o)
	check(t, err)
	w.media = fmt.Sprintf("identity_pool media %s {\nuser_pool main\nendpoint $COGNITO\n}\n", w.identities.ID())
	w.store, err = versity.Start(versity.Options{Dir: filepath.Join(w.dir, "store"), Sessions: sessionsOf(w.cognito), Domain: storeDomain})
	check(t, err)
	t.Cleanup(func() { check(t, w.store.Close()) })
	w.tap = newTap(t, w.store.URL())
	for _, user := range []string{"jo", "mo"} {
		w.places[user] = "u/" + w.identityOf(user) + "/"
	}
	w.fill()
	check(t, w.store.PutPolicy(t.Context(), siteBucket, w.policy()))
	return w
}

// startedStore runs a site in front of the store.
func startedStore(t *testing.T, s setup) *storeWorld {
	t.Helper()
	w := newStoreWorld(t)
	w.run(s)
	return w
}

// run runs Caddy. In its texts, $STORE is the URL of the store, and $JO and $MO are
// where the keys of these users begin.
func (w *storeWorld) run(s setup) {
	w.Helper()
	w.load(w.with(s))
}

func (w *storeWorld) with(s setup) setup {
	s.pools = w.media + s.pools
	for _, text := range []*string{&s.pools, &s.site, &s.more, &s.global} {
		*text = w.expand(*text)
	}
	return s
}

func (w *storeWorld) expand(text string) string {
	return strings.NewReplacer("$STORE", w.tap.url, "$JO", w.places["jo"], "$MO", w.places["mo"]).Replace(text)
}

// row is the world with another T, for the rows of a table.
func (w *storeWorld) row(t *testing.T) *storeWorld {
	copied, inner := *w, *w.world
	inner.T, copied.world = t, &inner
	return &copied
}

// sessionsOf lets a store ask the issuer. Each session is named after its
// identity, so that policies can tell users apart as
// ${cognito-identity.amazonaws.com:sub} does at AWS.
func sessionsOf(issuer *cognitolocal.Server) func(string) (versity.Session, bool) {
	return func(accessKeyID string) (versity.Session, bool) {
		s, ok := issuer.Session(accessKeyID)
		arn := s.SessionARN
		if s.IdentityID != "" {
			arn = sessionARN(s.IdentityID)
		}
		return versity.Session{
			AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: s.SessionToken,
			Expires: s.Expires, RoleARN: s.RoleARN, SessionARN: arn,
		}, ok
	}
}

// sessionARN names the session of an identity; such names hold no colon.
func sessionARN(identityID string) string {
	return "arn:aws:sts::000000000000:assumed-role/readers/" + strings.ReplaceAll(identityID, ":", "=")
}

// sessions are all that were given out and not revoked, in no order.
func (w *storeWorld) sessions() (all []cognitolocal.Session) {
	w.cognito.RevokeSessions(func(s cognitolocal.Session) bool {
		all = append(all, s)
		return false
	})
	return all
}

// identityOf is the identity of a user in the pool.
func (w *storeWorld) identityOf(username string) string {
	w.Helper()
	token := w.idToken(username, nil)
	body := fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{%q:%q}}`, w.identities.ID(), w.pool.ProviderName(), token)
	got := roundTrip(w.T, http.DefaultClient, "POST", w.caddyExpand("$COGNITO/"), body,
		"Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSCognitoIdentityService.GetId")
	id, ok := decode(w.T, got.body)["IdentityId"].(string)
	if !ok {
		w.Fatalf("expected an identity, got %q", got.body)
	}
	return id
}

// fill makes the bucket: a site that everybody reads, and a place for each user.
func (w *storeWorld) fill() {
	w.Helper()
	check(w.T, w.store.CreateBucket(w.Context(), siteBucket))
	objects := map[string]string{
		"index.html": "<h1>Home</h1>", "docs/index.html": "<h1>Docs</h1>", "docs/a b+c.txt": "strange", "error.html": "<h1>Sorry</h1>",
		"app.js": "console.log(1)", "docs/ten.txt": "0123456789", "docs/empty.txt": "", "private/plan.html": "secret",
	}
	for user, place := range w.places {
		objects[place+"note.txt"], objects[place+"index.html"] = user+"'s note", user+"'s page"
	}
	for key, body := range objects {
		w.put(key, body, s3root.ObjectOptions{ContentType: contentType(key), CacheControl: "public, max-age=60"})
	}
}

func (w *storeWorld) put(key, body string, o s3root.ObjectOptions) {
	w.Helper()
	check(w.T, w.store.PutObject(w.Context(), siteBucket, key, []byte(body), o))
}

func contentType(key string) string {
	if strings.HasSuffix(key, ".html") {
		return "text/html"
	}
	return "text/plain"
}

// policy lets the role read the site, and each user do everything in the own
// place.
func (w *storeWorld) policy() string {
	var site []string
	for _, pattern := range []string{"index.html", "error.html", "app.js", "docs/*", "shapes/*"} {
		site = append(site, fmt.Sprintf(`"arn:aws:s3:::%s/%s"`, siteBucket, pattern))
	}
	statements := []string{fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:GetObject","Resource":[%s]}`,
		readerRole, strings.Join(site, ","))}
	for _, place := range slices.Sorted(maps.Values(w.places)) {
		id := strings.TrimSuffix(strings.TrimPrefix(place, "u/"), "/")
		statements = append(statements, fmt.Sprintf(
			`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:*","Resource":"arn:aws:s3:::%s/%s*"}`, sessionARN(id), siteBucket, place))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// idToken mints one.
func (w *world) idToken(user string, mutate func(map[string]any)) string {
	w.Helper()
	token, err := w.pool.IDToken(user, webClient, mutate)
	check(w.T, err)
	return token
}

// bearerOf is an ID token of a user, always the same one.
func (w *storeWorld) bearerOf(user string) string {
	w.Helper()
	if w.tokens[user] == "" {
		w.tokens[user] = w.idToken(user, nil)
	}
	return w.tokens[user]
}

// as requests with the ID token of a user.
func (w *storeWorld) as(user, method, path, body string, headers ...string) answer {
	w.Helper()
	return w.do(method, w.expand(path), body, append([]string{"Authorization: Bearer " + w.bearerOf(user)}, headers...)...)
}

// contents is every object of the bucket.
func (w *storeWorld) contents() map[string]string {
	w.Helper()
	keys, err := w.store.Keys(w.Context(), siteBucket)
	check(w.T, err)
	objects := make(map[string]string, len(keys))
	for _, key := range keys {
		body, err := w.store.GetObject(w.Context(), siteBucket, key)
		check(w.T, err)
		objects[key] = string(body)
	}
	return objects
}

// wantContents compares all of the bucket with what it was.
func (w *storeWorld) wantContents(want map[string]string) {
	w.Helper()
	got := w.contents()
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if before, ok := want[key]; !ok || before != got[key] {
			w.Errorf("expected nothing to be written, got %q with %.100q", key, got[key])
		}
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			w.Errorf("expected nothing to be deleted, %q is gone", key)
		}
	}
}

const idOnly = "cognito_auth main {\ntoken_use id\nallow_ambiguous_path\n}\n"

// bucketSite serves the bucket, with more lines for cognito_s3.
func bucketSite(lines ...string) string { return idOnly + bucket(lines...) }

func bucket(lines ...string) string {
	return "cognito_s3 " + siteBucket + " {\ncredentials media\nendpoint $STORE\n" + strings.Join(lines, "\n") + "\n}\n"
}
