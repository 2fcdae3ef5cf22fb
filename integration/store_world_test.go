package integration_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/versity"
)

const (
	siteBucket = "site-bucket"
	readerRole = "arn:aws:iam::000000000000:role/readers"
)

// storeWorld is a world with an identity pool, and a store that takes the
// credentials which that gives out.
type storeWorld struct {
	*world
	identities *cognitolocal.IdentityPool
	store      *versity.Gateway
}

// startedStore runs a site in front of the store. In its texts, $STORE is the
// URL of the store. The block cognito_s3 of the bucket holds s3, and user is the
// block cognito_auth.
func startedStore(t *testing.T, s setup) *storeWorld {
	t.Helper()
	w := &storeWorld{world: newWorld(t)}
	pool, err := w.cognito.AddIdentityPool(cognitolocal.IdentityPoolOptions{
		Region: "us-east-1", AuthenticatedRole: readerRole, UnauthenticatedRole: readerRole, Guests: true,
	})
	check(t, err)
	w.identities = pool
	w.store, err = versity.Start(versity.Options{Dir: filepath.Join(w.dir, "store"), Sessions: sessionsOf(w.cognito)})
	check(t, err)
	t.Cleanup(func() { check(t, w.store.Close()) })
	w.fill()
	s.pools = fmt.Sprintf(`identity_pool media %s {
		user_pool main
		endpoint $COGNITO
	}
	`, pool.ID()) + s.pools
	for _, text := range []*string{&s.pools, &s.site, &s.more} {
		*text = strings.ReplaceAll(*text, "$STORE", w.store.URL())
	}
	w.load(s)
	return w
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

// identityOf is the identity of a user in the pool, whose place in the bucket is
// u/<identity>/.
func (w *storeWorld) identityOf(username string) string {
	w.Helper()
	token, err := w.pool.IDToken(username, webClient, nil)
	check(w.T, err)
	body := fmt.Sprintf(`{"IdentityPoolId":%q,"Logins":{%q:%q}}`, w.identities.ID(), w.pool.ProviderName(), token)
	got := roundTrip(w.T, http.DefaultClient, "POST", w.caddyExpand("$COGNITO/"), body,
		"Content-Type: application/x-amz-json-1.1", "X-Amz-Target: AWSCognitoIdentityService.GetId")
	return decode(w.T, got.body)["IdentityId"].(string)
}

// fill makes the bucket: a site that everybody reads, and a place for each user.
func (w *storeWorld) fill() {
	w.Helper()
	ctx := w.Context()
	check(w.T, w.store.CreateBucket(ctx, siteBucket))
	for key, body := range map[string]string{
		"index.html": "<h1>Home</h1>", "docs/index.html": "<h1>Docs</h1>", "docs/a b+c.txt": "strange", "error.html": "<h1>Sorry</h1>",
		"app.js": "console.log(1)", "u/" + w.identityOf("jo") + "/note.txt": "jo's", "u/" + w.identityOf("mo") + "/note.txt": "mo's",
	} {
		check(w.T, w.store.PutObject(ctx, siteBucket, key, []byte(body), versity.ObjectOptions{
			ContentType: contentType(key), CacheControl: "public, max-age=60",
		}))
	}
	check(w.T, w.store.PutPolicy(ctx, siteBucket, w.policy("jo", "mo")))
}

func contentType(key string) string {
	if strings.HasSuffix(key, ".html") {
		return "text/html"
	}
	return "text/plain"
}

// policy lets the role read the site, and each user do everything in the own
// place.
func (w *storeWorld) policy(users ...string) string {
	statements := []string{fmt.Sprintf(
		`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:GetObject","Resource":["arn:aws:s3:::%s/*.html","arn:aws:s3:::%s/docs/*","arn:aws:s3:::%s/app.js"]}`,
		readerRole, siteBucket, siteBucket, siteBucket)}
	for _, user := range users {
		id := w.identityOf(user)
		statements = append(statements, fmt.Sprintf(
			`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:*","Resource":"arn:aws:s3:::%s/u/%s/*"}`,
			sessionARN(id), siteBucket, id))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// as requests with the ID token of a user.
func (w *storeWorld) as(user, method, path, body string, headers ...string) answer {
	w.Helper()
	token, err := w.pool.IDToken(user, webClient, nil)
	check(w.T, err)
	return w.do(method, path, body, append([]string{"Authorization: Bearer " + token}, headers...)...)
}

// site is a site that serves the bucket, with more lines for cognito_s3.
func bucketSite(lines string) string {
	return `cognito_auth main {
		token_use id
		allow_ambiguous_path
	}
	cognito_s3 ` + siteBucket + ` {
		credentials media
		endpoint $STORE
		` + lines + `
	}`
}
