package diagnose_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-cognito/caddy-cognito/plugin"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/diagnose"
)

// around is what sites refer to. $ALONE begins global options, $SESSION stands in
// the block session of main.
const around = `{
	$ALONE
	cognito {
		user_pool main eu-west-1_AbCdEfGhI {
			client 1h57kf5cpq17m0eml12example
			domain auth.example.com
			$SESSION
		}
		identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {
			user_pool main
		}
		web_identity minio https://minio.internal:9000 {
			user_pool main
			role_arn arn:aws:iam::000000000000:role/any
		}
		$POOLS
	}
}

`

// mistakesOf are the lines about a Caddyfile that are no success.
func mistakesOf(t *testing.T, text string) []string {
	t.Helper()
	document, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), nil)
	check(t, err)
	return mistakesOfJSON(t, string(document))
}

func mistakesOfJSON(t *testing.T, document string) (lines []string) {
	t.Helper()
	site, err := diagnose.Read([]byte(document))
	check(t, err)
	for _, f := range site.Mistakes() {
		var line strings.Builder
		f.Print(&line)
		lines = append(lines, line.String())
	}
	return lines
}

// mistaken is a Caddyfile and what is said of it: the beginnings of all lines.
type mistaken struct {
	name, session, pools, global, sites string
	want                                []string
}

func (row mistaken) check(t *testing.T) {
	t.Helper()
	head := strings.NewReplacer("$ALONE", row.global, "$SESSION", row.session, "$POOLS", row.pools).Replace(around)
	got := mistakesOf(t, head+row.sites)
	if len(got) != len(row.want) {
		t.Fatalf("expected %d lines, got %q", len(row.want), got)
	}
	for i, want := range row.want {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("expected %q, got %q", want, got[i])
		}
	}
}

func checkMistakes(t *testing.T, rows []mistaken) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, row.check)
	}
}

// app is a site of these directives.
func app(directives string) string { return "app.example.com {\n" + directives + "\n}\n" }

const (
	atApp = "cognito_signin at app.example.com (srv0, route 1.1): "
	proxy = "\nreverse_proxy localhost:8080"
)

func TestOrderOfSignIn(t *testing.T) {
	checkMistakes(t, []mistaken{
		{name: "sorts directives by itself", sites: app("reverse_proxy localhost:8080\ncognito_auth main\ncognito_strip /public/*\ncognito_signin main")},
		{name: "in a route, sign-in first", sites: app("route {\ncognito_signin main\ncognito_strip\ncognito_auth main\nreverse_proxy localhost:8080\n}")},
		{
			name: "cognito_auth refuses the pages of sign-in", sites: app("route {\ncognito_auth main\ncognito_signin main\nreverse_proxy localhost:8080\n}"),
			want: []string{"FAIL  cognito_signin at app.example.com (srv0, route 1.1.1): order: the cognito_auth at app.example.com (srv0, route 1.1.1) comes before it and refuses"},
		},
		{name: "cognito_strip before it", sites: app("route {\ncognito_strip\ncognito_signin main {\nhosted\n}\ncognito_auth main" + proxy + "\n}")},
		{name: "an optional cognito_auth before it", sites: app("route {\ncognito_auth main {\noptional\n}\ncognito_signin main {\nhosted\n}\ncognito_auth main" + proxy + "\n}")},
		{name: "on other paths", sites: app("route {\ncognito_strip /public/*\ncognito_auth /admin/* main\ncognito_signin main\ncognito_auth main" + proxy + "\n}")},
		{name: "on another site", sites: "www.example.com {\nroute {\ncognito_strip\n}\n}\n" + app("cognito_signin main\ncognito_auth main")},
		{name: "in the other of two handles", sites: app("handle /public/* {\ncognito_strip\n}\nhandle {\ncognito_signin main\ncognito_auth main\n}")},
		{name: "in error routes", sites: app("cognito_signin main\ncognito_auth main\nhandle_errors {\ncognito_strip\nrespond sorry\n}")},
	})
}

func TestPathsOfSignIn(t *testing.T) {
	checkMistakes(t, []mistaken{
		{
			name: "the second one never answers", sites: app("route {\ncognito_signin main {\npage {\ntitle A\n}\n}\ncognito_signin main {\npage {\ntitle B\n}\n}\ncognito_auth main\n}"),
			want: []string{"FAIL  cognito_signin at app.example.com (srv0, route 1.1.1): prefix: the cognito_signin at app.example.com (srv0, route 1.1.1) answers at /_cognito/… before it; set another prefix"},
		},
		{name: "prefixes of their own", sites: app("cognito_signin main\ncognito_signin main {\nprefix /codes\n}\ncognito_auth main")},
		{name: "one for some visitors", sites: app("@partner header X-Partner 1\nroute {\ncognito_signin @partner main\ncognito_signin main\ncognito_auth main\n}")},
		{name: "on two hosts", sites: app("cognito_signin main\ncognito_auth main") + "b.example.com {\ncognito_signin main\ncognito_auth main\n}"},
		{
			name: "nobody comes there", sites: app("handle /app/* {\ncognito_signin main\ncognito_auth main\n}\nrespond hello"),
			want: []string{"FAIL  cognito_signin at app.example.com/app/* (srv0, route 1.1.1): prefix: it answers at /_cognito/…, and its route is for /app/* only"},
		},
		{name: "a handle with its prefix", sites: app("handle /app/* {\ncognito_signin main {\nprefix /app/_cognito\n}\ncognito_auth main\n}")},
		{name: "a matcher for its prefix", sites: app("cognito_signin /_cognito/* main\ncognito_auth main")},
		{name: "a path that was rewritten before", sites: app("handle_path /app/* {\ncognito_signin main\ncognito_auth main\n}")},
		{name: "a path that only the running Caddy knows", sites: app("@x path {env.PREFIX}/*\nhandle @x {\ncognito_signin main\ncognito_auth main\n}")},
		{name: "an alternative without a path", sites: app("@x expression `path('/app/*') || header({'X-App': '1'})`\nhandle @x {\ncognito_signin main\ncognito_auth main\n}")},
	})
}

func TestSessionsThatNobodyTakes(t *testing.T) {
	nobody := []string{"WARN  " + atApp + "sessions: no cognito_auth on this host takes its sessions, so nobody has to sign in here; add cognito_auth main behind it"}
	checkMistakes(t, []mistaken{
		{name: "no cognito_auth", sites: app("cognito_signin main" + proxy), want: nobody},
		{name: "a cognito_auth for tokens in headers", sites: app("cognito_signin main\ncognito_auth main {\ntoken_source authorization\n}"), want: nobody},
		{name: "a cognito_auth of another pool", sites: app("cognito_signin main\ncognito_auth eu-west-1_JkLmNoPqR 1h57kf5cpq17m0eml12example"), want: nobody},
		{name: "a cognito_auth on another host", sites: app("cognito_signin main"+proxy) + "b.example.com {\ncognito_auth main\n}", want: nobody},
		{name: "a cookie for all hosts of a domain", session: "session {\ncookie_domain example.com\n}", sites: app("cognito_signin main")},
		{name: "tokens for applications", sites: app("cognito_signin main {\ndeliver tokens\n}")},
		{name: "one path", sites: app("cognito_signin main\ncognito_strip\ncognito_auth /admin/* main" + proxy)},
		{name: "a named route", sites: "&(guarded) {\ncognito_auth main\n}\n" + app("cognito_signin main\ninvoke guarded")},
		{name: "another port of the host", sites: app("cognito_signin main") + "app.example.com:8443 {\ncognito_auth main\n}"},
		{name: "a wildcard", sites: "*.example.com {\ncognito_auth main\n}\n" + app("cognito_signin main")},
	})
}

func TestSessionsThatNobodyMakes(t *testing.T) {
	const at = "cognito_auth at app.example.com (srv0, route 1.1): token_source: "
	alone := "cognito_auth main {\ntoken_source session\n}"
	both := "cognito_auth main {\ntoken_source authorization\ntoken_source session\n}"
	checkMistakes(t, []mistaken{
		{name: "an API", sites: app("cognito_auth main")},
		{name: "sessions alone", sites: app(alone), want: []string{"FAIL  " + at + "it takes sessions alone, and no cognito_signin makes any for this host, so nobody gets in; add cognito_signin main before it"}},
		{name: "sessions and tokens", sites: app(both), want: []string{"WARN  " + at + "no cognito_signin makes sessions for this host; add cognito_signin main before it, or remove"}},
		{name: "with sign-in", sites: app("cognito_signin main\n" + alone)},
		{
			name: "sign-in on another host", sites: app(alone) + "a.example.com {\ncognito_signin main\ncognito_auth main\n}",
			want: []string{"FAIL  " + at + "it takes sessions alone, and no cognito_signin makes any for this host, so nobody gets in; add cognito_signin main before it, or set cookie_domain in session for those of the cognito_signin at a.example.com"},
		},
		{name: "sign-in on another host of the domain", session: "session {\ncookie_domain example.com\n}", sites: app(alone) + "login.example.com {\ncognito_signin main\n}"},
		{
			name: "sign-in on a host of another domain", session: "session {\ncookie_domain example.org\n}", sites: app(alone) + "a.example.org {\ncognito_signin main\n}",
			want: []string{"WARN  " + at},
		},
		{name: "another Caddy may sign in", session: "session {\nidle 1h\n}", sites: app(alone), want: []string{"WARN  " + at + "no cognito_signin makes the sessions that it takes"}},
		{
			name: "a pool without a name", sites: app("cognito_auth eu-west-1_JkLmNoPqR 1h57kf5cpq17m0eml12example {\ntoken_source session\n}"),
			want: []string{"FAIL  " + at + "sessions are of pools with a name only"},
		},
		{
			name: "one of two pools signs in", pools: "user_pool staff eu-west-1_JkLmNoPqR {\nclient 1h57kf5cpq17m0eml12example\n}",
			sites: app("cognito_signin main\ncognito_auth main staff {\ntoken_source session\n}"),
		},
	})
}

func TestPlainSites(t *testing.T) {
	const said = "https: this site is plain http, over which browsers keep no session"
	const atPort = "cognito_signin at app.example.com:8080 (srv0, route 1.1): "
	guarded := " {\ncognito_signin main\ncognito_auth main\n}\n"
	checkMistakes(t, []mistaken{
		{name: "plain http", sites: "http://app.example.com" + guarded, want: []string{"FAIL  " + atApp + said}},
		{name: "plain http on another port", sites: "http://app.example.com:8080" + guarded, want: []string{"FAIL  " + atPort + said}},
		{name: "plain http without automatic https", global: "auto_https off", sites: "http://app.example.com:8080" + guarded, want: []string{"FAIL  " + atPort + said}},
		{name: "behind a proxy on this machine that is trusted", global: "servers {\ntrusted_proxies_unix\n}", sites: "http://app.example.com {\nbind unix//run/app.sock\ncognito_signin main\ncognito_auth main\n}"},
		{name: "https without automatic https", global: "auto_https off", sites: "app.example.com:8080" + guarded},
		{name: "another port for http", global: "http_port 8080", sites: "http://app.example.com" + guarded, want: []string{"FAIL  " + atPort + said}},
		{name: "https on another port", sites: "app.example.com:8443" + guarded},
		{name: "this machine", sites: "http://localhost:8080, http://app.localhost, http://127.0.0.1:8081" + guarded},
		{name: "any host", sites: ":8080" + guarded},
		{name: "https as well", sites: "http://app.example.com, https://app.example.com" + guarded},
		{name: "behind a proxy that is trusted", global: "servers {\ntrusted_proxies static private_ranges\n}", sites: "http://app.example.com" + guarded},
		{name: "an origin", sites: "http://app.example.com {\ncognito_signin main {\norigin https://app.example.com\n}\ncognito_auth main\n}"},
	})
}

func TestCookiesOfPools(t *testing.T) {
	pool := func(name, id, session string) string {
		return "user_pool " + name + " " + id + " {\nclient 1h57kf5cpq17m0eml12example\nsession {\n" + session + "\n}\n}"
	}
	two := app("cognito_signin main\ncognito_signin staff {\nprefix /staff\n}\ncognito_auth main staff")
	own, domain := "session {\ncookie __Host-sid\n}", "session {\ncookie __Secure-sid\ncookie_domain example.com\n}"
	clash := []string{"FAIL  user_pool staff: cookie: sessions are in the cookie __"}
	checkMistakes(t, []mistaken{
		{name: "names of their own", pools: pool("staff", "eu-west-1_JkLmNoPqR", ""), sites: two},
		{name: "one name", session: own, pools: pool("staff", "eu-west-1_JkLmNoPqR", "cookie __Host-sid"), sites: two, want: clash},
		{name: "one name of one pool", session: own, pools: pool("staff", "eu-west-1_AbCdEfGhI", "cookie __Host-sid"), sites: two},
		{
			name: "one name on two hosts", session: own, pools: pool("staff", "eu-west-1_JkLmNoPqR", "cookie __Host-sid"),
			sites: app("cognito_signin main\ncognito_auth main") + "staff.example.com {\ncognito_signin staff\ncognito_auth staff\n}",
		},
		{
			name: "one name on two hosts of a domain", session: domain, pools: pool("staff", "eu-west-1_JkLmNoPqR", "cookie __Secure-sid\ncookie_domain staff.example.com"),
			sites: app("cognito_signin main\ncognito_auth main") + "staff.example.com {\ncognito_signin staff\ncognito_auth staff\n}", want: clash,
		},
		{
			name: "one name in two domains", session: domain, pools: pool("staff", "eu-west-1_JkLmNoPqR", "cookie __Secure-sid\ncookie_domain example.org"),
			sites: app("cognito_signin main\ncognito_auth main") + "staff.example.org {\ncognito_signin staff\ncognito_auth staff\n}",
		},
		{
			name: "a pool that is called like devices", pools: pool("device-main", "eu-west-1_JkLmNoPqR", "cookie_domain example.com"),
			sites: app("cognito_signin device-main\ncognito_auth device-main"),
			want:  []string{"WARN  user_pool device-main: cookie: sessions are in the cookie __Secure-cognito-device-main, a name that sign-in uses for something else"},
		},
		{name: "such a name without a domain", pools: pool("device-main", "eu-west-1_JkLmNoPqR", ""), sites: app("cognito_signin device-main\ncognito_auth device-main")},
		{
			name: "a cookie that is called like flows", session: "session {\ncookie __Secure-cognito-flow-x\n}", sites: app("cognito_signin main\ncognito_auth main"),
			want: []string{"WARN  user_pool main: cookie: sessions are in the cookie __Secure-cognito-flow-x, a name"},
		},
	})
}

func TestHostedBesidePage(t *testing.T) {
	checkMistakes(t, []mistaken{
		{
			name: "without a provider", sites: app("cognito_signin main {\npage\nhosted\n}\ncognito_auth main"),
			want: []string{"WARN  " + atApp + "hosted: beside page, hosted is for providers, of which there is none"},
		},
		{name: "with a provider", sites: app("cognito_signin main {\npage {\nprovider Google\n}\nhosted\n}\ncognito_auth main")},
		{name: "hosted alone", sites: app("cognito_signin main {\nhosted\n}\ncognito_auth main")},
		{name: "a provider alone", sites: app("cognito_signin main {\npage {\nprovider Google\n}\n}\ncognito_auth main")},
	})
}

// Handlers in JSON need not be in subroutes, one host in each.
func TestMistakesInJSON(t *testing.T) {
	routes := `{"apps": {"cognito": {"user_pool": {"main": {"id": "eu-west-1_AbCdEfGhI", "client": ["1h57kf5cpq17m0eml12example"]}}}, "http": {"servers": {"web": {"listen": [":443"], "routes": [
		{"match": [{"host": ["app.example.com", "b.example.com"]}], "handle": [{"handler": "$FIRST", "pool": ["main"]}]},
		{"match": [{"host": ["app.example.com"]}], "handle": [{"handler": "cognito_signin", "pool": "main"}]},
		{"match": [{"host": ["app.example.com"]}], "handle": [{"handler": "cognito_auth", "pool": ["main"]}]}
	]}}}}}`
	got := mistakesOfJSON(t, strings.Replace(routes, "$FIRST", "cognito_auth", 1))
	if len(got) != 1 || !strings.HasPrefix(got[0], "FAIL  cognito_signin at app.example.com (web, route 2): order: the cognito_auth at app.example.com,b.example.com (web, route 1)") {
		t.Errorf("expected the order to be wrong, got %q", got)
	}
	narrower := strings.Replace(routes, `["app.example.com", "b.example.com"]`, `["b.example.com"]`, 1)
	if got := mistakesOfJSON(t, strings.Replace(narrower, "$FIRST", "cognito_auth", 1)); len(got) != 0 {
		t.Errorf("expected nothing about another host, got %q", got)
	}
}

// What people start from is right.
func TestNoMistakesInWhatIsShown(t *testing.T) {
	const root = "../../../"
	examples, err := filepath.Glob(root + "caddyfile/examples/*.Caddyfile")
	check(t, err)
	pages, err := filepath.Glob(root + "caddyfile/docs/*.md")
	check(t, err)
	if len(examples) < 5 || len(pages) < 5 {
		t.Fatalf("expected examples and pages, got %d and %d", len(examples), len(pages))
	}
	for name, value := range map[string]string{
		"COGNITO_POOL_ID": "eu-west-1_AbCdEfGhI", "CUSTOMER_POOL_ID": "eu-west-1_AbCdEfGhI", "STAFF_POOL_ID": "eu-west-1_JkLmNoPqR",
		"COGNITO_CLIENT_ID": "1h57kf5cpq17m0eml12example", "CUSTOMER_CLIENT_ID": "1h57kf5cpq17m0eml12example", "STAFF_CLIENT_ID": "3h57kf5cpq17m0eml12example",
		"COGNITO_MACHINE_CLIENT_ID": "2h57kf5cpq17m0eml12example", "COGNITO_CLIENT_SECRET": "51secretexample", "COGNITO_CLIENT_SECRET_NEXT": "51nextsecretexample",
		"COGNITO_DOMAIN": "auth.example.com", "COGNITO_IDENTITY_POOL_ID": "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000",
		"SITE_BUCKET": "private-site", "UPLOAD_BUCKET": "user-uploads", "MINIO_BUCKET": "private-site", "MINIO_URL": "https://minio.internal:9000",
	} {
		t.Setenv(name, value)
	}
	head := strings.NewReplacer("$ALONE", "", "$SESSION", "", "$POOLS", "").Replace(around)
	for _, path := range append(append(examples, pages...), root+"README.md") {
		text, err := os.ReadFile(path)
		check(t, err)
		blocks := []string{string(text)}
		if strings.HasSuffix(path, ".md") {
			blocks = shown(string(text))
		}
		for _, block := range blocks {
			if !strings.Contains(block, "\n\tcognito {") {
				block = head + block
			}
			if got := mistakesOf(t, block); len(got) > 0 {
				t.Errorf("%s: expected no mistakes, got %q in\n%s", path, got, block)
			}
		}
	}
}

// shown are the Caddyfiles in a text in Markdown.
func shown(text string) (blocks []string) {
	for _, rest := range strings.Split(text, "\n```caddyfile\n")[1:] {
		block, _, _ := strings.Cut(rest, "```")
		blocks = append(blocks, block)
	}
	return blocks
}
