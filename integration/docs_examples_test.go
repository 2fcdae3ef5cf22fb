package integration_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// exampleValues are values for what the Caddyfiles of caddyfile/examples take from
// the environment.
var exampleValues = map[string]string{
	"COGNITO_POOL_ID":           "eu-west-1_AbCdEfGhI",
	"COGNITO_CLIENT_ID":         "1h57kf5cpq17m0eml12example",
	"COGNITO_CLIENT_SECRET":     "51secretexample",
	"COGNITO_MACHINE_CLIENT_ID": "2h57kf5cpq17m0eml12example",
	"COGNITO_DOMAIN":            "auth.example.com",
	"COGNITO_IDENTITY_POOL_ID":  "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000",
	"CUSTOMER_POOL_ID":          "eu-west-1_AbCdEfGhI",
	"CUSTOMER_CLIENT_ID":        "1h57kf5cpq17m0eml12example",
	"STAFF_POOL_ID":             "eu-west-1_JkLmNoPqR",
	"STAFF_CLIENT_ID":           "3h57kf5cpq17m0eml12example",
	"SITE_BUCKET":               "private-site",
	"UPLOAD_BUCKET":             "user-uploads",
	"MINIO_URL":                 "https://minio.internal:9000",
	"MINIO_BUCKET":              "private-site",
}

// repository is the root of the module. A local store changes the working
// directory of the process.
var repository = func() string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return root
}()

var envPlaceholder = regexp.MustCompile(`\{env\.([A-Z_]+)\}`)

// setExampleValues gives a value to every placeholder, those of pairs first.
func setExampleValues(t *testing.T, pairs ...string) {
	t.Helper()
	for name, value := range exampleValues {
		t.Setenv(name, value)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if exampleValues[pairs[i]] == "" {
			t.Fatalf("expected one of the placeholders of the examples, got %q", pairs[i])
		}
		t.Setenv(pairs[i], pairs[i+1])
	}
}

// examples are the texts of caddyfile/examples by name.
func examples(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, "caddyfile/examples/*.Caddyfile"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("expected examples, got %v", err)
	}
	texts := make(map[string]string)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(t, err)
		texts[strings.TrimSuffix(filepath.Base(path), ".Caddyfile")] = string(text)
	}
	return texts
}

// People copy these files and fill in what is theirs.
func TestExamplesLoad(t *testing.T) {
	setExampleValues(t)
	// Validating must not make the folder of the fleet here.
	storage := strings.NewReplacer("/mnt/caddy", t.TempDir())
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			if want := string(caddyfile.Format([]byte(text))); text != want {
				t.Errorf("expected it as caddy fmt writes it,\n%s", want)
			}
			config, err := adapt(t, text)
			check(t, err)
			check(t, validate(t, []byte(storage.Replace(string(config)))))
		})
	}
}

// The head of each example says what to set, all of it and nothing else.
func TestExamplesNameTheirPlaceholders(t *testing.T) {
	word := regexp.MustCompile(`\b[A-Z]+(_[A-Z]+)+\b`)
	for name, text := range examples(t) {
		head, _, _ := strings.Cut(text, "\n{")
		_, list, ok := strings.Cut(head, "From the environment: ")
		if !ok {
			t.Errorf("%s: expected a line that says what comes from the environment", name)
			continue
		}
		named := word.FindAllString(list, -1)
		var used []string
		for _, found := range envPlaceholder.FindAllStringSubmatch(text, -1) {
			if exampleValues[found[1]] == "" {
				t.Errorf("%s: no test gives a value to %s", name, found[1])
			}
			if !slices.Contains(used, found[1]) {
				used = append(used, found[1])
			}
		}
		slices.Sort(named)
		slices.Sort(used)
		if !slices.Equal(named, used) {
			t.Errorf("%s: expected %q to be named, got %q", name, used, named)
		}
	}
}

// exampleRuns make an allowed and a refused request in front of each example.
var exampleRuns = map[string]func(t *testing.T){
	"api": runAPIExample, "several-pools": runPoolsExample, "static-site": runSiteExample, "uploads": runUploadsExample,
	"sign-in-page": runPageExample, "hosted-sign-in": runHostedExample, "dynamodb": runServiceExample, "minio": runMinIOExample,
	"fleet": runFleetExample, "api-with-sign-in-for-browsers": runMixedExample,
}

func TestExamplesRun(t *testing.T) {
	for name := range examples(t) {
		run := exampleRuns[name]
		if run == nil {
			t.Errorf("%s: expected it to be run by a test", name)
			continue
		}
		t.Run(name, run)
	}
}

// exampleAt is where an example runs instead of at AWS.
type exampleAt struct {
	pools    map[string]*cognitolocal.Server // by the placeholder of the pool ID
	store    string                          // the URL of the store
	upstream string                          // host:port
	storage  string
}

// runExample loads an example as it is written, except for the addresses of what
// is around it. Its site answers on the world's socket, to the hosts edge and
// localhost.
func (w *world) runExample(name string, at exampleAt) {
	w.Helper()
	w.runShown(examples(w.T)[name], at)
}

// runShown does that with any text for users.
func (w *world) runShown(text string, at exampleAt) {
	w.Helper()
	document := w.relocated(text, at)
	document["logging"] = map[string]any{"logs": map[string]any{"default": w.debugLog()}}
	w.loadDocument(document)
}

// debugLog is the log of a world, as JSON.
func (w *world) debugLog() map[string]any {
	return map[string]any{
		"level": "DEBUG", "writer": map[string]any{"output": "file", "filename": filepath.Join(w.dir, "caddy.log"), "roll": false},
	}
}

// relocated is the configuration of a Caddyfile with other addresses.
func (w *world) relocated(text string, at exampleAt) map[string]any {
	w.Helper()
	config, err := adapt(w.T, text)
	check(w.T, err)
	decoder := json.NewDecoder(bytes.NewReader(config))
	decoder.UseNumber() // or durations become floats
	var document map[string]any
	check(w.T, decoder.Decode(&document))
	if at.upstream == "" {
		at.upstream = w.upstream.addr
	}
	if at.storage == "" {
		at.storage = filepath.Join(w.dir, "storage")
	}
	w.relocate(document, at)
	document["admin"] = map[string]any{"listen": "unix/" + filepath.Join(w.dir, "admin.sock"), "config": map[string]any{"persist": false}}
	document["storage"] = map[string]any{"module": "file_system", "root": at.storage}
	return document
}

// loadDocument runs Caddy with a configuration in JSON.
func (w *world) loadDocument(document map[string]any) {
	w.Helper()
	changed, err := json.Marshal(document)
	check(w.T, err)
	w.web.CloseIdleConnections()
	check(w.T, edge.Stop())
	check(w.T, caddy.Load(changed, true))
}

// relocate changes the addresses in a configuration.
func (w *world) relocate(value any, at exampleAt) {
	switch value := value.(type) {
	case []any:
		for _, member := range value {
			w.relocate(member, at)
		}
	case map[string]any:
		for _, member := range value {
			w.relocate(member, at)
		}
		w.relocateObject(value, at)
	}
}

func (w *world) relocateObject(object map[string]any, at exampleAt) {
	here := w.caddyExpand("$COGNITO")
	if id, _ := object["id"].(string); id != "" && object["client"] != nil {
		server := w.cognito
		if other := at.pools[id]; other != nil {
			server = other
		}
		issuer := server.Pool().Issuer()
		object["issuer"], object["endpoint"] = []string{issuer}, strings.TrimSuffix(issuer, "/"+server.Pool().ID())
	}
	for _, kind := range []string{"identity_pool", "web_identity"} {
		entries, _ := object[kind].(map[string]any)
		for _, entry := range entries {
			entry.(map[string]any)["endpoint"] = here
		}
	}
	if object["handler"] == "cognito_s3" {
		object["endpoint"] = at.store
	}
	if object["host"] != nil {
		object["host"] = []string{"edge", "localhost"}
	}
	if object["listen"] != nil {
		object["listen"] = []string{"unix/" + filepath.Join(w.dir, "site.sock")}
		object["automatic_https"] = map[string]any{"disable": true}
	}
	if object["dial"] != nil {
		object["dial"] = at.upstream
	}
	if object["origin"] != nil {
		object["origin"] = app
	}
	delete(object, "tls") // of transports
}

// signinExample is a world with the app client that people sign in with.
func signinExample(t *testing.T, name string) *signinWorld {
	t.Helper()
	w := &signinWorld{newWorld(t)}
	w.addClient(cognitolocal.Client{})
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", signinClient, "COGNITO_CLIENT_SECRET", signinSecret,
		"COGNITO_DOMAIN", w.caddyExpand("$COGNITO"), "COGNITO_MACHINE_CLIENT_ID", machineClient)
	w.runExample(name, exampleAt{})
	w.awaitSignin()
	return w
}

// awaitSignin waits for the keys of sessions, which a new storage does not have.
func (w *world) awaitSignin() {
	w.Helper()
	eventually(w.T, "sign-in is ready", func() bool {
		return roundTrip(w.T, w.web, "GET", app+"/_cognito/sign-in", "", "Accept: text/html", "Sec-Fetch-Mode: navigate").status < 400
	})
	w.upstream.take()
}

func runAPIExample(t *testing.T) {
	w := newWorld(t)
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", webClient)
	w.runExample("api", exampleAt{})
	w.wantStatus(200, w.get("/health", "X-Cognito-Sub: forged"))
	if got := w.upstream.one(t); got.header.Get("X-Cognito-Sub") != "" {
		t.Errorf("expected no identity on the public route, got %v", got.header)
	}
	jo, mo := "Authorization: Bearer "+w.access(nil), ""
	token, err := w.pool.AccessToken("mo", webClient, nil)
	check(t, err)
	mo = "Authorization: Bearer " + token
	w.wantStatus(200, w.get("/orders", mo))
	if got := w.upstream.one(t); got.header.Get("X-Cognito-Username") != "mo" || got.header.Get("X-Signed-In-At") == "" {
		t.Errorf("expected the identity of mo and the time of the sign-in, got %v", got.header)
	}
	w.wantStatus(200, w.get("/admin/users", jo))
	w.wantStatus(403, w.get("/admin/users", mo))
	w.wantProblem(401, "missing", w.get("/orders"))
}

func runPoolsExample(t *testing.T) {
	w := newWorld(t)
	staff := newPool(t, cognitolocal.Options{PoolID: "eu-west-1_Staff"})
	setExampleValues(t, "CUSTOMER_POOL_ID", w.pool.ID(), "CUSTOMER_CLIENT_ID", webClient, "STAFF_POOL_ID", staff.Pool().ID(), "STAFF_CLIENT_ID", webClient)
	w.runExample("several-pools", exampleAt{pools: map[string]*cognitolocal.Server{"{env.STAFF_POOL_ID}": staff}})
	token, err := staff.Pool().AccessToken("jo", webClient, nil)
	check(t, err)
	customer, employee := "Authorization: Bearer "+w.access(nil), "Authorization: Bearer "+token
	for header, pool := range map[string]string{customer: "customers", employee: "staff"} {
		w.wantStatus(200, w.get("/orders", header))
		if got := w.upstream.one(t).header.Get("X-Pool"); got != pool {
			t.Errorf("expected the pool %s, got %q", pool, got)
		}
	}
	w.wantStatus(200, w.get("/back-office/", employee))
	w.wantStatus(401, w.get("/back-office/", customer))
	w.wantStatus(401, w.get("/orders"))
}

func runSiteExample(t *testing.T) {
	w := newStoreWorld(t)
	in := &signinWorld{w.world}
	in.addClient(cognitolocal.Client{})
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", signinClient, "COGNITO_CLIENT_SECRET", signinSecret,
		"COGNITO_IDENTITY_POOL_ID", w.identities.ID(), "SITE_BUCKET", siteBucket)
	w.runExample("static-site", exampleAt{store: w.tap.url})
	w.awaitSignin()
	b := in.newBrowser()
	if got := b.open("/docs/"); got.url.Path != "/_cognito/sign-in" {
		t.Fatalf("expected the sign-in page, got %d at %v", got.status, got.url)
	}
	if got := b.submit("username", "jo", "password", password); got.status != 200 || got.body != "<h1>Docs</h1>" {
		t.Errorf("expected the page, got %d at %v with %q", got.status, got.url, got.body)
	}
	if got := b.open("/private/plan.html"); got.status != 404 || got.body != "<h1>Sorry</h1>" {
		t.Errorf("expected the error document instead of what the store denies, got %d with %q", got.status, got.body)
	}
	w.wantStatus(401, w.get("/docs/"))
}

func runUploadsExample(t *testing.T) {
	w := newStoreWorld(t)
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", webClient, "COGNITO_IDENTITY_POOL_ID", w.identities.ID(), "UPLOAD_BUCKET", siteBucket)
	jo := w.identityOf("jo")
	check(t, w.store.PutPolicy(t.Context(), siteBucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*",`+
		`"Principal":{"AWS":"`+sessionARN(jo)+`"},"Resource":"arn:aws:s3:::`+siteBucket+`/users/`+jo+`/*"}]}`))
	w.runExample("uploads", exampleAt{store: w.tap.url})
	w.wantStatus(200, w.as("jo", "PUT", "/photo.jpg", "a photo"))
	if got := w.contents()["users/"+jo+"/photo.jpg"]; got != "a photo" {
		t.Errorf("expected the upload in the folder of jo, got %q", got)
	}
	if got := w.as("jo", "GET", "/photo.jpg", ""); got.status != 200 || got.body != "a photo" {
		t.Errorf("expected the upload, got %d with %q", got.status, got.body)
	}
	w.wantStatus(403, w.as("mo", "PUT", "/photo.jpg", "a photo"))
	w.wantStatus(405, w.as("jo", "POST", "/photo.jpg", "a photo"))
	w.wantStatus(401, w.do("PUT", "/photo.jpg", "a photo"))
	w.wantStatus(204, w.as("jo", "DELETE", "/photo.jpg", ""))
}

// wantSignIn goes to a page of an example, signs in there and comes back.
func (w *signinWorld) wantSignIn(b *browser, page string) {
	w.Helper()
	b.open(page)
	got := b.submit("username", "jo", "password", password)
	if got.status != 200 || got.url.String() != app+page {
		w.Fatalf("expected %s, got %d at %v with %.200q", page, got.status, got.url, got.body)
	}
	requests := w.upstream.take()
	if len(requests) != 1 || requests[0].header.Get("X-Cognito-Username") != "jo" || strings.Contains(requests[0].header.Get("Cookie"), "cognito") {
		w.Errorf("expected one request of jo at the upstream, without the session, got %v", requests)
	}
}

func runPageExample(t *testing.T) {
	w := signinExample(t, "sign-in-page")
	w.wantStatus(200, w.get("/about/us"))
	w.upstream.take()
	w.wantStatus(401, w.get("/inbox"))
	b := w.newBrowser()
	w.wantSignIn(b, "/inbox")
	if got := b.open("/_cognito/session"); got.status != 200 || !strings.Contains(got.body, userEmail) {
		t.Errorf("expected the session to tell the e-mail address, got %d with %q", got.status, got.body)
	}
}

func runHostedExample(t *testing.T) {
	w := signinExample(t, "hosted-sign-in")
	w.wantStatus(401, w.get("/inbox"))
	b := w.newBrowser()
	b.open("/inbox")
	if want := strings.TrimPrefix(w.pool.DomainURL(), "http://"); b.page.url.Host != want {
		t.Fatalf("expected the hosted pages at %s, got %v", want, b.page.url)
	}
	if got := b.submit("username", "jo", "password", password); got.status != 200 || got.url.String() != app+"/inbox" {
		t.Fatalf("expected the inbox, got %d at %v with %.200q", got.status, got.url, got.body)
	}
	if got := w.upstream.one(t); got.header.Get("X-Cognito-Email") != userEmail {
		t.Errorf("expected the e-mail address at the upstream, got %v", got.header)
	}
}

func runServiceExample(t *testing.T) {
	w := newWorld(t)
	service := newService(t, "dynamodb", w.cognito, nil)
	identities, err := w.cognito.AddIdentityPool(cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole})
	check(t, err)
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", webClient, "COGNITO_IDENTITY_POOL_ID", identities.ID())
	w.runExample("dynamodb", exampleAt{upstream: service.addr})
	call := []string{"Content-Type: application/x-amz-json-1.0", "X-Amz-Target: DynamoDB_20120810.GetItem"}
	signedIn := append(call, "Authorization: Bearer "+w.identity(nil))
	w.wantStatus(200, w.do("POST", "/", `{"TableName":"orders"}`, signedIn...))
	w.wantStatus(404, w.do("GET", "/", "", signedIn...))
	w.wantStatus(404, w.do("POST", "/orders", `{}`, signedIn...))
	w.wantProblem(401, "missing", w.do("POST", "/", `{"TableName":"orders"}`, call...))
}

func runMinIOExample(t *testing.T) {
	w := newStoreWorld(t)
	const role = "arn:aws:iam::000000000000:role/any"
	check(t, w.cognito.AddRole(cognitolocal.Role{ARN: role, Trust: []cognitolocal.Trust{{UserPool: w.pool}}}))
	check(t, w.store.PutPolicy(t.Context(), siteBucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",`+
		`"Principal":{"AWS":"`+role+`"},"Resource":"arn:aws:s3:::`+siteBucket+`/docs/*"}]}`))
	setExampleValues(t, "COGNITO_POOL_ID", w.pool.ID(), "COGNITO_CLIENT_ID", webClient, "MINIO_BUCKET", siteBucket)
	w.runExample("minio", exampleAt{store: w.tap.url})
	if got := w.as("jo", "GET", "/docs/", ""); got.status != 200 || got.body != "<h1>Docs</h1>" {
		t.Errorf("expected the page, got %d with %q", got.status, got.body)
	}
	w.wantStatus(404, w.as("jo", "GET", "/private/plan.html", ""))
	w.wantStatus(401, w.get("/docs/"))
	if w.cognito.Calls("AssumeRoleWithWebIdentity") != 1 {
		t.Errorf("expected the credentials to come from the STS")
	}
}

// Instances are as different as restarts: what they share is in the storage.
func runFleetExample(t *testing.T) {
	w := signinExample(t, "fleet")
	w.wantStatus(401, w.get("/inbox"))
	b := w.newBrowser()
	w.wantSignIn(b, "/inbox")
	w.runExample("fleet", exampleAt{}) // another instance
	w.awaitSignin()
	if got := b.open("/inbox"); got.status != 200 || got.url.String() != app+"/inbox" {
		t.Errorf("expected the other instance to know the session, got %d at %v", got.status, got.url)
	}
	w.runExample("fleet", exampleAt{storage: filepath.Join(w.dir, "elsewhere")}) // a stranger
	w.awaitSignin()
	if got := b.open("/inbox"); got.url.Path != "/_cognito/sign-in" {
		t.Errorf("expected an instance with another storage not to know the session, got %d at %v", got.status, got.url)
	}
}

func runMixedExample(t *testing.T) {
	w := signinExample(t, "api-with-sign-in-for-browsers")
	b := w.newBrowser()
	w.wantSignIn(b, "/inbox")
	if got := b.open("/api/orders"); got.status != 200 {
		t.Errorf("expected the session to do for the API, got %d", got.status)
	}
	token, err := w.pool.AccessToken("jo", machineClient, nil)
	check(t, err)
	bearer := "Authorization: Bearer " + token
	w.wantStatus(200, w.get("/api/orders", bearer))
	w.wantStatus(401, w.get("/inbox", bearer))
	w.wantProblem(401, "missing", w.get("/api/orders"))
	if got := w.newBrowser().open("/api/orders"); got.status != 401 {
		t.Errorf("expected no redirect from the API, got %d at %v", got.status, got.url)
	}
}
