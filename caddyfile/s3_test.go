package caddyfile_test

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func parseS3(d *caddyfile.Dispenser) (config.S3, error) { return parse.ParseS3(d, outlineJSON) }

func bucket(set func(*config.S3)) config.S3 {
	s3 := config.S3{Bucket: "private-media", Credentials: "media"}
	set(&s3)
	return s3
}

func TestParseS3(t *testing.T) {
	expectAll(t, parseS3, []accepted[config.S3]{
		{"credentials", "cognito_s3 private-media {\n credentials media\n}", bucket(func(*config.S3) {})},
		{
			"every word", `cognito_s3 private-media {
				credentials media
				region eu-west-1
				endpoint http://minio:9000
				addressing path
				prefix {http.cognito.identity_id}/
				index index.html index.htm
				error_document /404.html
				show_denied
				methods GET HEAD PUT DELETE
				max_upload 100MiB
				redirect_over 1GB
				shared_cache
				checksum
				allow_query acl
				allow_query list-type prefix
				allow_header x-amz-acl
				allow_header x-amz-tagging
				insecure_http
				transport {
					dial_timeout 1s
					tls_trust_pool file {
						pem_file /ca.pem
					}
				}
			}`,
			bucket(func(s *config.S3) {
				s.Region, s.Endpoint, s.Addressing, s.Prefix = "eu-west-1", "http://minio:9000", "path", "{http.cognito.identity_id}/"
				s.Index, s.ErrorDocument, s.ShowDenied = []string{"index.html", "index.htm"}, "/404.html", true
				s.Methods, s.MaxUpload, s.RedirectOver, s.SharedCache = []string{"GET", "HEAD", "PUT", "DELETE"}, 100<<20, 1_000_000_000, true
				s.Checksum, s.AllowQuery, s.AllowHeader = true, []string{"acl", "list-type", "prefix"}, []string{"x-amz-acl", "x-amz-tagging"}
				s.InsecureHTTP, s.Transport = true, []byte(`{"outline":"{21:dial_timeout 1s; 22:tls_trust_pool file{23:pem_file /ca.pem}}"}`)
			}),
		},
		{
			"no index, and a fallback", "cognito_s3 private-media {\n credentials media\n index none\n fallback index.html\n addressing virtual_host\n}",
			bucket(func(s *config.S3) { s.IndexNone, s.Fallback, s.Addressing = true, "index.html", "virtual_host" }),
		},
		{
			"placeholders, which are judged when they are loaded", "cognito_s3 {env.BUCKET} {\n region {env.REGION}\n endpoint {env.URL}\n credentials media\n}",
			config.S3{Bucket: "{env.BUCKET}", Region: "{env.REGION}", Endpoint: "{env.URL}", Credentials: "media"},
		},
		{
			"a transport without a block", "cognito_s3 private-media {\n credentials media\n transport\n}",
			bucket(func(s *config.S3) { s.Transport = []byte(`{"outline":""}`) }),
		},
		{
			"a transport with an empty block", "cognito_s3 private-media {\n transport {\n }\n credentials media\n}",
			bucket(func(s *config.S3) { s.Transport = []byte(`{"outline":""}`) }),
		},
	})
}

func TestS3Refuses(t *testing.T) {
	const (
		one  = `cognito_s3: expected the name of one bucket, got `
		name = `bucket: expected the name of a bucket, of 3 to 63 lower-case letters, digits, dots and hyphens, got `
	)
	refuseAll(t, parseS3, []refused{
		{"no bucket", "\ncognito_s3", one + `"", at Testfile:2`},
		{"no bucket before a block", "cognito_s3 {\n credentials media\n}", one + `"", at Testfile:1`},
		{"two buckets", "cognito_s3 a b", one + `"a b", at Testfile:1`},
		{"an empty bucket", "cognito_s3 \"\" {\n credentials media\n}", name + `"", at Testfile:1`},
		{"a bucket in upper case, before the lines of the block", "cognito_s3 Photos {\n wrong\n}", name + `"Photos", at Testfile:1`},
		{"a bucket as a URL", "cognito_s3 s3://photos {\n credentials media\n}", name + `"s3://photos", at Testfile:1`},
		{"no block", "cognito_s3 photos", noCredentials + ", at Testfile:1"},
		{"no credentials", "\n\ncognito_s3 photos {\n region a\n}", noCredentials + ", at Testfile:3"},
		{"a block that is not closed", "cognito_s3 photos {\n credentials media\n", "the block that starts here is not closed; add a line with }, at Testfile:1"},
		{"a transport that is not closed", "cognito_s3 photos {\n credentials media\n transport {\n  x\n", "the block that starts here is not closed; add a line with }, at Testfile:1"},
		{"a block on one line", "cognito_s3 photos { credentials media }", `credentials: expected one value, got "media }", at Testfile:1`},
		{
			"an http endpoint, at its line", "cognito_s3 photos {\n endpoint http://minio:9000\n credentials media\n region {env.R}\n}",
			`endpoint: http is for this machine only, got "http://minio:9000"; use https, or set insecure_http in a test network, at Testfile:2`,
		},
		{
			"a mistake behind an http endpoint comes first, since insecure_http may follow", "cognito_s3 photos {\n endpoint http://minio:9000\n region R\n insecure_http\n}",
			`region: expected a region such as eu-west-1, got "R", at Testfile:3`,
		},
	})
}

const s3Words = `expected one of addressing, allow_header, allow_query, checksum, credentials, endpoint, error_document, fallback, index, insecure_http, ` +
	`max_upload, methods, prefix, redirect_over, region, shared_cache, show_denied, transport`

// Each line stands on line 3, between good ones.
func TestS3RefusesLine(t *testing.T) {
	const url = `endpoint: expected a URL that starts with https:// and has no query and no fragment, got `
	rows := []refused{
		{"an unknown word", "method GET", `unknown word "method": ` + s3Words},
		{"a word of the transport", "service s3", `unknown word "service": ` + s3Words + `; it belongs into the block of transport cognito_aws`},
		{"a word of cognito_auth", "require group a", `unknown word "require": ` + s3Words + `; it belongs into the block of cognito_auth`},
		{"a word of its transport block", "compression off", `unknown word "compression": ` + s3Words},
		{"an endpoint without a scheme", "endpoint minio:9000", url + `"minio:9000"`},
		{"an endpoint with a query", "endpoint https://minio?a", url + `"https://minio?a"`},
		{"a region in upper case", "region EU", `region: expected a region such as eu-west-1, got "EU"`},
		{"credentials with an ID", "credentials " + identityPoolID, `credentials: expected the name of an identity_pool or web_identity, got "` + identityPoolID + `"`},
		{"an unknown addressing", "addressing host", `addressing: expected path or virtual_host, got "host"`},
		{"a prefix with a slash at the start", "prefix /{http.cognito.identity_id}/", `prefix: keys do not start with a slash, got "/{http.cognito.identity_id}/"; remove it`},
		{"two prefixes", "prefix a/ b/", `prefix: expected one value, got "a/ b/"`},
		{"index without a value", "index", `index: expected one or more values`},
		{"index with a path", "index site/index.html", `index: expected the name of a document such as index.html, without slashes, got "site/index.html"`},
		{"index none before a name", "index none index.html", `index: none (index_none in JSON) cannot be combined with names; remove one of them`},
		{"index none behind a name", "index index.html none", `index: none (index_none in JSON) cannot be combined with names; remove one of them`},
		{"index twice", "index a a", `index: "a" stands here twice; remove one of them`},
		{"fallback beside an error document", "error_document 404.html\n fallback index.html", `error_document: cannot be combined with fallback, which stands for every missing page; remove one of them`},
		{"show_denied with a value", "show_denied 403", `show_denied: expected nothing after it, got "403"`},
		{"methods without a value", "methods", `methods: expected one or more values`},
		{"methods in lower case", "methods get put", `methods: expected GET, HEAD, PUT or DELETE, got "get"`},
		{"a method that buckets do not know", "methods GET POST", `methods: expected GET, HEAD, PUT or DELETE, got "POST"`},
		{"a method twice", "methods GET GET", `methods: "GET" stands here twice; remove one of them`},
		{"methods joined by a comma", "methods GET,PUT", `methods: expected GET, HEAD, PUT or DELETE, got "GET,PUT"`},
		{"max_upload without a value", "max_upload", `max_upload: expected a value after it`},
		{"max_upload of nothing", "max_upload 0", `max_upload: expected a size above 0, such as 1MiB, got "0"; without this line, the default applies`},
		{"redirect_over with a word", "redirect_over large", `redirect_over: expected a size above 0, such as 1MiB, got "large"; without this line, the default applies`},
		{"shared_cache with a value", "shared_cache public", `shared_cache: expected nothing after it, got "public"`},
		{"allow_query of the signature", "allow_query X-Amz-Expires", `allow_query: "X-Amz-Expires" belongs to the signature, which only the edge makes; remove it`},
		{"allow_header of another kind", "allow_header Range", `allow_header: expected the name of a header that starts with x-amz-, got "Range"`},
		{"insecure_http with a value", "insecure_http yes", `insecure_http: expected nothing after it, got "yes"`},
		{"a transport with its name", "transport http {\n }", `transport: expected a block with options of transport http, got "http"; remove it`},
		{"a block after a value", "prefix a/ {\n }", `prefix: expected the end of the line, got a block; remove the braces`},
	}
	for i := range rows {
		line := "3"
		if strings.Contains(rows[i].input, "\n fallback") {
			line = "4"
		}
		rows[i].input = "cognito_s3 photos {\n allow_query acl\n " + rows[i].input + "\n allow_query policy\n}"
		rows[i].want += ", at Testfile:" + line
	}
	refuseAll(t, parseS3, rows)
}

// An option that Caddy's transport does not know stands at its own line.
func TestS3RefusesOptionsOfTheTransport(t *testing.T) {
	refuseAll(t, parseS3, []refused{
		{"an unknown option", "cognito_s3 photos {\n credentials media\n transport {\n  wrong\n }\n}", `transport: unknown word "wrong": expected a word of transport http, at Testfile:4`},
	})
}

func TestS3RefusesRepeatedWords(t *testing.T) {
	for word, value := range map[string]string{
		"credentials": "a", "region": "a", "endpoint": "https://x", "addressing": "path", "prefix": "a/", "index": "a", "error_document": "a", "fallback": "a",
		"show_denied": "", "methods": "GET", "max_upload": "1kB", "redirect_over": "1kB", "shared_cache": "", "checksum": "", "insecure_http": "", "transport": "",
	} {
		line := " " + word + " " + value + "\n"
		_, err := parseS3(dispense(t, "cognito_s3 photos {\n"+line+line+"}"))
		expectText(t, err, word+": stands here twice; remove one of the lines, at Testfile:3")
	}
}

func TestParseCredentials(t *testing.T) {
	expectAll(t, parse.ParseCredentials, []accepted[config.CredentialsEndpoint]{
		{"credentials", "cognito_credentials media", config.CredentialsEndpoint{Credentials: "media"}},
		{"a path", "cognito_credentials media /aws", config.CredentialsEndpoint{Credentials: "media", Path: "/aws"}},
		{"an empty block", "cognito_credentials media {\n}", config.CredentialsEndpoint{Credentials: "media"}},
	})
}

func TestParseCredentialsRefuses(t *testing.T) {
	const (
		expected = `cognito_credentials: expected the name of an identity_pool or web_identity and, if you like, a path, got `
		name     = `credentials: expected the name of an identity_pool or web_identity, got `
		path     = `path: expected a path such as /_cognito/credentials, without placeholders, wildcards and query, got `
		braces   = `cognito_credentials: expected the end of the line, got a block; remove the braces`
	)
	refuseAll(t, parse.ParseCredentials, []refused{
		{"nothing", "\ncognito_credentials", expected + `"", at Testfile:2`},
		{"one word too many", "cognito_credentials media /a /b", expected + `"media /a /b", at Testfile:1`},
		{"an empty name", `cognito_credentials ""`, expected + `"", at Testfile:1`},
		{"an empty path", `cognito_credentials media ""`, expected + `"media ", at Testfile:1`},
		{"a block in the place of the name", "cognito_credentials {\n credentials media\n}", expected + `"", at Testfile:1`},
		{"an ID for a name", "cognito_credentials " + identityPoolID, name + `"` + identityPoolID + `", at Testfile:1`},
		{"a placeholder for a name", "cognito_credentials {env.A}", name + `"{env.A}", at Testfile:1`},
		{"the path before the name", "cognito_credentials /aws media", path + `"media", at Testfile:1`},
		{"a path without a slash", "cognito_credentials media aws", path + `"aws", at Testfile:1`},
		{"a path with a wildcard", "cognito_credentials media /aws/*", path + `"/aws/*", at Testfile:1`},
		{"a path with a placeholder", "cognito_credentials media /{env.A}", path + `"/{env.A}", at Testfile:1`},
		{"a block", "cognito_credentials media {\n path /a\n}", braces + ", at Testfile:2"},
		{"a block that is not closed", "cognito_credentials media {", braces + ", at Testfile:1"},
	})
}
