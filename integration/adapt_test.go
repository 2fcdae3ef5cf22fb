package integration_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // stock Caddy

	_ "github.com/caddy-cognito/caddy-cognito" // and the plugin
)

var update = flag.Bool("update", false, "rewrite the expectations of testdata/adapt")

const dashes = "----------\n"

// golden is a file of testdata/adapt: a Caddyfile, a line of dashes, and what
// becomes of it: JSON, or in files that start with err_, the text of an error.
type golden struct{ name, path, caddyfile, want string }

func goldens(t *testing.T) []golden {
	t.Helper()
	paths, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(paths) == 0 {
		t.Fatalf("expected golden files, got %v", err)
	}
	list := make([]golden, len(paths))
	for i, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		input, want, ok := strings.Cut(string(data), dashes)
		if !ok {
			t.Fatalf("%s: expected a line of dashes", path)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".caddyfiletest")
		list[i] = golden{name, path, input, want}
	}
	return list
}

func (g golden) wrong() bool { return strings.HasPrefix(g.name, "err_") }

// adapt takes every warning for an error.
func adapt(t *testing.T, input string) ([]byte, error) {
	t.Helper()
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	for _, warning := range warnings {
		t.Errorf("unexpected warning: %v", warning)
	}
	return config, err
}

func TestAdapt(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			config, err := adapt(t, g.caddyfile)
			if (err != nil) != g.wrong() {
				t.Fatalf("unexpected error: %v", err)
			}
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			} else {
				got = indent(t, config)
			}
			if *update {
				if err := os.WriteFile(g.path, []byte(g.caddyfile+dashes+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != g.want {
				t.Errorf("%s\nexpected\n%sgot\n%s(go test -run TestAdapt -update rewrites it)", g.path, g.want, got)
			}
		})
	}
}

func indent(t *testing.T, document []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, document, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// People copy these files, mistakes included.
func TestGoldenCaddyfilesAreFormatted(t *testing.T) {
	for _, g := range goldens(t) {
		if want := string(caddyfile.Format([]byte(g.caddyfile))); g.caddyfile != want {
			t.Errorf("%s: expected\n%s", g.path, want)
		}
	}
}

// The same Caddyfile must give the same bytes, or every reload would look like a
// change.
func TestAdaptIsDeterministic(t *testing.T) {
	for _, g := range goldens(t) {
		first, firstErr := adapt(t, g.caddyfile)
		for range 20 {
			again, err := adapt(t, g.caddyfile)
			if !bytes.Equal(first, again) || errText(firstErr) != errText(err) {
				t.Fatalf("%s: expected %s %v, got %s %v", g.path, first, firstErr, again, err)
			}
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// setPlaceholders gives a value to what the golden files take from the environment.
func setPlaceholders(t *testing.T) {
	t.Setenv("COGNITO_TEST_POOL_ID", "eu-west-1_AbCdEfGhI")
	t.Setenv("COGNITO_TEST_CLIENT_ID", "1h57kf5cpq17m0eml12example")
	t.Setenv("COGNITO_TEST_REGION", "eu-west-1")
	t.Setenv("COGNITO_TEST_IDENTITY_POOL_ID", "eu-west-1:1d2c3b4a-0000-0000-0000-000000000000")
	t.Setenv("COGNITO_TEST_ROLE_ARN", "arn:aws:iam::111122223333:role/readers")
	t.Setenv("COGNITO_TEST_POLICY_ARN", "arn:aws:iam::aws:policy/ReadOnlyAccess")
	t.Setenv("COGNITO_TEST_MINIO", "minio.internal")
	t.Setenv("COGNITO_TEST_BUCKET", "private-media")
	t.Setenv("COGNITO_TEST_CLIENT_SECRET", "51secretexample")
	t.Setenv("COGNITO_TEST_CLIENT_SECRET_NEXT", "51nextsecretexample")
}

// validate provisions a configuration as a reload would, but starts nothing: no
// port, no request, no log.
func validate(t *testing.T, document []byte) error {
	t.Helper()
	config := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(document, config); err != nil {
		t.Fatal(err)
	}
	discard := &caddy.CustomLog{BaseLog: caddy.BaseLog{WriterRaw: []byte(`{"output":"discard"}`)}}
	config.Logging = &caddy.Logging{Logs: map[string]*caddy.CustomLog{caddy.DefaultLoggerName: discard}}
	return caddy.Validate(config)
}

func TestGoldenCaddyfilesLoad(t *testing.T) {
	setPlaceholders(t)
	for _, g := range goldens(t) {
		if g.wrong() {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			config, err := adapt(t, g.caddyfile)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, config); err != nil {
				t.Errorf("expected the configuration to load, got %v", err)
			}
		})
	}
}

// loadRow is a Caddyfile that adapts, and a part of the error when it is loaded.
type loadRow struct{ name, caddyfile, want string }

func refuseLoad(t *testing.T, rows []loadRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			setPlaceholders(t)
			config, err := adapt(t, row.caddyfile)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, config); !strings.Contains(errText(err), row.want) {
				t.Errorf("expected %s\n     got %v", row.want, err)
			}
		})
	}
}

// Some mistakes show only when the configuration is loaded.
func TestLoadRefuses(t *testing.T) {
	const global = "{\n\tcognito {\n\t\tuser_pool main "
	refuseLoad(t, []loadRow{
		{
			"a name that nobody configured", "example.com {\n\tcognito_auth main\n}\n",
			`pool: no user_pool is named "main"; configure it in the global option cognito, or give a pool ID and its app clients`,
		},
		{
			"a name that is misspelt", global + "local_1 {\n\t\t\tclient a\n\t\t}\n\t}\n}\nexample.com {\n\tcognito_signin man\n}\n",
			`pool: no user_pool is named "man"; configure it in the global option cognito; there are: main`,
		},
		{
			"a placeholder without a value", global + "{env.COGNITO_TEST_UNSET} {\n\t\t\tclient a\n\t\t}\n\t}\n}\n",
			`user_pool main: id: evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`,
		},
		{
			"a placeholder whose value is no pool ID", global + "{env.COGNITO_TEST_REGION} {\n\t\t\tclient a\n\t\t}\n\t}\n}\n",
			`user_pool main: id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got "eu-west-1"`,
		},
		{
			"a placeholder that Caddy does not know", global + "local_1 {\n\t\t\tclient {cognito.client}\n\t\t}\n\t}\n}\n",
			`user_pool main: client: unrecognized placeholder {cognito.client}; it needs a value when the configuration is loaded`,
		},
		{
			"a client that another placeholder names, too",
			global + "local_1 {\n\t\t\tclient {env.COGNITO_TEST_CLIENT_ID} 1h57kf5cpq17m0eml12example\n\t\t}\n\t}\n}\n",
			`user_pool main: client: "1h57kf5cpq17m0eml12example" stands here twice; remove one of them`,
		},
		{
			"a directive's placeholder without a value", "example.com {\n\tcognito_auth {env.COGNITO_TEST_UNSET} a\n}\n",
			`user_pool: id: evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`,
		},
		{
			"a key set that is not there", global + "local_1 {\n\t\t\tclient a\n\t\t\tjwks_file testdata/adapt/nothing.json\n\t\t}\n\t}\n}\n",
			`user_pool main: jwks_file: open testdata/adapt/nothing.json: no such file or directory`,
		},
		{
			"an unknown kind in an expression",
			"example.com {\n\t@a expression cognito('role', 'admins')\n\trespond @a 200\n}\n",
			`require: unknown requirement "role": expected scope, group, acr, max_age or claim`,
		},
	})
}

// Names refer to something only when the whole configuration was read, and values
// of the environment are known only then.
func TestLoadRefusesExchanges(t *testing.T) {
	const (
		global = "{\n\tcognito {\n\t\tuser_pool main local_1 {\n\t\t\tclient a\n\t\t}\n\t\t"
		end    = "\n\t}\n}\n"
		media  = global + "identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n\t\t\tuser_pool main\n\t\t}" + end
		none   = `credentials: no identity_pool and no web_identity is named "minio"; configure it in the global option cognito`
	)
	refuseLoad(t, []loadRow{
		{
			"an identity pool for a user pool that nobody configured", global + "identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n\t\t\tuser_pool other\n\t\t}" + end,
			`identity_pool media: user_pool: none is named "other"; configure it in the global option cognito; there are: main`,
		},
		{
			"a web identity for a user pool that nobody configured", global + "web_identity minio https://minio {\n\t\t\tuser_pool other\n\t\t\trole_arn arn:a:b:::c\n\t\t}" + end,
			`web_identity minio: user_pool: none is named "other"; configure it in the global option cognito; there are: main`,
		},
		{
			"an identity pool ID without a value", global + "identity_pool media {env.COGNITO_TEST_UNSET} {\n\t\t\tuser_pool main\n\t\t}" + end,
			`identity_pool media: id: evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`,
		},
		{
			"an identity pool ID whose value is another", global + "identity_pool media {env.COGNITO_TEST_POOL_ID} {\n\t\t\tuser_pool main\n\t\t}" + end,
			`identity_pool media: id: expected an identity pool ID such as eu-west-1:1d2c3b4a-0000-0000-0000-000000000000, got "eu-west-1_AbCdEfGhI"`,
		},
		{
			"a web identity whose URL is none", global + "web_identity minio {env.COGNITO_TEST_MINIO} {\n\t\t\tuser_pool main\n\t\t}" + end,
			`web_identity minio: role_arn: required, unless group_role or preferred_role says the role`,
		},
		{
			"a role of the basic flow whose value is none",
			global + "identity_pool media eu-west-1:1d2c3b4a-0000-0000-0000-000000000000 {\n\t\t\tguests\n\t\t\tbasic\n\t\t\trole_arn {env.COGNITO_TEST_REGION}\n\t\t}" + end,
			`identity_pool media: role_arn: expected an ARN such as arn:aws:iam::111122223333:role/readers, got "eu-west-1"`,
		},
		{"credentials of a bucket that nobody configured", media + "example.com {\n\tcognito_s3 private-media {\n\t\tcredentials minio\n\t}\n}\n", none},
		{"credentials of an endpoint that nobody configured", media + "example.com {\n\tcognito_credentials minio\n}\n", none},
		{
			"credentials of a transport that nobody configured",
			media + "example.com {\n\treverse_proxy storage:9000 {\n\t\ttransport cognito_aws {\n\t\t\tcredentials minio\n\t\t}\n\t}\n}\n", none,
		},
		{
			"a bucket whose name is none", media + "example.com {\n\tcognito_s3 {env.COGNITO_TEST_POOL_ID} {\n\t\tcredentials media\n\t}\n}\n",
			`bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got "eu-west-1_AbCdEfGhI"`,
		},
		{
			"an endpoint of a bucket without a value",
			media + "example.com {\n\tcognito_s3 private-media {\n\t\tcredentials media\n\t\tendpoint {env.COGNITO_TEST_UNSET}\n\t}\n}\n",
			`endpoint: evaluated placeholder {env.COGNITO_TEST_UNSET} is empty; it needs a value when the configuration is loaded`,
		},
	})
}

// JSON can hold what a Caddyfile cannot say.
func TestLoadRefusesJSON(t *testing.T) {
	for _, row := range []struct{ name, app, want string }{
		{"a pool that is null", `{"user_pool":{"main":null}}`, `user_pool main: must not be null; give its settings`},
		{"an empty pool", `{"user_pool":{"main":{}}}`, `user_pool main: id: expected a user pool ID such as eu-west-1_AbCdEfGhI, got ""`},
		{"a pool ID as a name", `{"user_pool":{"eu-west-1_a":{"id":"eu-west-1_a","client":["a"]}}}`, `user_pool: expected a name of your choice, got "eu-west-1_a"`},
		{"an identity pool that is null", `{"identity_pool":{"media":null}}`, `identity_pool media: must not be null; give its settings`},
		{"a web identity that is null", `{"web_identity":{"minio":null}}`, `web_identity minio: must not be null; give its settings`},
		{
			"a name for both", `{"identity_pool":{"a":{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","guests":true}},"web_identity":{"a":null}}`,
			`web_identity: "a" is the name of an identity_pool, too; choose another name for one of them`,
		},
		{"an unknown key of an identity pool", `{"identity_pool":{"media":{"region":"eu-west-1"}}}`, `unknown field "region"`},
		{"an unknown key", `{"user_pool":{"main":{"clients":["a"]}}}`, `unknown field "clients"`},
		{"a negative duration", `{"user_pool":{"main":{"id":"local_1","client":["a"],"leeway":"-1s"}}}`, `user_pool main: leeway: expected 0 or more, got -1s`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := validate(t, []byte(`{"apps":{"cognito":`+row.app+`}}`)); !strings.Contains(errText(err), row.want) {
				t.Errorf("expected %s\n     got %v", row.want, err)
			}
		})
	}
}

// Whoever moves a directive changes who may do what, so the order is spelt out
// here besides the golden file.
func TestDirectiveOrder(t *testing.T) {
	for _, g := range goldens(t) {
		if g.name != "directive_order" {
			continue
		}
		config, err := adapt(t, g.caddyfile)
		if err != nil {
			t.Fatal(err)
		}
		got := handlers(t, config)
		want := []string{
			"headers", // header
			"authentication", "cognito_signin", "cognito_strip", "cognito_auth", "cognito_credentials",
			"reverse_proxy", // forward_auth
			"headers",       // request_header
			"encode", "static_response", "reverse_proxy",
			"cognito_s3", "file_server",
		}
		if !slices.Equal(got, want) {
			t.Errorf("expected %q, got %q", want, got)
		}
		return
	}
	t.Error("expected testdata/adapt/directive_order.caddyfiletest")
}

// handlers lists the handlers of the only site of a configuration.
func handlers(t *testing.T, config []byte) []string {
	t.Helper()
	type route struct {
		Handle []struct {
			Handler string `json:"handler"`
			Routes  []struct {
				Handle []struct {
					Handler string `json:"handler"`
				} `json:"handle"`
			} `json:"routes"`
		} `json:"handle"`
	}
	var parsed struct {
		Apps struct {
			HTTP struct {
				Servers map[string]struct {
					Routes []route `json:"routes"`
				} `json:"servers"`
			} `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, inner := range parsed.Apps.HTTP.Servers["srv0"].Routes[0].Handle[0].Routes {
		for _, handle := range inner.Handle {
			list = append(list, handle.Handler)
		}
	}
	return list
}
