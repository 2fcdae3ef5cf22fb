package visitor_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

const site, listed = "https://app.example.com", "https://docs.example.com:8443"

func newTargets(t testing.TB) *visitor.Targets {
	t.Helper()
	targets, err := visitor.NewTargets("/_cognito", []string{listed, "HTTPS://Wiki.example.com:443"})
	if err != nil {
		t.Fatal(err)
	}
	return targets
}

func TestUsersGoWhereTheyWanted(t *testing.T) {
	targets := newTargets(t)
	for name, test := range map[string]struct{ value, want string }{
		"the start":                               {"/", "/"},
		"a path":                                  {"/orders/7", "/orders/7"},
		"a path and a query":                      {"/orders?page=2&sort=-date", "/orders?page=2&sort=-date"},
		"an empty query":                          {"/orders?", "/orders?"},
		"a fragment":                              {"/app#/inbox/3", "/app#/inbox/3"},
		"a URL in the query":                      {"/go?to=https://evil.example//x", "/go?to=https://evil.example//x"},
		"dots and slashes in the query":           {"/go?to=/../..//x", "/go?to=/../..//x"},
		"sign-in in the query":                    {"/go?to=/_cognito/sign-out", "/go?to=/_cognito/sign-out"},
		"a backslash in the query":                {`/find?q=a\b`, "/find?q=a%5Cb"},
		"quotes and brackets":                     {`/find?q="<a>"{b}&c[]=1|'`, "/find?q=%22%3Ca%3E%22%7Bb%7D&c[]=1%7C'"},
		"a per cent sign in the query":            {"/find?q=100%", "/find?q=100%"},
		"an encoded per cent sign":                {"/100%25", "/100%25"},
		"an encoded space":                        {"/my%20file", "/my%20file"},
		"an encoded slash further on":             {"/files/a%2fb", "/files/a%2fb"},
		"a URL in the path":                       {"/proxy/https%3A%2F%2Fother.example%2F", "/proxy/https%3A%2F%2Fother.example%2F"},
		"two slashes further on":                  {"/proxy/https://other.example//x/", "/proxy/https://other.example//x/"},
		"words of other languages":                {"/bücher/日本?q=é#ü", "/b%C3%BCcher/%E6%97%A5%E6%9C%AC?q=%C3%A9#%C3%BC"},
		"words that are encoded":                  {"/b%C3%BCcher", "/b%C3%BCcher"},
		"a colon":                                 {"/:80", "/:80"},
		"an at sign":                              {"/@someone", "/@someone"},
		"a semicolon":                             {"/a;v=1/b", "/a;v=1/b"},
		"segments of three dots":                  {"/.../x", "/.../x"},
		"a hidden file":                           {"/.well-known/x..", "/.well-known/x.."},
		"a path that begins like sign-in":         {"/_cognitox", "/_cognitox"},
		"sign-in further on":                      {"/docs/_cognito/sign-out", "/docs/_cognito/sign-out"},
		"our origin":                              {site, "/"},
		"a URL at our origin":                     {site + "/orders?page=2#x", "/orders?page=2#x"},
		"our origin in other letters":             {"HTTPS://APP.example.COM/Orders", "/Orders"},
		"our origin with its port":                {site + ":443/orders", "/orders"},
		"our origin with a query":                 {site + "?a=b", "/?a=b"},
		"our origin with a fragment":              {site + "#a", "/#a"},
		"a listed origin":                         {listed, listed + "/"},
		"a URL at a listed origin":                {listed + "/a?b#c", listed + "/a?b#c"},
		"a listed origin in other letters":        {"https://DOCS.example.com:8443/a", listed + "/a"},
		"an origin that was listed with its port": {"https://wiki.example.com/a", "https://wiki.example.com/a"},
		"the longest target":                      {"/" + strings.Repeat("a", visitor.MaxTarget-1), "/" + strings.Repeat("a", visitor.MaxTarget-1)},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := targets.Parse(test.value, site)
			if !ok || got != test.want {
				t.Errorf("expected %q, got %q, %v", test.want, got, ok)
			}
			if whatwg(test.want) == "" {
				t.Errorf("expected a browser to stay on our origins with %q", test.want)
			}
		})
	}
}

// refused are tricks by which users were led elsewhere, here or in other products.
var refused = map[string][]string{
	"nothing or no path": {"", " ", "orders", "./orders", "../orders", ".", "..", "?a=b", "#a", "app.example.com", "app.example.com/orders", "~", "%2f", "%2forders"},
	"two slashes begin a host": {
		"//", "//evil.example", "///evil.example", "////evil.example", "//evil.example/%2e%2e", "//evil.example@app.example.com",
		"//app.example.com", "//app.example.com/orders", "//https://app.example.com//", "//evil%E3%80%82example", "//0x7f.1/", "//[::1]/",
	},
	"browsers read a backslash as a slash": {
		`\`, `\\`, `\\evil.example`, `/\evil.example`, `/\/evil.example`, `\/evil.example`, `\/\/evil.example/`, `/\\evil.example`, `//\evil.example`,
		`/x\..\\evil.example`, `/orders\7`, `https:\\evil.example`, `https:/\evil.example`, site + `\@evil.example`, site + `\.evil.example`, `/x/..\/evil.example`,
	},
	"browsers drop tabs and newlines": {
		"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", "/\r\n/evil.example", "/\t\\evil.example", "/orders\t", "/orders\n",
		"ht\ttps://evil.example", "java\nscript:alert(1)", "https:/\t/evil.example", "/.\t./\t/evil.example", "/orders?a\r\nSet-Cookie: x=y", "/#\n",
	},
	"browsers drop what surrounds a URL": {" /orders", "/orders ", " //evil.example", "\x00//evil.example", "\x01/orders", "\x1f//evil.example", "/orders\x00", "\u00a0//evil.example", "\ufeff//evil.example"},
	"other characters that are in no URL": {
		"/a b", "/a?b c", "/\x00", "/\x7f", "/a\x0bb", "/?\x1b[31m", "/\ufffd", "/\xff", "/?\xc3", "/\xc0\xaf/evil.example", "/\xed\xa0\x80",
	},
	"dot segments lead elsewhere": {
		"/.", "/..", "/./", "/../", "/.//evil.example", "/..//evil.example", "/x/..//evil.example", "/x/../..//evil.example", "/a/b/../../../evil.example",
		"/./\\evil.example", "/%2e%2e//evil.example", "/%2e//evil.example", "/%2E//evil.example", "/.%2e//evil.example", "/%2e.//evil.example", "/x/%2e%2e//evil.example",
		"/%2e%2e/evil.example", "/%252e%252e//evil.example", "/x/..%2f/evil.example", "/x/%2e%2e%2f%2fevil.example", "/..%2f..%2fevil.example", "/orders/..", "/a/./b",
		"/%zz/%2e%2e//evil.example", "/%25zz/%252e%252e//evil.example",
	},
	"encodings that a proxy might decode": {
		"/%2fevil.example", "/%2Fevil.example", "/%2f/evil.example", "/%2f%2fevil.example", "/%5cevil.example", "/%5Cevil.example", "/%5c/evil.example", "/x/..%5cevil.example",
		"/%252fevil.example", "/%25252fevil.example", "/%255cevil.example", "/%25%32%66evil.example", "/%25%35%63evil.example", "/files/a%5cb",
		"/%09/evil.example", "/%0a/evil.example", "/%0d/evil.example", "/%0d%0aLocation:%20//evil.example", "/%250d%250aSet-Cookie:x=y", "/%00//evil.example", "/orders%00.html", "/%7f",
		"/%c0%af/evil.example", "/%e0%80%afevil.example", "/%ff", "/%25252525252e/x", "/%252525252525252f",
	},
	"escapes that are broken": {"/%", "/%2", "/100%", "/%zz", "/%u002f/evil.example", "/%%2f", site + "/%g0"},
	"other schemes": {
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://app.example.com/%0aalert(1)", "javascript:https://app.example.com/", "data:text/html,<script>alert(1)</script>",
		"vbscript:x", "file:///etc/passwd", "ftp://app.example.com/", "ws://app.example.com/", "wss://app.example.com/", "blob:https://app.example.com/x", "about:blank",
		"view-source:https://app.example.com/", "http://app.example.com/", "intent://app.example.com/#Intent;end", "mailto:a@app.example.com", "x:/orders", "http:orders", "://app.example.com/",
	},
	"other spellings of a URL": {
		"https:evil.example", "https:/evil.example", "https:///evil.example", "https:////evil.example", "https:app.example.com", "https:/app.example.com", "https:///app.example.com/",
		"https:orders", "https:/orders", "https://", "https:///", "https://?", "https://#", "https:", "https//app.example.com", "https:// app.example.com/",
	},
	"userinfo looks like a host": {
		site + "@evil.example", site + ":443@evil.example", site + ":x@evil.example/", "https://evil.example@app.example.com/", "https://@app.example.com/", "https://:@app.example.com/",
		"https://user:password@app.example.com/", site + "%40evil.example", "https://evil.example%40app.example.com", "https://app.example.com%2f@evil.example", "https://a@evil.example@app.example.com",
	},
	"hosts that look like ours": {
		site + ".evil.example", site + ".", site + "evil", "https://evilapp.example.com", "https://evil.example/app.example.com", "https://evil.example?" + site, "https://evil.example#" + site,
		"https://sub.app.example.com", "https://example.com", "https://app-example.com", "https://appXexample.com", "https://app.example.com%00.evil.example", "https://app.example.com%2eevil.example",
		"https://app.example.com;evil.example", "https://app.example.com,evil.example", "https://app.example.com&evil.example", "https://app.example.com^evil.example",
		"https://app.example.com|evil.example", "https://app.example.com[evil.example", "https://[app.example.com]/", "https://аpp.example.com", "https://app。example。com", "https://ａpp.example.com",
		"https://app.example.com／evil.example", "https://app.example.com\u00ad/", "https://app%2eexample%2ecom/", "https://xn--pp-6kc.example.com/", "https://app.example.com*", "https://*.example.com/",
	},
	"other ports": {site + ":8443", site + ":80", site + ":", site + ":0443", site + ":443443", site + ":443.evil.example", site + ":x", "https://docs.example.com", "https://docs.example.com:443/", "http://docs.example.com:8443", "https://wiki.example.com:8443"},
	"a path elsewhere is judged, too": {
		site + "//evil.example", site + `/\evil.example`, site + "/..//evil.example", site + "/%2e%2e//evil.example", site + "/%2fevil.example", site + "/_cognito/sign-out",
		listed + "//evil.example", listed + "/%2fevil.example", listed + "/../x", listed + "/_cognito/sign-out", listed + "\\x",
	},
	"sign-in itself": {
		"/_cognito", "/_cognito/", "/_cognito/sign-out", "/_cognito/sign-in?return_to=/", "/_cognito?x", "/_cognito#x", "/_COGNITO/sign-out", "/_Cognito/SIGN-OUT", "/_cognito//sign-out",
		"/_cognito/../_cognito/sign-out", "/x/../_cognito/sign-out", "/./_cognito/sign-out", "/%5fcognito/sign-out", "/%5F%63ognito/sign-out", "/%255fcognito/sign-out", "/_cognito%2fsign-out",
		"/_cognito/anything", "/_cognito%2Fsign-out", "//_cognito/sign-out", "/_cognito/%73ign-out", "/%2f_cognito/sign-out", "/%2e/_cognito/sign-out", "/_cognito%252fsign-out",
	},
	"too long": {"/" + strings.Repeat("a", visitor.MaxTarget), "/?" + strings.Repeat("ü", visitor.MaxTarget/3), site + "/" + strings.Repeat("a", visitor.MaxTarget)},
}

func TestUsersAreNotLedElsewhere(t *testing.T) {
	targets := newTargets(t)
	for name, values := range refused {
		t.Run(name, func(t *testing.T) {
			for _, value := range values {
				if got, ok := targets.Parse(value, site); ok || got != "" {
					t.Errorf("expected no target of %q, got %q", value, got)
				}
			}
		})
	}
}

func TestASiteThatIsNoOriginHasPathsAlone(t *testing.T) {
	targets := newTargets(t)
	for _, origin := range []string{"", "null", "app.example.com", "https://", "https://a b", "https://app.example.com/", "https://app.example.com:", "https://evil.example@app.example.com"} {
		if _, ok := targets.Parse(origin, origin); ok {
			t.Errorf("expected no target at %q", origin)
		}
		if got, ok := targets.Parse("/orders", origin); !ok || got != "/orders" {
			t.Errorf("expected a path at %q to do, got %q", origin, got)
		}
		if got, ok := targets.Parse(listed+"/x", origin); !ok || got != listed+"/x" {
			t.Errorf("expected a listed origin to do at %q, got %q", origin, got)
		}
	}
}

func TestASiteOnAnotherPortOrWithoutTLS(t *testing.T) {
	targets := newTargets(t)
	for _, origin := range []string{"http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "https://under_score.example"} {
		if got, ok := targets.Parse(origin+"/orders", origin); !ok || got != "/orders" {
			t.Errorf("expected /orders at %q, got %q", origin, got)
		}
	}
	if _, ok := targets.Parse("https://localhost:8080/", "http://localhost:8080"); ok {
		t.Error("expected another scheme to be another origin")
	}
}

func TestTargetsThatCannotBe(t *testing.T) {
	for _, prefix := range []string{"", "/", "//", "_cognito", "https://app.example.com/_cognito"} {
		if _, err := visitor.NewTargets(prefix, nil); err == nil || !strings.HasPrefix(err.Error(), "prefix: ") {
			t.Errorf("expected an error of the prefix %q, got %v", prefix, err)
		}
	}
	for _, origin := range []string{
		"", "*", "null", "app.example.com", "https://", "https://*.example.com", "https://app.example.com/", "https://app.example.com/path", "https://app.example.com?", "https://app.example.com#",
		"https://user@app.example.com", "https://app.example.com:", "https://app.example.com:x", "ftp://app.example.com", "//app.example.com", "https:app.example.com", "https://bücher.example",
		" https://app.example.com", "https://app.example.com\\", "https://%61pp.example.com",
	} {
		if _, err := visitor.NewTargets("/_cognito", []string{origin}); err == nil || !strings.HasPrefix(err.Error(), "return_to: ") {
			t.Errorf("expected an error of the origin %q, got %v", origin, err)
		}
	}
}

func TestAPrefixOfSeveralSegments(t *testing.T) {
	targets, err := visitor.NewTargets("/auth/cognito/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{"/auth": true, "/auth/other": true, "/auth/cognito": false, "/auth//Cognito/x": false, "/auth%2fcognito/x": false} {
		if _, ok := targets.Parse(value, site); ok != want {
			t.Errorf("expected %v of %q", want, value)
		}
	}
}

func TestWhereARequestWanted(t *testing.T) {
	for target, want := range map[string]string{
		"/": "/", "/orders?page=2": "/orders?page=2", "/a%2Fb?": "/a%2Fb?", "//evil.example/": "//evil.example/",
		"*": "", "app.example.com:443": "", "http://app.example.com/orders": "", "": "/x%20y?z",
		"/" + strings.Repeat("a", visitor.MaxTarget-1): "/" + strings.Repeat("a", visitor.MaxTarget-1),
		"/" + strings.Repeat("a", visitor.MaxTarget):   "",
	} {
		r := &http.Request{RequestURI: target, URL: &url.URL{Path: "/x y", RawQuery: "z"}}
		if got := visitor.Of(r); got != want {
			t.Errorf("expected %q of %q, got %q", want, target, got)
		}
	}
	if got := visitor.Of(httptest.NewRequest("GET", "/orders?page=2", nil)); got != "/orders?page=2" {
		t.Errorf("expected the target, got %q", got)
	}
}

// whatwg is where a browser at our site goes by a Location, as origin and path, or
// nothing when that is neither ours nor listed. It is the parser of the URL standard,
// as far as http and https go, and shares nothing with what it judges.
func whatwg(location string) string {
	location = strings.TrimFunc(location, func(r rune) bool { return r <= ' ' })
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(location)
	before, _, _ := strings.Cut(location, "#")
	before, _, _ = strings.Cut(before, "?")
	before = strings.ReplaceAll(before, `\`, "/")
	scheme, rest := "https", before
	if i := strings.IndexAny(before, ":/"); i > 0 && before[i] == ':' {
		if scheme, rest = strings.ToLower(before[:i]), before[i+1:]; scheme != "https" || !strings.HasPrefix(rest, "//") {
			return ""
		}
	}
	origin, path := site, rest
	if strings.HasPrefix(rest, "//") {
		host, after, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		origin, path = scheme+"://"+host, "/"+after
	} else if !strings.HasPrefix(rest, "/") {
		return ""
	}
	if origin != site && origin != listed && origin != "https://wiki.example.com" {
		return ""
	}
	return origin + resolve(path)
}

// resolve takes out the dot segments.
func resolve(path string) string {
	var kept []string
	for _, segment := range strings.Split(path[1:], "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// FuzzTarget leads nobody elsewhere: a browser stays on our origins, also after a
// proxy decoded the path, and comes to no page of sign-in.
func FuzzTarget(f *testing.F) {
	for _, values := range refused {
		for _, value := range values {
			f.Add(value)
		}
	}
	f.Add(listed + "/ü?a#b")
	f.Add("/a/b%2fc?d=%zz#e")
	targets := newTargets(f)
	f.Fuzz(func(t *testing.T, value string) {
		target, ok := targets.Parse(value, site)
		if !ok {
			if target != "" {
				t.Fatal("expected no target")
			}
			return
		}
		if again, ok := targets.Parse(target, site); !ok || again != target {
			t.Fatalf("expected %q to be itself, got %q", target, again)
		}
		if bytes.ContainsFunc([]byte(target), func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) || len(target) > visitor.MaxTarget {
			t.Fatalf("expected printable ASCII, got %q", target)
		}
		path, _, _ := strings.Cut(target, "?")
		for {
			where := strings.ToLower(whatwg(path)) + "/"
			if where == "/" || strings.Contains(where, ".com/_cognito/") || strings.Contains(where, ":8443/_cognito/") {
				t.Fatalf("expected to stay on our origins with %q", path)
			}
			decoded, err := url.PathUnescape(path)
			if err != nil || decoded == path {
				break
			}
			path = decoded
		}
	})
}
