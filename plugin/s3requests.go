package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// errS3Request means that a request asks the store for something that it may not
// ask for through the edge.
var errS3Request = errors.New("request not allowed to the store")

// s3RequestError names what it is.
type s3RequestError struct{ what, name string }

func (e *s3RequestError) Error() string {
	return fmt.Sprintf("%s %q is not allowed in requests to the store", e.what, e.name)
}

func (e *s3RequestError) Unwrap() error { return errS3Request }

// s3Requests decides what of a client's request reaches the store. The edge signs
// with the user's rights whatever it lets through, so that any page the user
// visits, or any mistake in the application, could otherwise copy objects to
// where others read them (X-Amz-Copy-Source), open them to the world (X-Amz-Acl,
// ?acl), or delete many at once (?delete): the confused deputy.
type s3Requests struct{ query, header map[string]bool }

func newS3Requests(cfg *config.S3Requests) *s3Requests {
	s := &s3Requests{query: make(map[string]bool), header: make(map[string]bool)}
	for _, name := range cfg.AllowQuery {
		s.query[name] = true
	}
	for _, name := range cfg.AllowHeader {
		s.header[textproto.CanonicalMIMEHeaderKey(name)] = true
	}
	return s
}

// prepare returns a copy of the request as the store gets it.
func (s *s3Requests) prepare(r *http.Request) (*http.Request, error) {
	header, err := s.headers(r.Header)
	if err != nil {
		return nil, err
	}
	query, err := s.queryOf(r)
	if err != nil {
		return nil, err
	}
	if len(query.unknown) > 0 {
		return nil, &s3RequestError{"query parameter", query.unknown[0]}
	}
	prepared := shallowCopy(r)
	prepared.Header, prepared.URL.RawQuery = header, query.allowed
	return prepared, nil
}

// stored are the headers that mean something to a store. All others stay here:
// cookies alone are larger than S3 allows, and proxies add theirs.
var stored = map[string]bool{
	"Accept-Encoding": true, "Cache-Control": true, "Content-Disposition": true, "Content-Encoding": true,
	"Content-Language": true, "Content-Length": true, "Content-Md5": true, "Content-Type": true, "Expect": true, "Expires": true,
	"If-Match": true, "If-Modified-Since": true, "If-None-Match": true, "If-Range": true, "If-Unmodified-Since": true,
	"Range": true, "User-Agent": true,
}

// headers returns those that reach the store. One that is named X-Amz-* and not
// allowed is refused rather than left out: an upload without its
// X-Amz-Copy-Source would write an empty object.
func (s *s3Requests) headers(all http.Header) (http.Header, error) {
	kept := make(http.Header) // browsers send few of them
	for name, values := range all {
		switch {
		case stored[name] || s.header[name], harmless(name):
			kept[name] = values
		case strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-Cf-Id": // CloudFront adds that one
			return nil, &s3RequestError{"header", name}
		}
	}
	// The chunks of such a body carry signatures that the edge's would break.
	if slices.ContainsFunc(all["Content-Encoding"], func(v string) bool { return strings.Contains(strings.ToLower(v), "aws-chunked") }) {
		return nil, &s3RequestError{"content encoding", "aws-chunked"}
	}
	return kept, nil
}

// harmless headers describe the object and nothing else.
func harmless(name string) bool {
	return strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "X-Amz-Checksum-")
}

// s3Query is a query, sorted out.
type s3Query struct {
	allowed string   // as it is sent
	unknown []string // names that mean nothing to S3, as far as we know
}

// queryOf refuses parameters that select another operation or override headers
// of the answer. Each is read as the strictest reader would: names in any case,
// and nothing that cannot be decoded.
func (s *s3Requests) queryOf(r *http.Request) (s3Query, error) {
	var query s3Query
	if r.URL.RawQuery == "" {
		return query, nil
	}
	allowed := make(url.Values)
	for parameter := range strings.SplitSeq(r.URL.RawQuery, "&") {
		escaped, value, _ := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(escaped)
		decoded, err2 := url.QueryUnescape(value)
		switch {
		case err != nil || err2 != nil || strings.Contains(parameter, ";"):
			return query, &s3RequestError{"query parameter", parameter}
		case parameter == "":
		case s.query[name], name == "versionId" && reads(r.Method):
			allowed.Add(name, decoded)
		case selectsOperation(name):
			return query, &s3RequestError{"query parameter", name}
		default:
			query.unknown = append(query.unknown, name)
		}
	}
	query.allowed = allowed.Encode()
	return query, nil
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// subResources are the query parameters of S3's other operations.
var subResources = []string{
	"accelerate", "acl", "analytics", "annotation", "append", "attributes", "continuation-token", "cors", "delete", "delimiter",
	"encoding-type", "encryption", "events", "fetch-owner", "intelligent-tiering", "inventory", "key-marker", "legal-hold", "lifecycle", "list-type",
	"location", "logging", "marker", "max-keys", "max-parts", "max-uploads", "metadataconfiguration", "metadatainventorytable",
	"metadatajournaltable", "metadatatable", "metrics", "notification", "object-lock", "ownershipcontrols", "part-number-marker",
	"partnumber", "policy", "policystatus", "position", "prefix", "publicaccessblock", "rename", "renameobject", "replication", "requestpayment", "restore",
	"retention", "select", "select-type", "session", "start-after", "tagging", "torrent", "upload-id-marker", "uploadid", "uploads",
	"version-id-marker", "versionid", "versioning", "versions", "website", "x-id",
}

func selectsOperation(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(subResources, name) || strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "response-") ||
		name == "awsaccesskeyid" || name == "signature" // signatures of version 2
}

// refusePresigned: a signature of the client's in the query would compete with
// ours.
func refusePresigned(r *http.Request) error {
	for parameter := range strings.SplitSeq(r.URL.RawQuery, "&") {
		escaped, _, _ := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(escaped)
		if err != nil || strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return &s3RequestError{"query parameter", escaped}
		}
	}
	return nil
}
