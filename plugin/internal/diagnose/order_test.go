package diagnose

import (
	"strings"
	"testing"
)

// placed are the places of the handlers a and b in servers.
func placed(t *testing.T, servers string) (a, b Place) {
	t.Helper()
	servers = strings.NewReplacer("<a>", `{"handler": "a"}`, "<b>", `{"handler": "b"}`).Replace(servers)
	w, err := walked([]byte(`{"apps": {"http": {"servers": {` + servers + `}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range w.found {
		switch h.module {
		case "a":
			a = h.Place
		case "b":
			b = h.Place
		}
	}
	return a, b
}

func TestOrderOfHandlers(t *testing.T) {
	for _, row := range []struct {
		name, servers string
		may, does     bool
	}{
		{"in one route", `"s": {"routes": [{"handle": [<a>, <b>]}]}`, true, true},
		{"in one route, the other way around", `"s": {"routes": [{"handle": [<b>, <a>]}]}`, false, false},
		{"in two routes", `"s": {"routes": [{"handle": [<a>]}, {"handle": [<b>]}]}`, true, true},
		{"in a subroute and behind it", `"s": {"routes": [{"handle": [{"handler": "subroute", "routes": [{"handle": [<a>]}]}, <b>]}]}`, true, true},
		{"in two subroutes of a route", `"s": {"routes": [{"handle": [{"handler": "subroute", "routes": [{"handle": []}, {"handle": [<a>]}]}, {"handler": "subroute", "routes": [{"handle": [<b>]}]}]}]}`, true, true},
		{"for some requests", `"s": {"routes": [{"match": [{"method": ["GET"]}], "handle": [<a>]}, {"handle": [<b>]}]}`, true, false},
		{"for some requests, deep inside", `"s": {"routes": [{"handle": [{"handler": "subroute", "routes": [{"match": [{"path": ["/x"]}], "handle": [<a>]}]}]}, {"handle": [<b>]}]}`, true, false},
		{"behind a matcher that both have", `"s": {"routes": [{"match": [{"method": ["GET"]}], "handle": [<a>, <b>]}]}`, true, true},
		{"for all hosts, and for one", `"s": {"routes": [{"handle": [<a>]}, {"match": [{"host": ["x.example.com"]}], "handle": [<b>]}]}`, true, true},
		{"for one host", `"s": {"routes": [{"match": [{"host": ["x.example.com"]}], "handle": [<a>]}, {"match": [{"host": ["x.example.com"]}], "handle": [<b>]}]}`, true, true},
		{"for one host, and for all", `"s": {"routes": [{"match": [{"host": ["x.example.com"]}], "handle": [<a>]}, {"handle": [<b>]}]}`, true, false},
		{"for one host, and for more", `"s": {"routes": [{"match": [{"host": ["x.example.com"]}], "handle": [<a>]}, {"match": [{"host": ["x.example.com", "y.example.com"]}], "handle": [<b>]}]}`, true, false},
		{"for one host, and some requests", `"s": {"routes": [{"match": [{"host": ["x.example.com"], "method": ["GET"]}], "handle": [<a>]}, {"match": [{"host": ["x.example.com"]}], "handle": [<b>]}]}`, true, false},
		{"for two hosts", `"s": {"routes": [{"match": [{"host": ["x.example.com"]}], "handle": [<a>]}, {"match": [{"host": ["y.example.com"]}], "handle": [<b>]}]}`, false, false},
		{"for a wildcard", `"s": {"routes": [{"match": [{"host": ["*.example.com"]}], "handle": [<a>]}, {"match": [{"host": ["y.example.com"]}], "handle": [<b>]}]}`, true, false},
		{"for a wildcard of another domain", `"s": {"routes": [{"match": [{"host": ["*.example.com"]}], "handle": [<a>]}, {"match": [{"host": ["x.y.example.com"]}], "handle": [<b>]}]}`, false, false},
		{"for a host of the environment", `"s": {"routes": [{"match": [{"host": ["{env.HOST}"]}], "handle": [<a>]}, {"match": [{"host": ["y.example.com"]}], "handle": [<b>]}]}`, true, false},
		{"in a route that ends", `"s": {"routes": [{"match": [{"method": ["GET"]}], "terminal": true, "handle": [<a>]}, {"handle": [<b>]}]}`, false, false},
		{"in one of a group", `"s": {"routes": [{"group": "g", "match": [{"method": ["GET"]}], "handle": [<a>]}, {"group": "g", "handle": [<b>]}]}`, false, false},
		{"in two groups", `"s": {"routes": [{"group": "g", "match": [{"method": ["GET"]}], "handle": [<a>]}, {"group": "h", "handle": [<b>]}]}`, true, false},
		{"in two servers", `"s": {"routes": [{"handle": [<a>]}]}, "t": {"routes": [{"handle": []}, {"handle": [<b>]}]}`, false, false},
		{"in error routes", `"s": {"routes": [{"handle": [<a>]}], "errors": {"routes": [{"handle": [<b>]}]}}`, true, false},
		{"from error routes", `"s": {"routes": [{"handle": []}, {"handle": [<b>]}], "errors": {"routes": [{"handle": [<a>]}]}}`, false, false},
		{"in error routes of another host", `"s": {"routes": [{"match": [{"host": ["x.example.com"]}], "handle": [<a>]}], "errors": {"routes": [{"match": [{"host": ["y.example.com"]}], "handle": [<b>]}]}}`, false, false},
		{"in a named route", `"s": {"routes": [{"handle": [<b>]}], "named_routes": {"n": {"handle": [<a>]}}}`, true, false},
		{"in one named route", `"s": {"named_routes": {"n": {"handle": [<a>, <b>]}}}`, true, true},
		{"around it", `"s": {"routes": [{"handle": [{"handler": "a", "handle_response": [{"routes": [{"handle": [<b>]}]}]}]}]}`, true, false},
	} {
		a, b := placed(t, row.servers)
		if may, does := a.mayPrecede(b), a.precedes(b); may != row.may || does != row.does {
			t.Errorf("%s: expected a before b, possibly: %v, surely: %v, got %v, %v", row.name, row.may, row.does, may, does)
		}
	}
}

func TestNamesOfPlaces(t *testing.T) {
	for servers, want := range map[string]string{
		`"s": {"routes": [{"handle": []}, {"match": [{"host": ["x.example.com"], "path": ["/a/*"]}], "handle": [<a>]}]}`: "x.example.com/a/* (s, route 2)",
		`"s": {"errors": {"routes": [{"handle": [<a>]}]}}`:                                                               "s, error route 1",
		`"s": {"named_routes": {"n": {"handle": [<a>]}}}`:                                                                "s, named route n",
	} {
		if a, _ := placed(t, servers); a.String() != want {
			t.Errorf("expected %q, got %q", want, a.String())
		}
	}
}

func TestReachOfPaths(t *testing.T) {
	for _, row := range []struct {
		name, match string
		want        bool
	}{
		{"all paths", `[{"method": ["GET"]}]`, true},
		{"an alternative without paths", `[{"path": ["/app/*"]}, {"method": ["GET"]}]`, true},
		{"other paths", `[{"path": ["/app/*", "/api"]}]`, false},
		{"an alternative with other paths", `[{"path": ["/app/*"]}, {"path": ["/api/*"]}]`, false},
		{"its paths", `[{"path": ["/app/*", "/_cognito/*"]}]`, true},
		{"its paths in other letters", `[{"path": ["/_COGNITO/*"]}]`, true},
		{"one of its paths", `[{"path": ["/_cognito/sign-in"]}]`, true},
		{"paths that begin like its", `[{"path": ["/_cog*"]}]`, true},
		{"some of its paths", `[{"path": ["/_cognito/sign*"]}]`, true},
		{"the prefix alone", `[{"path": ["/_cognito"]}]`, false},
		{"a prefix that begins alike", `[{"path": ["/_cognito2/*"]}]`, false},
		{"an ending", `[{"path": ["*.html"]}]`, true},
		{"a placeholder", `[{"path": ["{env.PREFIX}/*"]}]`, true},
	} {
		a, _ := placed(t, `"s": {"routes": [{"match": `+row.match+`, "handle": [<a>]}]}`)
		if got := a.mayReach("/_cognito"); got != row.want {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
}
