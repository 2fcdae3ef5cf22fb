package caddyfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseTransport parses the block of the transport. What is left of it goes to
// http, the parser of Caddy's HTTP transport, whose options it takes, too.
//
//	transport cognito_aws {
//		credentials  <name>
//		service      <service>
//		region       <region>
//		max_body     <size>
//		checksum
//		allow_query  <name>...
//		allow_header <name>...
//		inject {
//			access_key_id     <header>
//			secret_access_key <header>
//			session_token     <header>
//			expires           <header>
//		}
//		<option of transport http>...
//	}
//
// allow_query and allow_header may be repeated.
func ParseTransport(d *caddyfile.Dispenser, http func(*caddyfile.Dispenser) error) (config.Transport, error) {
	var transport config.Transport
	d.Next()
	if d.NextArg() {
		return transport, d.Errf("transport cognito_aws: expected a block that starts with {, got %q", d.Val())
	}
	err := judged(d, &transport, func(check func() error) error {
		words := transportWords(d, &transport, check)
		rest, err := blockAndRest(d, words, check, "allow_query", "allow_header")
		if err != nil {
			return err
		}
		err = http(rest) // before something is found missing: it may be misspelt there
		return explainOption(rest, err, "transport cognito_aws", words)
	})
	return transport, err
}

// explainOption says as our blocks do that a word is unknown: Caddy's HTTP transport,
// which is the last to see it, names neither the block nor what there is. An error
// with any other text stays what it is.
func explainOption(rest *caddyfile.Dispenser, err error, block string, words map[string]func() error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "unrecognized subdirective "+rest.Val()+", at ") {
		return err
	}
	expected := "a word of transport http"
	if len(words) > 0 {
		expected = "one of " + strings.Join(slices.Sorted(maps.Keys(words)), ", ") + ", or " + expected
	}
	return rest.Errf("%s: unknown word %q: expected %s%s", block, rest.Val(), expected, whereabouts(rest))
}

// transportWords needs the check of each line for the block of inject.
func transportWords(d *caddyfile.Dispenser, transport *config.Transport, check func() error) map[string]func() error {
	words := s3RequestWords(d, &transport.S3Requests)
	maps.Copy(words, map[string]func() error{
		"credentials": text(d, &transport.Credentials),
		"service":     text(d, &transport.Service),
		"region":      text(d, &transport.Region),
		"max_body":    size(d, &transport.MaxBody),
		"inject":      func() error { return parseInject(d, transport, check) },
	})
	return words
}

func s3RequestWords(d *caddyfile.Dispenser, requests *config.S3Requests) map[string]func() error {
	return map[string]func() error{
		"checksum":     flag(d, &requests.Checksum),
		"allow_query":  list(d, &requests.AllowQuery),
		"allow_header": list(d, &requests.AllowHeader),
	}
}

func parseInject(d *caddyfile.Dispenser, transport *config.Transport, check func() error) error {
	transport.Inject = new(config.Inject)
	return subblock(d, injectWords(d, transport.Inject), check)
}

func injectWords(d *caddyfile.Dispenser, inject *config.Inject) map[string]func() error {
	return map[string]func() error{
		"access_key_id":     text(d, &inject.AccessKeyID),
		"secret_access_key": text(d, &inject.SecretAccessKey),
		"session_token":     text(d, &inject.SessionToken),
		"expires":           text(d, &inject.Expires),
	}
}
