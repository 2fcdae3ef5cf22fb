package diagnose

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Place is where a handler stands.
type Place struct {
	server string
	listen []string
	errors bool // among the error routes
	route  []int
	hosts  []string
	paths  []string
	site   *listener
	named  string // the named route it is in
	turns  []turn
}

// String is how a reader of the configuration finds the place, such as
// "app.example.com/admin/* (srv0, route 1.2)".
func (p Place) String() string {
	numbers := make([]string, len(p.route))
	for i, number := range p.route {
		numbers[i] = fmt.Sprint(number)
	}
	kind := "route"
	switch {
	case p.errors:
		kind = "error route"
	case p.named != "":
		kind = "named route " + p.named
	}
	where := strings.TrimSpace(fmt.Sprintf("%s, %s %s", p.server, kind, strings.Join(numbers, ".")))
	if site := strings.Join(p.shownHosts(), ",") + strings.Join(p.paths, ","); site != "" {
		return fmt.Sprintf("%s (%s)", site, where)
	}
	return where
}

// port is the only one of the place; empty when it has another number of them.
func (p Place) port() string {
	if len(p.listen) != 1 {
		return ""
	}
	address, err := caddy.ParseNetworkAddress(p.listen[0])
	if err != nil || address.IsUnixNetwork() || address.IsFdNetwork() || address.PortRangeSize() != 1 {
		return ""
	}
	return fmt.Sprint(address.StartPort)
}

// shownHosts are the hosts as people write them, with a port that is not the usual
// one.
func (p Place) shownHosts() []string {
	port := p.port()
	if port == "" || port == "80" || port == "443" {
		return p.hosts
	}
	hosts := slices.Clone(p.hosts)
	for i := range hosts {
		hosts[i] += ":" + port
	}
	return hosts
}

// within is the place of a route that these matchers lead to.
func (p Place) within(match any) Place {
	if hosts := matched(match, "host"); hosts != nil {
		p.hosts = hosts
	}
	if paths := matched(match, "path"); paths != nil {
		p.paths = paths
	}
	return p
}

// matched are the values of one kind of matcher, of all alternatives.
func matched(match any, kind string) (values []string) {
	sets, _ := match.([]any)
	for _, set := range sets {
		matchers, _ := set.(map[string]any)
		list, _ := matchers[kind].([]any)
		for _, value := range list {
			if text, ok := value.(string); ok {
				values = append(values, text)
			}
		}
	}
	return values
}

// handler is one handler of the configuration, whatever its kind.
type handler struct {
	Place
	module string
	raw    map[string]any
}

// listener is what a server says about the connections to its sites.
type listener struct {
	TLS     []any `json:"tls_connection_policies"`
	Trusted any   `json:"trusted_proxies"`
	Unix    bool  `json:"trusted_proxies_unix"`
	HTTPS   struct {
		Disable bool     `json:"disable"`
		Skip    []string `json:"skip"`
	} `json:"automatic_https"`
	plainPorts bool // all addresses are of plain http
}

// decode reads the handler into its configuration, strictly, as Caddy does.
func (h handler) decode(into any) error {
	settings := maps.Clone(h.raw)
	delete(settings, "handler")
	return decode(settings, into)
}

// walker collects handlers from routes, subroutes and whatever else holds routes, and
// the routes that ask our matcher.
type walker struct {
	found    []handler
	matchers []Place
}

func (w *walker) server(name string, server map[string]any, httpPort int) error {
	at := Place{server: name, listen: matched([]any{server}, "listen"), site: new(listener)}
	if err := read(server, at.site); err != nil {
		return fmt.Errorf("server %s: %w", name, err)
	}
	at.site.plainPorts = len(at.listen) > 0 && !slices.ContainsFunc(at.listen, func(address string) bool {
		return !strings.HasSuffix(address, fmt.Sprintf(":%d", httpPort))
	})
	w.walk(server["routes"], at)
	w.walkNamed(server["named_routes"], at)
	at.errors = true
	w.walk(server["errors"], at)
	return nil
}

// walkNamed goes through routes that any other can invoke.
func (w *walker) walkNamed(value any, at Place) {
	routes, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		at.named = name
		w.walk(routes[name], at)
	}
}

func (w *walker) walk(value any, at Place) {
	switch value := value.(type) {
	case []any:
		turns := turnsOf(value)
		for i, element := range value {
			inner := at
			inner.turns = append(slices.Clone(at.turns), turns[i])
			if isRoute(element) {
				inner.route = append(slices.Clone(at.route), i+1)
			}
			w.walk(element, inner)
		}
	case map[string]any:
		if isRoute(value) {
			at = at.within(value["match"])
			if asksMatcher(value["match"]) {
				w.matchers = append(w.matchers, at)
			}
		}
		if module, ok := value["handler"].(string); ok {
			w.found = append(w.found, handler{at, module, value})
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			w.walk(value[key], at)
		}
	}
}

func isRoute(value any) bool {
	object, _ := value.(map[string]any)
	_, ok := object["handle"].([]any)
	return ok
}

// walked is a whole configuration, server by server.
func walked(document []byte) (w walker, err error) {
	var cfg struct {
		Apps struct {
			HTTP struct {
				Port    int                       `json:"http_port"`
				Servers map[string]map[string]any `json:"servers"`
			} `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(document, &cfg); err != nil {
		return w, err
	}
	if cfg.Apps.HTTP.Port == 0 {
		cfg.Apps.HTTP.Port = caddyhttp.DefaultHTTPPort
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Apps.HTTP.Servers)) {
		if err := w.server(name, cfg.Apps.HTTP.Servers[name], cfg.Apps.HTTP.Port); err != nil {
			return w, err
		}
	}
	return w, nil
}
