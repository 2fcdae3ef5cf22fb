package caddyfile_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// proxied is what becomes of the block of the transport.
type proxied struct {
	config.Transport
	rest string // outline of what goes to Caddy's HTTP transport
}

func parseTransport(d *caddyfile.Dispenser) (proxied, error) {
	var parsed proxied
	transport, err := parse.ParseTransport(d, func(rest *caddyfile.Dispenser) error {
		parsed.rest = outline(rest)
		return nil
	})
	if err != nil {
		return proxied{}, err
	}
	parsed.Transport = transport
	return parsed, nil
}

// outline reads a block as the parsers of Caddy's modules do: the words with their
// lines and arguments, and what is nested in them.
func outline(d *caddyfile.Dispenser) string {
	d.Next()
	text := outlineBlock(d)
	if d.Next() {
		text += " and then " + d.Val()
	}
	return text
}

func outlineBlock(d *caddyfile.Dispenser) string {
	var list []string
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		word := fmt.Sprintf("%d:%s", d.Line(), d.Val())
		for _, arg := range d.RemainingArgs() {
			word += " " + arg
		}
		list = append(list, word+outlineBlock(d))
	}
	if list == nil {
		return ""
	}
	return "{" + strings.Join(list, "; ") + "}"
}

func TestParseTransport(t *testing.T) {
	expectAll(t, parseTransport, []accepted[proxied]{
		{"credentials", "cognito_aws {\n credentials media\n}", proxied{config.Transport{Credentials: "media"}, ""}},
		{
			"every word of S3", "cognito_aws {\n credentials media\n service s3\n region eu-west-1\n checksum\n allow_query acl list-type\n allow_query prefix\n" +
				" allow_header x-amz-acl\n allow_header x-amz-tagging x-amz-storage-class\n}",
			proxied{config.Transport{
				Credentials: "media", Service: "s3", Region: "eu-west-1", S3Requests: config.S3Requests{
					Checksum: true, AllowQuery: []string{"acl", "list-type", "prefix"}, AllowHeader: []string{"x-amz-acl", "x-amz-tagging", "x-amz-storage-class"},
				},
			}, ""},
		},
		{
			"another service, named before its limit", "cognito_aws {\n credentials media\n service dynamodb\n max_body 2MiB\n}",
			proxied{config.Transport{Credentials: "media", Service: "dynamodb", MaxBody: 2 << 20}, ""},
		},
		{
			"another service, named behind its limit", "cognito_aws {\n max_body 512kB\n service es\n credentials media\n}",
			proxied{config.Transport{Credentials: "media", Service: "es", MaxBody: 512_000}, ""},
		},
		{
			"a region that is known when it is loaded", "cognito_aws {\n credentials media\n region {env.AWS_REGION}\n}",
			proxied{config.Transport{Credentials: "media", Region: "{env.AWS_REGION}"}, ""},
		},
		{"headers", "cognito_aws {\n credentials media\n inject\n}", proxied{config.Transport{Credentials: "media", Inject: &config.Inject{}}, ""}},
		{"headers, with an empty block", "cognito_aws {\n inject {\n }\n credentials media\n}", proxied{config.Transport{Credentials: "media", Inject: &config.Inject{}}, ""}},
		{
			"headers of your own, of which one gives way", "cognito_aws {\n credentials media\n inject {\n  access_key_id X-Cognito-Expires\n  secret_access_key X-B\n" +
				"  session_token X-C\n  expires X-D\n }\n}",
			proxied{config.Transport{Credentials: "media", Inject: &config.Inject{
				AccessKeyID: "X-Cognito-Expires", SecretAccessKey: "X-B", SessionToken: "X-C", Expires: "X-D",
			}}, ""},
		},
	})
}

// What the block does not know goes to Caddy's HTTP transport, as it is and with
// its lines.
func TestTransportPassesOn(t *testing.T) {
	media := config.Transport{Credentials: "media"}
	expectAll(t, parseTransport, []accepted[proxied]{
		{"one word", "cognito_aws {\n credentials media\n compression off\n}", proxied{media, "{3:compression off}"}},
		{"one word before its own", "cognito_aws {\n compression off\n credentials media\n}", proxied{media, "{2:compression off}"}},
		{
			"words between and around its own, and repeated", "cognito_aws {\n dial_timeout 1s\n credentials media\n tls\n\n region a\n versions 1.1 2\n dial_timeout 2s\n}",
			proxied{config.Transport{Credentials: "media", Region: "a"}, "{2:dial_timeout 1s; 4:tls; 7:versions 1.1 2; 8:dial_timeout 2s}"},
		},
		{
			"words with blocks", "cognito_aws {\n tls_trust_pool file {\n  pem_file /ca.pem\n }\n credentials media\n tls_trust_pool inline {\n  trust_der a {\n   b\n  }\n }\n}",
			proxied{media, "{2:tls_trust_pool file{3:pem_file /ca.pem}; 6:tls_trust_pool inline{7:trust_der a{8:b}}}"},
		},
		{"a word with a block at the end", "cognito_aws {\n credentials media\n tls_trust_pool file {\n  pem_file /ca.pem\n }\n}", proxied{media, "{3:tls_trust_pool file{4:pem_file /ca.pem}}"}},
		{"a word with an empty block", "cognito_aws {\n tls_trust_pool file {\n }\n credentials media\n}", proxied{media, "{2:tls_trust_pool file}"}},
		{"its own words inside such a block", "cognito_aws {\n credentials media\n other {\n  credentials x\n  region y\n }\n}", proxied{media, "{3:other{4:credentials x; 5:region y}}"}},
		{"comments", "cognito_aws { # a\n # b\n compression off # c\n credentials media # d\n # e\n} # f", proxied{media, "{3:compression off}"}},
		{"quoted words at the end, one of them a brace", "cognito_aws {\n credentials media\n resolvers \"1.1.1.1\" \"}\"\n}", proxied{media, "{3:resolvers 1.1.1.1 }}"}},
		{"a quoted name", "\"cognito_aws\" {\n credentials media\n compression \"off\"\n}", proxied{media, "{3:compression off}"}},
		{"a value of several lines at the end", "cognito_aws {\n credentials media\n local_address \"a\nb\nc\"\n}", proxied{media, "{3:local_address a\nb\nc}"}},
		{"a heredoc at the end", "cognito_aws {\n credentials media\n other <<X\n a\n X\n}", proxied{media, "{3:other a}"}},
		{"a continued line", "cognito_aws {\n credentials media\n versions 1.1 \\\n  2\n}", proxied{media, "{3:versions 1.1 2}"}},
		{"a word that looks like a placeholder", "cognito_aws {\n credentials media\n {env.A} {env.B}\n}", proxied{media, "{3:{env.A} {env.B}}"}},
		{"a misspelt word of its own", "cognito_aws {\n credentials media\n regoin a\n}", proxied{media, "{3:regoin a}"}},
	})
}

func TestTransportRefuses(t *testing.T) {
	const notClosed = `the block that starts here is not closed; add a line with }`
	refuseAll(t, parseTransport, []refused{
		{"no block", "\ncognito_aws", noCredentials + ", at Testfile:2"},
		{"an empty block", "cognito_aws {\n}", noCredentials + ", at Testfile:1"},
		{"no credentials, but options of Caddy's transport", "cognito_aws {\n compression off\n}", noCredentials + ", at Testfile:1"},
		{"an argument", "cognito_aws media {\n}", `transport cognito_aws: expected a block that starts with {, got "media", at Testfile:1`},
		{"a block that is not closed", "\ncognito_aws {\n credentials media\n", notClosed + ", at Testfile:2"},
		{"a block that is not closed behind an option", "cognito_aws {\n credentials media\n compression off", notClosed + ", at Testfile:1"},
		{"a block that is not closed behind the block of an option", "cognito_aws {\n credentials media\n other {\n  x\n }\n", notClosed + ", at Testfile:1"},
		{"an option's block that is not closed", "cognito_aws {\n credentials media\n other {\n  x\n", notClosed + ", at Testfile:1"},
		{"a brace at the end of an option", "cognito_aws {\n credentials media\n compression off }\n", notClosed + ", at Testfile:1"},
		{"a word after the block", "cognito_aws {\n credentials media\n compression off\n} x", notClosed + ", at Testfile:1"},
		{"a block without a word", "cognito_aws {\n {\n  x\n }\n}", notClosed + ", at Testfile:1"},
		{"a block on its own line, behind an option", "cognito_aws {\n credentials media\n compression off\n {\n  x\n }\n}", `compression: expected the end of the line, got a block; remove the braces, at Testfile:4`},
		{"a block on one line", "cognito_aws { credentials media }", `credentials: expected one value, got "media }", at Testfile:1`},
		{"an inject that is not closed", "cognito_aws {\n inject {\n  expires X\n", notClosed + ", at Testfile:2"},
		{
			"a limit without its service, at its line", "cognito_aws {\n credentials media\n max_body 1MiB\n region a\n}",
			`max_body: is for services other than s3, whose uploads are streamed; name that service, or use request_body to bound uploads, at Testfile:3`,
		},
		{
			"a header that another one has by default, at its line", "cognito_aws {\n credentials media\n inject {\n  access_key_id x-cognito-expires\n  session_token X-Token\n }\n}",
			`inject: header "X-Cognito-Expires" is used for both access_key_id and expires; choose another name for one of them, at Testfile:4`,
		},
	})
}

const noCredentials = `credentials: required; name an identity_pool or web_identity`

// Each line stands on line 3, between good ones.
func TestTransportRefusesLine(t *testing.T) {
	const (
		unsigned = `, since nothing is signed; remove one of them`
		maxBody  = `max_body: is for services other than s3, whose uploads are streamed; name that service, or use request_body to bound uploads`
	)
	rows := []refused{
		{"credentials without a value", "credentials", `credentials: expected a value after it`},
		{"two credentials", "credentials a b", `credentials: expected one value, got "a b"`},
		{"credentials with a placeholder", "credentials {env.A}", `credentials: expected the name of an identity_pool or web_identity, got "{env.A}"`},
		{"credentials with an ID", "credentials " + identityPoolID, `credentials: expected the name of an identity_pool or web_identity, got "` + identityPoolID + `"`},
		{"a service in upper case", "service DynamoDB", `service: expected the AWS name of a service such as s3 or dynamodb, got "DynamoDB"`},
		{"a service with a placeholder", "service {env.A}", `service: expected the AWS name of a service such as s3 or dynamodb, got "{env.A}"`},
		{"an empty service", `service ""`, `service: must not be empty; without this line, the default applies`},
		{"a region in upper case", "region Ireland", `region: expected a region such as eu-west-1, got "Ireland"`},
		{"max_body for s3", "service s3\n max_body 1MiB", maxBody},
		{"max_body before s3", "max_body 1MiB\n service s3", maxBody},
		{"checksum with a value", "checksum crc32", `checksum: expected nothing after it, got "crc32"`},
		{"checksum for another service", "service es\n checksum", `checksum: is for service s3 only, got service "es"; remove one of them`},
		{"another service behind checksum", "checksum\n service es", `checksum: is for service s3 only, got service "es"; remove one of them`},
		{"allow_query for another service", "service es\n allow_query acl", `allow_query: is for service s3 only, got service "es"; remove one of them`},
		{"allow_header for another service", "service es\n allow_header x-amz-acl", `allow_header: is for service s3 only, got service "es"; remove one of them`},
		{"allow_query without a value", "allow_query", `allow_query: expected one or more values`},
		{"allow_query with a question mark", "allow_query ?acl", `allow_query: expected the name of a query parameter such as partNumber, got "?acl"`},
		{"allow_query twice over lines", "allow_query acl\n allow_query acl", `allow_query: "acl" stands here twice; remove one of them`},
		{"allow_header without a value", "allow_header", `allow_header: expected one or more values`},
		{"allow_header of another kind", "allow_header Cookie", `allow_header: expected the name of a header that starts with x-amz-, got "Cookie"`},
		{"allow_header of the signature", "allow_header X-Amz-Date", `allow_header: "X-Amz-Date" belongs to the signature, which only the edge makes; remove it`},
		{"inject with a value", "inject X-Token", `inject: expected a block or nothing after it, got "X-Token"`},
		{"inject behind a service", "service s3\n inject", `inject: cannot be combined with service` + unsigned},
		{"a region behind inject", "inject\n region a", `inject: cannot be combined with region` + unsigned},
		{"inject with an empty block behind checksum", "checksum\n inject {\n }", `inject: cannot be combined with checksum` + unsigned},
		{"inject behind a limit", "max_body 1kB\n inject {\n  expires X\n }", `inject: cannot be combined with max_body` + unsigned},
	}
	for _, value := range []string{"0", "-1", "many", "1.5.2", "1XB", "{env.A}", "9EiB", "99999999999999999999"} {
		rows = append(rows, refused{"max_body " + value, "max_body " + value, `max_body: expected a size above 0, such as 1MiB, got "` + value + `"; without this line, the default applies`})
	}
	for i := range rows {
		line := "3"
		if strings.Contains(rows[i].input, "\n ") {
			line = "4"
		}
		if strings.HasSuffix(rows[i].input, "expires X\n }") {
			line = "5" // inside inject
		}
		rows[i].input = "cognito_aws {\n compression off\n " + rows[i].input + "\n dial_timeout 1s\n}"
		rows[i].want += ", at Testfile:" + line
	}
	refuseAll(t, parseTransport, rows)
}

func TestInjectRefusesLine(t *testing.T) {
	const words = `expected one of access_key_id, expires, secret_access_key, session_token`
	rows := []refused{
		{"an unknown word", "token X-Token", `unknown word "token": ` + words},
		{"a word of the transport", "service s3", `unknown word "service": ` + words + `; it belongs into the block of transport cognito_aws`},
		{"an option of Caddy's transport", "compression off", `unknown word "compression": ` + words},
		{"no name", "session_token", `session_token: expected a value after it`},
		{"a header with a value", "session_token X-Token secret", `session_token: expected one value, got "X-Token secret"`},
		{"a header with an underscore", "session_token X_Token", `inject: session_token: expected a header name of letters, digits and hyphens, got "X_Token"`},
		{"a placeholder", "expires {env.A}", `inject: expires: expected a header name of letters, digits and hyphens, got "{env.A}"`},
		{"a header with a meaning", "session_token authorization", `inject: session_token: header "authorization" has a meaning of its own; choose another name, such as X-Cognito-Session-Token`},
		{"a header that is used twice", "session_token x-key", `inject: header "X-Key" is used for both access_key_id and session_token; choose another name for one of them`},
		{"a word twice", "access_key_id X-Other", `access_key_id: stands here twice; remove one of the lines`},
		{"a block in the block", "session_token X-Token {\n  x\n }", `session_token: expected the end of the line, got a block; remove the braces`},
	}
	for i := range rows {
		rows[i].input = "cognito_aws {\n credentials media\n inject {\n  access_key_id X-Key\n  " + rows[i].input + "\n }\n}"
		rows[i].want += ", at Testfile:5"
	}
	refuseAll(t, parseTransport, rows)
}

func TestTransportRefusesRepeatedWords(t *testing.T) {
	for word, value := range map[string]string{"credentials": "a", "service": "es", "region": "a", "max_body": "1kB", "checksum": "", "inject": ""} {
		line := " " + word + " " + value + "\n"
		_, err := parseTransport(dispense(t, "cognito_aws {\n"+line+" compression off\n"+line+"}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:4")
	}
}

// outlineJSON stands for the parser of Caddy's HTTP transport.
func outlineJSON(d *caddyfile.Dispenser) (json.RawMessage, error) {
	if err := refuseWords(d); err != nil {
		return nil, err
	}
	d.Reset()
	return json.Marshal(map[string]string{"outline": outline(d)})
}

// refuseWords stops as Caddy's HTTP transport does at a word that it does not know,
// and at a value that it cannot read.
func refuseWords(d *caddyfile.Dispenser) error {
	d.Next()
	for d.NextBlock(0) {
		switch d.Val() {
		case "wrong", "regoin", "cookie":
			return d.Errf("unrecognized subdirective %s", d.Val())
		case "keepalive":
			return d.Errf("bad duration value")
		}
	}
	return nil
}

func TestTransportSaysWhichWordsThereAre(t *testing.T) {
	const words = `expected one of allow_header, allow_query, checksum, credentials, inject, max_body, region, service, or a word of transport http`
	read := func(d *caddyfile.Dispenser) (config.Transport, error) { return parse.ParseTransport(d, refuseWords) }
	refuseAll(t, read, []refused{
		{"a misspelt word", "cognito_aws {\n credentials media\n regoin a\n}", `transport cognito_aws: unknown word "regoin": ` + words + `, at Testfile:3`},
		{"a misspelt word instead of one that is required", "cognito_aws {\n wrong media\n}", `transport cognito_aws: unknown word "wrong": ` + words + `, at Testfile:2`},
		{"a word of another block", "cognito_aws {\n credentials media\n cookie a\n}", `transport cognito_aws: unknown word "cookie": ` + words + `; it belongs into the block of session, at Testfile:3`},
		{"a mistake that Caddy's transport explains", "cognito_aws {\n credentials media\n keepalive x\n}", `bad duration value, at Testfile:3`},
	})
}
