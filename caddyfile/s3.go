package caddyfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// HTTPTransport parses the options of Caddy's HTTP transport into its JSON.
type HTTPTransport func(*caddyfile.Dispenser) (json.RawMessage, error)

// ParseS3 parses the directive cognito_s3, without its matcher.
//
//	cognito_s3 <bucket> {
//		credentials    <name>
//		region         <region>
//		endpoint       <url>
//		addressing     path|virtual_host
//		prefix         <prefix>
//		index          <name>...|none
//		error_document <key>
//		fallback       <key>
//		show_denied
//		methods        GET|HEAD|PUT|DELETE...
//		max_upload     <size>
//		redirect_over  <size>
//		shared_cache
//		checksum
//		allow_query    <name>...
//		allow_header   <name>...
//		insecure_http
//		transport {
//			<option of transport http>...
//		}
//	}
//
// allow_query and allow_header may be repeated.
func ParseS3(d *caddyfile.Dispenser, http HTTPTransport) (config.S3, error) {
	var s3 config.S3
	d.Next()
	args := d.RemainingArgs()
	if len(args) != 1 {
		return s3, d.Errf("cognito_s3: expected the name of one bucket, got %q", strings.Join(args, " "))
	}
	s3.Bucket = args[0]
	err := judged(d, &s3, func(check func() error) error {
		return block(d, s3Words(d, &s3, http), check, "allow_query", "allow_header")
	})
	return s3, err
}

func s3Words(d *caddyfile.Dispenser, s3 *config.S3, http HTTPTransport) map[string]func() error {
	words := s3RequestWords(d, &s3.S3Requests)
	maps.Copy(words, map[string]func() error{
		"credentials":    text(d, &s3.Credentials),
		"region":         text(d, &s3.Region),
		"endpoint":       text(d, &s3.Endpoint),
		"addressing":     text(d, &s3.Addressing),
		"prefix":         text(d, &s3.Prefix),
		"index":          func() error { return parseIndex(d, s3) },
		"error_document": text(d, &s3.ErrorDocument),
		"fallback":       text(d, &s3.Fallback),
		"show_denied":    flag(d, &s3.ShowDenied),
		"methods":        list(d, &s3.Methods),
		"max_upload":     size(d, &s3.MaxUpload),
		"redirect_over":  size(d, &s3.RedirectOver),
		"shared_cache":   flag(d, &s3.SharedCache),
		"insecure_http":  flag(d, &s3.InsecureHTTP),
		"transport":      func() error { return parseS3Transport(d, s3, http) },
	})
	return words
}

func parseS3Transport(d *caddyfile.Dispenser, s3 *config.S3, http HTTPTransport) (err error) {
	if d.NextArg() {
		return d.Errf("transport: expected a block with options of transport http, got %q; remove it", d.Val())
	}
	options := d.NewFromNextSegment()
	s3.Transport, err = http(options)
	return explainOption(options, err, "transport", nil)
}

// parseIndex leaves it to the check to refuse none beside names.
func parseIndex(d *caddyfile.Dispenser, s3 *config.S3) error {
	err := list(d, &s3.Index)()
	if i := slices.Index(s3.Index, "none"); i >= 0 {
		s3.Index, s3.IndexNone = slices.Delete(s3.Index, i, i+1), true
	}
	if len(s3.Index) == 0 {
		s3.Index = nil
	}
	return err
}
