package docs_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
	"github.com/caddy-cognito/caddy-cognito/integration/internal/docs"
)

var (
	descForm = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	suffixes = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// registered are the labels of the metrics that a running Caddy has, by name, and
// the values of some labels.
func registered(t *testing.T) (metrics map[string][]string, values map[string][]string) {
	t.Helper()
	dir := t.TempDir()
	if err := edge.Load(`{
	admin off
	persist_config off
	auto_https off
	storage file_system ` + dir + `
	log {
		output discard
	}
	cognito {
		user_pool main eu-west-1_AbCdEfGhI {
			client a
			jwks_url http://127.0.0.1:1
		}
	}
}
http:// {
	bind unix/` + dir + `/site.sock
	cognito_signin main
	cognito_auth main
}`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := edge.Stop(); err != nil {
			t.Error(err)
		}
	})
	ctx := caddy.ActiveContext()
	registry := ctx.GetMetricsRegistry()
	all := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(all)
		close(all)
	}()
	metrics, values = make(map[string][]string), make(map[string][]string)
	for desc := range all {
		found := descForm.FindStringSubmatch(desc.String())
		if found != nil && strings.HasPrefix(found[1], "caddy_cognito_") {
			metrics[found[1]] = strings.Split(found[2], ",")
		}
	}
	if len(metrics) < 12 {
		t.Fatalf("expected the metrics of the module, got %q", metrics)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				values[label.GetName()] = append(values[label.GetName()], label.GetValue())
			}
		}
	}
	return metrics, values
}

// queries are all expressions: of the dashboard, by panel, and of the alerts, by
// name.
func queries(t *testing.T) (dashboard, alerts map[string]string) {
	t.Helper()
	dashboard, alerts = make(map[string]string), make(map[string]string)
	text, err := os.ReadFile(filepath.Join(root, "caddyfile/docs/monitoring/grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	ids := make(map[int]bool)
	variables := strings.NewReplacer("$__rate_interval", "5m", "$pool", ".*", "$credentials", ".*")
	for _, panel := range board.Panels {
		if ids[panel.ID] {
			t.Errorf("%s: expected an id of its own, got %d", panel.Title, panel.ID)
		}
		ids[panel.ID] = true
		for _, target := range panel.Targets {
			dashboard[panel.Title] = variables.Replace(target.Expr)
		}
	}
	for _, rule := range rules(t) {
		if alerts[rule.Alert] != "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s: expected one rule with a severity, a summary and a description", rule.Alert)
		}
		alerts[rule.Alert] = rule.Expr
	}
	return dashboard, alerts
}

// rule is an alert as Prometheus reads it.
type rule struct {
	Alert, Expr         string
	For                 time.Duration
	Labels, Annotations map[string]string
}

func rules(t *testing.T) (all []rule) {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "caddyfile/docs/monitoring/alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var content struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		t.Fatal(err)
	}
	for _, group := range content.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// The texts of alerts are templates, in which a label that the expression lost is
// nothing.
func TestAlertsNameLabelsThatTheyHave(t *testing.T) {
	label := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, rule := range rules(t) {
		expr, err := parser.ParseExpr(rule.Expr)
		if err != nil {
			t.Errorf("%s: %v", rule.Alert, err)
			continue
		}
		var kept []string
		all := true // of the metric, without aggregation
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if aggregation, ok := node.(*parser.AggregateExpr); ok {
				kept, all = append(kept, aggregation.Grouping...), false
			}
			return nil
		})
		for name, text := range rule.Annotations {
			functions := template.FuncMap{"humanizeDuration": func(float64) string { return "" }}
			if _, err := template.New(name).Funcs(functions).Parse("{{ $labels := .Labels }}{{ $value := .Value }}" + text); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			for _, found := range label.FindAllStringSubmatch(text, -1) {
				if !all && !slices.Contains(kept, found[1]) {
					t.Errorf("%s: expected its expression to keep the label %s", rule.Alert, found[1])
				}
			}
		}
	}
}

// Whoever loads a dashboard or alerts with a wrong name sees nothing, for ever.
func TestMonitoringKnowsTheMetrics(t *testing.T) {
	metrics, values := registered(t)
	reasons, err := docs.ReadReasons(root)
	if err != nil {
		t.Fatal(err)
	}
	values["result"] = append(reasons.All(), "ok", "anonymous", "challenge", "error")
	values["cache"] = []string{"hit", "miss"}
	dashboard, alerts := queries(t)
	shown := make(map[string]bool)
	for where, query := range dashboard {
		for _, name := range judge(t, where, query, metrics, values) {
			shown[name] = true
		}
	}
	for where, query := range alerts {
		judge(t, where, query, metrics, values)
	}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		if !shown[name] {
			t.Errorf("expected %s on the dashboard", name)
		}
	}
	if len(alerts) < 10 {
		t.Errorf("expected alerts, got %d", len(alerts))
	}
}

// judge parses an expression and looks every name in it up. It returns the
// metrics.
func judge(t *testing.T, where, query string, metrics, values map[string][]string) (names []string) {
	t.Helper()
	expr, err := parser.ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return nil
	}
	known := []string{"le", "instance"}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := selector.Name
		if metrics[name] == nil {
			name = suffixes.ReplaceAllString(name, "")
		}
		if metrics[name] == nil {
			t.Errorf("%s: there is no metric %s", where, selector.Name)
			return nil
		}
		names, known = append(names, name), append(known, metrics[name]...)
		for _, matcher := range selector.LabelMatchers {
			judgeMatcher(t, where, matcher, metrics[name], values)
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if aggregation, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range aggregation.Grouping {
				if !slices.Contains(known, label) {
					t.Errorf("%s: no metric in it has the label %s", where, label)
				}
			}
		}
		return nil
	})
	return names
}

func judgeMatcher(t *testing.T, where string, matcher *labels.Matcher, known []string, values map[string][]string) {
	t.Helper()
	if matcher.Name == labels.MetricName {
		return
	}
	if !slices.Contains(known, matcher.Name) {
		t.Errorf("%s: the metric has no label %s", where, matcher.Name)
	}
	for value := range strings.SplitSeq(matcher.Value, "|") {
		if value != ".*" && !slices.Contains(values[matcher.Name], value) {
			t.Errorf("%s: no %s is ever %q", where, matcher.Name, value)
		}
	}
}
