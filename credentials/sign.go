package credentials

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Hashes of the payload that need no reading of it.
const (
	// UnsignedPayload leaves the body out of the signature, so that it can be
	// streamed. S3 knows it; integrity is then TLS's job.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	// EmptyPayload is the SHA-256 of no body.
	EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Target is the service that a signed request is for.
type Target struct {
	// Service is the name in the credential scope, such as "s3" or "dynamodb".
	Service string
	// Region is the AWS region.
	Region string
}

// s3 reports whether paths are encoded once and the hash of the payload is sent,
// as S3 alone wants it.
func (t Target) s3() bool { return t.Service == "s3" }

// application reports whether answers may be those of an application that runs
// behind the service: API Gateway, the URLs of Lambda functions, VPC Lattice and
// the resolvers of AppSync.
func (t Target) application() bool {
	switch t.Service {
	case "execute-api", "lambda", "vpc-lattice-svcs", "appsync":
		return true
	}
	return false
}

// signer is one user's. The SDK's signer remembers one derived key only, which
// many users would keep pushing out; worse, it finds that key by access key ID
// alone, so that the same ID with another secret would sign with the old one
// (aws-sdk-go-v2#3350).
type signer struct{ v4 *v4.Signer }

func newSigner() *signer { return &signer{v4.NewSigner()} }

func (g *Grant) signing() *v4.Signer {
	if g.signer == nil {
		return newSigner().v4
	}
	return g.signer.v4
}

// Sign signs r with Signature Version 4. The path must be in the form in which
// it is sent ([NormalizePath] for S3), Host be final, and headers named X-Amz-*
// be those that the service is to see: they are signed, with host, and nothing
// else is, since proxies on the way may change the rest. The query is put into
// canonical form for S3; elsewhere its order stays, which applications may go by,
// and only a plus becomes the %20 that it is signed as. A query that not everybody
// reads alike is refused with [ErrQuery]. Sign replaces Authorization, X-Amz-Date,
// X-Amz-Security-Token and, for S3, X-Amz-Content-Sha256.
func (g *Grant) Sign(ctx context.Context, r *http.Request, to Target, payloadHash string, at time.Time) error {
	if err := checkQuery(r.URL.RawQuery); err != nil {
		return err
	}
	s := shadows.Get().(*shadow)
	defer s.release()
	values := s.take(r)
	if !to.s3() {
		s.collapse()
	}
	s.header["Authorization"], s.header["X-Amz-Date"] = values[0:0:1], values[1:1:2]
	if g.SessionToken != "" {
		s.header["X-Amz-Security-Token"] = values[2:2:3]
	}
	if to.s3() {
		values[3] = payloadHash
		s.header["X-Amz-Content-Sha256"] = values[3:4:4]
	}
	if err := g.signing().SignHTTP(ctx, g.aws(), &s.request, payloadHash, to.Service, to.Region, at, encodingOf(to)); err != nil {
		return err
	}
	if !to.s3() {
		s.url.RawQuery = plain(r.URL.RawQuery)
	}
	s.give(r)
	return nil
}

// encodingOf is how often paths are encoded for the signature. The functions are
// made once, since each request needs one.
func encodingOf(to Target) func(*v4.SignerOptions) {
	if to.s3() {
		return encodeOnce
	}
	return encodeTwice
}

func encodeOnce(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
func encodeTwice(*v4.SignerOptions)  {}

func (g *Grant) aws() aws.Credentials {
	return aws.Credentials{AccessKeyID: g.AccessKeyID, SecretAccessKey: g.SecretAccessKey, SessionToken: g.SessionToken}
}

// NormalizePath is an escaped path in the one form in which S3 computes its
// signature: every octet outside A-Z a-z 0-9 - . _ ~ and / percent-encoded, in
// upper case. Clients write +, ( or lower-case escapes, and a signature over that
// would not match. It is false for a path that cannot be decoded or that has
// segments . or .., which some stores resolve and some do not: a policy for one
// prefix could otherwise be evaded.
func NormalizePath(escaped string) (normal string, ok bool) {
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return "", false
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment == "." || segment == ".." {
			return "", false
		}
	}
	return encodePath(decoded), true
}

// encodePath leaves an encoded slash out of account on purpose: in S3 a slash is
// part of the key however it is written.
func encodePath(decoded string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(decoded) {
		c := decoded[i]
		if unreserved(c) || c == '/' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
