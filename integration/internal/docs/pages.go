package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const firstLine = "on the first line"

var pages = []page{
	{
		name: "cognito", title: "Global option `cognito`", module: "App", syntax: "ParseApp", config: "App",
		twin: has("user_pool", ""),
	},
	{
		name: "user_pool", title: "`user_pool`", syntax: "parsePool", config: "UserPool",
		arguments: map[string]string{"id": firstLine, "client_secret": "`secret` in the block of a `client`"},
		twin:      has("user_pool", ""),
	},
	{
		name: "identity_pool", title: "`identity_pool`", syntax: "parseIdentityPool", config: "IdentityPool",
		arguments: map[string]string{"id": firstLine}, twin: has("identity_pool", ""),
	},
	{
		name: "web_identity", title: "`web_identity`", syntax: "parseWebIdentity", config: "WebIdentity",
		arguments: map[string]string{"endpoint": firstLine}, twin: has("web_identity", ""),
	},
	{
		name: "cognito_auth", title: "`cognito_auth`", module: "Auth", syntax: "ParseAuth", config: "Auth", matcher: true,
		arguments: map[string]string{
			"pool": firstLine + ", by name", "user_pool": firstLine + ", by ID and clients",
			"forward_none": "`forward none`", "forward_token": "`forward token`",
		},
		twin: has("handler", "cognito_auth"),
	},
	{
		name: "cognito_strip", title: "`cognito_strip`", module: "Strip", syntax: "ParseStrip", config: "Strip", matcher: true,
		twin: has("handler", "cognito_strip"),
	},
	{
		name: "cognito_signin", title: "`cognito_signin`", module: "Signin", syntax: "ParseSignin", config: "Signin", matcher: true,
		arguments: map[string]string{"pool": firstLine, "page sign_up attribute": "after `sign_up`"},
		twin:      has("handler", "cognito_signin"),
	},
	{
		name: "cognito_s3", title: "`cognito_s3`", module: "S3", syntax: "ParseS3", config: "S3", matcher: true,
		arguments: map[string]string{"bucket": firstLine, "index_none": "`index none`"},
		twin:      has("handler", "cognito_s3"),
	},
	{
		name: "cognito_aws", title: "`transport cognito_aws`", module: "Transport", syntax: "ParseTransport", config: "Transport",
		twin: has("protocol", "cognito_aws"),
	},
	{
		name: "cognito_credentials", title: "`cognito_credentials`", module: "CredentialsEndpoint", syntax: "ParseCredentials",
		config: "CredentialsEndpoint", matcher: true,
		arguments: map[string]string{"credentials": firstLine, "path": firstLine},
		twin:      has("handler", "cognito_credentials"),
	},
	{
		name: "matcher", title: "The matcher `cognito`", module: "Match", syntax: "ParseMatch", config: "Match",
		arguments: map[string]string{"require": "the kinds and values"},
		others:    []string{"scope|group|acr|max_age|claim"},
		twin:      has("cognito", ""),
	},
	{name: "provider", title: "The authentication provider `cognito`", module: "Provider", config: "Check"},
	{name: "admin", title: "Admin API and commands", module: "adminAPI", more: writeCommands},
}

// Pages are all pages by the names of their files. Root is the folder of the
// module.
func Pages(root string) (map[string]string, error) {
	g, err := newGenerator(root)
	if err != nil {
		return nil, err
	}
	written := make(map[string]string)
	for _, p := range pages {
		text, err := g.write(p)
		if err != nil {
			return nil, err
		}
		written[p.name+".md"] = text
	}
	index, err := g.writeIndex()
	written["README.md"] = index
	return written, err
}

// writeIndex lists the pages and the examples.
func (g *generator) writeIndex() (string, error) {
	intro, err := introduction("README")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(generated + intro.text + "\n\n## Pages\n\n")
	for _, p := range pages {
		text, err := introduction(p.name)
		if err != nil {
			return "", err
		}
		paragraph, _, _ := strings.Cut(text.text, "\n\n")
		fmt.Fprintf(&out, "- [%s](%s.md): %s\n", p.title, p.name, decapitalized(sentences(paragraph)[0]))
	}
	out.WriteString("\n## Examples\n\nEach is a whole Caddyfile, and is run by a test.\n\n")
	paths, err := filepath.Glob(filepath.Join(g.root, "caddyfile/examples/*.Caddyfile"))
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		name := filepath.Base(path)
		fmt.Fprintf(&out, "- [%s](../examples/%s): %s\n", strings.TrimSuffix(name, ".Caddyfile"), name, decapitalized(sentences(head(string(text)))[0]))
	}
	return out.String(), nil
}

// head is the first paragraph of the comment that a file starts with.
func head(text string) string {
	var list []string
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !ok {
			break
		}
		list = append(list, line)
	}
	return strings.Join(list, " ")
}

// decapitalized is a sentence that goes on after a colon. Names in capitals stay.
func decapitalized(sentence string) string {
	if len(sentence) > 1 && sentence[1] >= 'a' && sentence[1] <= 'z' || strings.HasPrefix(sentence, "A ") {
		word, _, _ := strings.Cut(sentence, " ")
		if !slices.Contains([]string{"DynamoDB", "Caddy", "Caddy's"}, word) {
			return strings.ToLower(sentence[:1]) + sentence[1:]
		}
	}
	return sentence
}

// writeCommands describes the answers of the admin API and the commands as their
// help does.
func writeCommands(g *generator) (string, error) {
	parts := []string{"## What `GET /cognito/status` answers", "One JSON object with three lists. Times that never came are left out.\n"}
	for _, list := range []struct{ name, typ, nested, inner string }{
		{"user_pools", "poolStatus", "key_sets", "keySetStatus"},
		{"sessions", "sessionStatus", "keys", "sessionKeyStatus"},
		{"credentials", "exchangeStatus", "", ""},
	} {
		keys, err := g.keysOf(list.typ)
		if err != nil {
			return "", err
		}
		line := "- `" + list.name + "`: " + keys
		if list.nested != "" {
			inner, err := g.keysOf(list.inner)
			if err != nil {
				return "", err
			}
			line += "; `" + list.nested + "` with " + inner
		}
		parts[1] += "\n" + line
	}
	command, ok := caddycmd.Commands()["cognito"]
	if !ok || command.CobraFunc == nil {
		return "", fmt.Errorf("there is no command cognito")
	}
	parent := new(cobra.Command)
	command.CobraFunc(parent)
	for _, sub := range parent.Commands() {
		parts = append(parts, "## `caddy cognito "+sub.Name()+"`", "```\ncaddy cognito "+sub.Use+"\n```", strings.TrimSpace(sub.Long), flagsOf(sub))
	}
	return strings.Join(parts, "\n\n"), nil
}

func (g *generator) keysOf(typ string) (string, error) {
	fields, err := g.module.fields(typ)
	if err != nil {
		return "", err
	}
	var keys []string
	for _, f := range fields {
		keys = append(keys, "`"+f.key+"`")
	}
	return strings.Join(keys, ", "), nil
}

func flagsOf(command *cobra.Command) string {
	out := "| flag | meaning |\n|---|---|"
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		name := "`--" + flag.Name + "`"
		if flag.Shorthand != "" {
			name += ", `-" + flag.Shorthand + "`"
		}
		out += "\n| " + name + " | " + cell(flag.Usage) + " |"
	})
	return out
}
