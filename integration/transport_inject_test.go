package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// injectedNames are the headers for key ID, secret, token and end.
type injectedNames [4]string

var (
	defaultNames = injectedNames{"X-Cognito-Access-Key-Id", "X-Cognito-Secret-Access-Key", "X-Cognito-Session-Token", "X-Cognito-Expires"}
	otherNames   = injectedNames{"Store-Key", "Store-Secret", "Store-Token", "Store-Until"}
)

const injectOthers = "inject {\naccess_key_id store-key\nsecret_access_key STORE-SECRET\nsession_token Store-Token\nexpires Store-Until\n}"

// injecting lets aliases of headers pass that Caddy's own filter would drop.
func injecting(transport string) signing {
	s := signing{transport: transport, upstreams: "$UPSTREAM"}
	s.server = "expected_underscore_headers X_Cognito_* x_cognito-* Store_* store_*\nexpected_dot_headers X.Cognito.* Store.*\nprotocols h1 h2c"
	return s
}

// wantCredentials looks the credentials up with who issued them: they must be one
// set, of the user, and the only one.
func (w *serviceWorld) wantCredentials(got seen, user string, names injectedNames) cognitolocal.Session {
	w.Helper()
	values := make([]string, len(names))
	for i, name := range names {
		if all := got.header[name]; len(all) != 1 {
			w.Errorf("expected one value of %s, got %q", name, all)
		} else {
			values[i] = all[0]
		}
	}
	session, ok := w.cognito.Session(values[0])
	if !ok || session.Subject != w.sub(user) || session.SecretAccessKey != values[1] || session.SessionToken != values[2] {
		w.Errorf("expected credentials of %s, got %q of %v", user, values, session)
	}
	until, err := time.Parse(time.RFC3339, values[3])
	if err != nil || !strings.HasSuffix(values[3], "Z") || until.After(session.Expires) {
		w.Errorf("expected a time until %v, got %s", session.Expires, values[3])
	}
	for _, fields := range []http.Header{got.header, got.trailer} {
		for name := range fields {
			if isAlias := slices.ContainsFunc(names[:], func(n string) bool { return fold(n) == fold(name) && n != name }); isAlias {
				w.Errorf("an alias reached the upstream: %s", name)
			}
		}
	}
	return session
}

func TestInjectedCredentialsAreThoseOfTheUser(t *testing.T) {
	for _, row := range []struct {
		name, transport string
		names           injectedNames
	}{
		{"under their own names", "inject", defaultNames},
		{"under configured names", injectOthers, otherNames},
		{"under one configured name", "inject {\nsession_token Store-Token\n}", injectedNames{defaultNames[0], defaultNames[1], "Store-Token", defaultNames[3]}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startedService(t, injecting(row.transport))
			keys := make(map[string]bool)
			for _, user := range []string{"jo", "mo", "jo"} {
				w.wantStatus(200, w.as(user, "PUT", "/a%20b?c=d;e", "hello", "X-Other: a", "Cookie: a=b"))
				got := w.upstream.one(t)
				keys[w.wantCredentials(got, user, row.names).AccessKeyID] = true
				if got.method != "PUT" || got.uri != "/a%20b?c=d;e" || got.body != "hello" || got.header.Get("X-Other") != "a" || got.header.Get("Cookie") != "a=b" {
					t.Errorf("expected the rest as it was, got %+v", got)
				}
				if len(got.header["Authorization"])+len(got.header["X-Amz-Date"]) > 0 {
					t.Errorf("expected no signature, got %v", got.header)
				}
			}
			if len(keys) != 2 || w.exchanges() != 2 {
				t.Errorf("expected two sets of credentials, got %d after %d exchanges", len(keys), w.exchanges())
			}
		})
	}
}

// credentialSpoofs are lines with which mallory brings credentials of its own, or
// takes the user's away.
func credentialSpoofs(names injectedNames) map[string][]string {
	spoofs := make(map[string][]string)
	for _, name := range names {
		under, dots := strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", ".")
		spoofs["the header "+name] = []string{name + ": mallory"}
		spoofs["in lower case, twice, "+name] = []string{strings.ToLower(name) + ": mallory", strings.ToUpper(name) + ": mallory"}
		spoofs["with underscores "+name] = []string{under + ": mallory", strings.ToLower(under) + ": mallory"}
		spoofs["with one underscore "+name] = []string{strings.Replace(name, "-", "_", 1) + ": mallory"}
		spoofs["with dots "+name] = []string{dots + ": mallory"}
		spoofs["with other characters "+name] = []string{strings.ReplaceAll(name, "-", "!") + ": mallory", strings.ReplaceAll(name, "-", "~") + ": mallory"}
		spoofs["Connection names "+name] = []string{"Connection: " + name}
		spoofs["Connection names, in lower case, "+name] = []string{"Connection: close, " + strings.ToLower(name) + ",", name + ": mallory"}
		spoofs["a continuation of "+name] = []string{name + ":", " mallory"}
		spoofs["Trailer names "+name] = []string{"Trailer: " + name}
	}
	spoofs["Connection names all"] = []string{"Connection: " + strings.Join(names[:], ", ")}
	spoofs["all of them"] = []string{names[0] + ": mallory", names[1] + ": mallory", names[2] + ": mallory", names[3] + ": mallory"}
	return spoofs
}

// TestClientsCannotBringCredentials: neither where credentials are injected, nor on
// other routes to the same upstream, nor on the way of errors.
func TestClientsCannotBringCredentials(t *testing.T) {
	for transport, names := range map[string]injectedNames{"inject": defaultNames, injectOthers: otherNames} {
		s := injecting(transport)
		s.site = "handle /public {\ncognito_strip\nreverse_proxy $UPSTREAM\n}\n" +
			"handle /api {\ncognito_auth main {\ntoken_use id\n}\nreverse_proxy $UPSTREAM\n}\n" +
			"handle {\n" + authOf("") + s.proxyTo("$UPSTREAM") + "}\n" +
			"handle_errors {\nreverse_proxy $UPSTREAM\n}"
		w := startedService(t, s)
		jo := w.bearerOf("jo")
		for name, lines := range credentialSpoofs(names) {
			t.Run(name, func(t *testing.T) {
				w := w.in(t)
				w.wantStatus(200, w.raw(rawGet("/", append(lines, jo)...)))
				w.wantCredentials(w.upstream.one(t), "jo", names)
				for path, line := range map[string]string{"/public": "X-Nothing: a", "/api": jo, "/": "X-Nothing: a"} { // the last is an error
					w.wantStatus(200, w.raw(rawGet(path, append(lines, line)...)))
					w.noCredentials(w.upstream.one(t), names)
				}
			})
		}
	}
}

// noCredentials looks for anything that an upstream may take for one of the names.
func (w *serviceWorld) noCredentials(got seen, names injectedNames) {
	w.Helper()
	for _, fields := range []http.Header{got.header, got.trailer} {
		for name, values := range fields {
			if slices.ContainsFunc(names[:], func(n string) bool { return fold(n) == fold(name) }) {
				w.Errorf("the upstream got %s: %q", name, values)
			}
		}
	}
}

func TestTrailersCannotBringCredentials(t *testing.T) {
	s := injecting(injectOthers)
	s.site = "handle /public {\ncognito_strip\nreverse_proxy $UPSTREAM\n}\nhandle {\n" + authOf("") + s.proxyTo("$UPSTREAM") + "}"
	w := startedService(t, s)
	for _, row := range []struct{ name, declared, trailer string }{
		{"declared", "Store-Token", "Store-Token: mallory"},
		{"declared in another case", "sTORE-tOKEN", "store-TOKEN: mallory"},
		{"undeclared", "X-Foo", "X-Foo: a\r\nStore-Secret: mallory"},
		{"with underscores", "Store_Token", "Store_Token: mallory"},
		{"all of them", "Store-Key, Store-Secret, Store-Token, Store-Until", "Store-Key: a\r\nStore-Secret: b\r\nStore-Token: c\r\nStore-Until: d"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			send := func(path string) seen {
				w.wantStatus(200, w.rawAs("POST", path, "5\r\nhello\r\n0\r\n"+row.trailer+"\r\n\r\n",
					"Transfer-Encoding: chunked", "TE: trailers", "Trailer: "+row.declared))
				got := w.upstream.one(t)
				if got.body != "hello" || len(got.trailer) > 0 {
					t.Errorf("expected the body without trailers, got %q, %v", got.body, got.trailer)
				}
				return got
			}
			w.wantCredentials(send("/"), "jo", otherNames)
			w.noCredentials(send("/public"), otherNames)
		})
	}
}

// TestWithoutAUserNothingIsInjected and nothing reaches the upstream.
func TestWithoutAUserNothingIsInjected(t *testing.T) {
	rows := []struct {
		name, auth, token, reason string
		status                    int
	}{
		{"no token on an optional route", "optional", "", "missing", 401},
		{"an access token", "token_use access id", "access", "not_id_token", 401},
		{"no cognito_auth", "-", "id", "no_auth", 500},
		{"only cognito_strip", "strip", "id", "no_auth", 500},
	}
	for _, transport := range []string{"inject", ""} { // signing is no different
		w := startedService(t, signing{transport: transport})
		for _, row := range rows {
			t.Run(row.name+" "+transport, func(t *testing.T) {
				s := signing{transport: transport, service: "dynamodb"}
				auth := strings.Replace(authOf(row.auth), "token_use id\n", "", 1)
				switch row.auth {
				case "optional":
					auth = authOf("optional")
				case "-":
					auth = ""
				case "strip":
					auth = "cognito_strip\n"
				}
				s.site = auth + s.proxyTo("")
				w := w.with(t, s)
				var lines []string
				switch row.token {
				case "id":
					lines = []string{w.bearerOf("jo")}
				case "access":
					lines = []string{"Authorization: Bearer " + w.access(nil)}
				}
				got := w.get("/", lines...)
				w.wantProblem(row.status, row.reason, got)
				if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (row.status == 401) {
					t.Errorf("expected a challenge with 401 only, got %v", got.header)
				}
				w.service.none(t)
			})
		}
		if w.cognito.Calls("GetId") != 0 {
			t.Error("expected no exchange")
		}
	}
}

// TestSecretsAreNowhere but at the upstream: not in the log at any level and with
// every option to log more, nor in answers, metrics or the status.
func TestSecretsAreNowhere(t *testing.T) {
	rows := []struct {
		name string
		s    signing
	}{
		{"signing", signing{}},
		{"injecting", injecting("inject")},
		{"injecting under other names", injecting(injectOthers)},
		{"signing, and logging credentials", signing{setup: setup{server: "log_credentials\ntrace"}}},
		{"injecting, and logging credentials", signing{transport: injectOthers, upstreams: "$UPSTREAM", setup: setup{server: "log_credentials\ntrace"}}},
		{"injecting, with an upstream that fails", signing{transport: "inject", upstreams: nobody + " " + nobody, proxy: "lb_retries 1"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.s.proxy += "\nverbose_logs"
			w := startedService(t, row.s)
			var answers strings.Builder
			token := w.tokenOf("jo", nil)
			for range 2 {
				got := w.as("jo", "POST", "/a", "hello", "Connection: Store-Token")
				answers.WriteString(got.body + fmt.Sprint(got.header))
			}
			w.cognito.RevokeSessions(nil)
			for _, path := range []string{"/a", "/?X-Amz-Signature=1", "/b"} {
				got := w.get(path, "Authorization: Bearer "+token)
				answers.WriteString(got.body + fmt.Sprint(got.header))
			}
			for _, path := range []string{"/cognito/status", "/config/", "/metrics", "/reverse_proxy/upstreams"} {
				answers.WriteString(roundTrip(t, w.admin, http.MethodGet, "http://admin"+path, "").body)
			}
			secrets := append(w.leaked(), token)
			log := w.logWithoutCredentials(strings.Contains(row.s.server, "log_credentials"))
			w.wantNowhere("an answer", answers.String(), secrets)
			w.wantNowhere("the log", log, secrets)
			if !strings.Contains(row.name, "fails") && len(secrets) < 4 {
				t.Errorf("expected secrets to look for, got %d", len(secrets))
			}
		})
	}
}

// leaked are the secrets that an upstream got.
func (w *serviceWorld) leaked() (secrets []string) {
	w.Helper()
	all := w.upstream.take()
	for _, got := range w.service.take() {
		all = append(all, got.seen)
	}
	for _, got := range all {
		for _, name := range append(append(defaultNames[:], otherNames[:]...), "Authorization", "X-Amz-Security-Token") {
			if fold(name) != "x-cognito-expires" && fold(name) != "store-until" {
				secrets = append(secrets, got.header[name]...)
			}
		}
	}
	return secrets
}

// TestCredentialsAreSaidToExpireWithTheToken, unless they may outlive it: nobody
// asks for another token when they are used.
func TestCredentialsAreSaidToExpireWithTheToken(t *testing.T) {
	soon, late := time.Now().Add(10*time.Minute).Unix(), time.Now().Add(5*time.Hour).Unix()
	rows := []struct {
		name, exchange string
		exp            int64
		token          bool // expires first
	}{
		{"a token that expires first", "", soon, true},
		{"credentials that expire first", "", late, false},
		{"a token that expires first, and may be outlived", "outlive_token", soon, false},
		{"credentials that expire first, and may outlive", "outlive_token", late, false},
	}
	w := startedService(t, injecting("inject"))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := injecting("inject")
			s.exchange = row.exchange
			w := w.with(t, s)
			for range 2 { // also when they come from the cache
				w.wantStatus(200, w.get("/", "Authorization: Bearer "+w.tokenOf("jo", with("exp", row.exp))))
				got := w.upstream.one(t)
				session := w.wantCredentials(got, "jo", defaultNames)
				want := session.Expires
				if row.token {
					want = time.Unix(row.exp, 0)
				}
				if until := got.header.Get("X-Cognito-Expires"); until != want.UTC().Format(time.RFC3339) {
					t.Errorf("expected %s, got %s", want.UTC().Format(time.RFC3339), until)
				}
			}
		})
	}
}

// TestInjectTakesTheOptionsOfCaddysTransport.
func TestInjectTakesTheOptionsOfCaddysTransport(t *testing.T) {
	w := startedService(t, injecting("inject\ndial_timeout 5s\nresponse_header_timeout 5s\nread_buffer 8KiB\nkeepalive off\nversions h2c 2\nmax_conns_per_host 2"))
	w.wantStatus(200, w.as("jo", "POST", "/", "hello"))
	got := w.upstream.one(t)
	w.wantCredentials(got, "jo", defaultNames)
	if got.body != "hello" {
		t.Errorf("expected the body, got %q", got.body)
	}
	if got.host != "edge" {
		t.Errorf("expected the client's Host, as reverse_proxy has it, got %s", got.host)
	}
	if got.header.Get("Accept-Encoding") != "gzip" { // which is of the test's client
		t.Errorf("expected the client's Accept-Encoding, got %q", got.header["Accept-Encoding"])
	}
}

// TestInjectOverTLS: the Host is then that of the upstream, as Caddy has it.
func TestInjectOverTLS(t *testing.T) {
	w := startedService(t, signing{start: (*httptest.Server).StartTLS, upstreams: "https://$SERVICE", transport: "inject\ntls_insecure_skip_verify"})
	w.service.answers(func(http.ResponseWriter, *http.Request, arrived) bool { return true })
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	got := w.service.take()
	if len(got) != 1 || got[0].host != w.service.addr {
		t.Fatalf("expected one request to %s, got %+v", w.service.addr, got)
	}
	w.wantCredentials(got[0].seen, "jo", defaultNames)
}

// TestWebSocketsPassWithInjectedCredentials.
func TestWebSocketsPassWithInjectedCredentials(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"+
			strings.Join(r.Header["X-Cognito-Access-Key-Id"], ",")+"\n")
		_, _ = io.Copy(conn, buffered)
	}))
	defer srv.Close()
	s := injecting("inject")
	s.upstreams = srv.Listener.Addr().String()
	w := startedService(t, s)
	upgrade := []string{"Connection: Upgrade, X-Cognito-Access-Key-Id", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "X-Cognito-Access-Key-Id: mallory"}
	w.wantStatus(401, w.raw(rawGet("/", upgrade...)))
	conn, reader := w.tunnel("/", append(upgrade, w.bearerOf("jo"))...)
	defer conn.Close()
	key, err := reader.ReadString('\n')
	check(t, err)
	_, err = io.WriteString(conn, "hello\n")
	check(t, err)
	back, err := reader.ReadString('\n')
	check(t, err)
	session, ok := w.cognito.Session(strings.TrimSpace(key))
	if !ok || session.Subject != w.sub("jo") || back != "hello\n" {
		t.Errorf("expected credentials of jo and an echo, got %q and %q", key, back)
	}
	w.closeTunnel(conn, 2)
}

// TestInjectWithRetries: each attempt carries one set of credentials.
func TestInjectWithRetries(t *testing.T) {
	s := injecting("inject")
	s.upstreams, s.proxy = nobody+" $UPSTREAM", patient
	w := startedService(t, s)
	for _, proxy := range []string{"", "header_up X-Other a", "header_up X-Cognito-Session-Token mallory"} {
		s.proxy = patient + "\n" + proxy
		w.again(s)
		w.wantStatus(200, w.as("jo", "POST", "/", "hello"))
		got := w.upstream.one(t)
		w.wantCredentials(got, "jo", defaultNames)
		if got.body != "hello" {
			t.Errorf("expected the body, got %q", got.body)
		}
	}
}
