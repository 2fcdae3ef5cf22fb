package diagnose

import "fmt"

// ender is a handler that answers every request, so that none comes to those
// behind it.
type ender struct {
	Place
	name string // of the directive
}

// enders are the directives of Caddy's handlers that may end a request.
var enders = map[string]string{
	"reverse_proxy": "reverse_proxy", "file_server": "file_server", "static_response": "respond", "cognito_s3": "cognito_s3",
	"error": "error", "metrics": "metrics",
}

// addEnder notes a handler, unless it may hand requests on.
func (s *Site) addEnder(h handler) {
	_, ends := enders[h.module]
	passes, _ := h.raw["pass_thru"].(bool)             // file_server
	_, shapes := h.raw["handle_response"]              // reverse_proxy, such as that of forward_auth
	early := fmt.Sprint(h.raw["status_code"]) == "103" // respond
	if ends && !passes && !shapes && !early {
		s.enders = append(s.enders, ender{h.Place, directiveOf(h)})
	}
}

// directiveOf is what a Caddyfile calls an ender. Several directives become a
// static_response.
func directiveOf(h handler) string {
	headers, _ := h.raw["headers"].(map[string]any)
	switch {
	case headers["Location"] != nil:
		return "redir"
	case h.raw["abort"] == true:
		return "abort"
	}
	return enders[h.module]
}

// unreached is about handlers of ours to which no request comes: the worst mistake
// of all, for a cognito_auth. Directives of a Caddyfile are sorted, but reverse_proxy
// comes before cognito_s3, and in a route they stand as written.
func (s *Site) unreached() (found []Finding) {
	look := func(name string, at Place) {
		for _, e := range s.enders {
			if e.precedes(at) {
				f := fail("the %s at %s before it answers all requests, so that none comes here; put this one first, or give that one a matcher, such as %s /api/*", e.name, e.Place, e.name)
				f.What = fmt.Sprintf("%s at %s: order", name, at)
				found = append(found, f)
				return
			}
		}
	}
	for _, g := range s.guards {
		look(g.name, g.Place)
	}
	for _, in := range s.signins {
		look("cognito_signin", in.Place)
	}
	for _, spends := range s.spenders {
		look(spends.name, spends.Place)
	}
	for _, at := range s.strips {
		look("cognito_strip", at)
	}
	return found
}
