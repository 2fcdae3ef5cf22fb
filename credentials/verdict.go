package credentials

import (
	"net/http"
	"slices"
	"strings"
)

// The error codes that the sender acts on. Services and stores spell some of them
// differently.
var (
	skewCodes      = []string{"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
	signatureCodes = []string{"SignatureDoesNotMatch", "InvalidSignatureException"}
	rejectedCodes  = []string{
		"InvalidToken", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidTokenId",
		"UnrecognizedClientException", "InvalidClientTokenId", "TokenRefreshRequired",
	}
	bucketCodes   = []string{"NoSuchBucket", "InvalidBucketName"}
	redirectCodes = []string{"PermanentRedirect", "TemporaryRedirect"}
	regionStatus  = []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest}
)

// skewed reports whether the signature was refused over its time. A refusal
// without a word may be for anything, and one whose words were not read for any
// fault of the signature, so there the clocks must differ.
func (f *fault) skewed(c *clock) bool {
	switch {
	case slices.Contains(skewCodes, f.code):
		return true
	case slices.Contains(signatureCodes, f.code):
		return strings.Contains(f.message, "Signature expired") || strings.Contains(f.message, "Signature not yet current") ||
			f.unread && c.off(f.date)
	}
	return f.silent && f.code == "" && f.status == http.StatusForbidden && c.off(f.date)
}

// rejected reports whether the service does not accept the credentials.
func (f *fault) rejected(to Target) bool {
	return slices.Contains(rejectedCodes, f.code) || f.perhapsRejected(to)
}

// perhapsRejected is what S3 answers to HEAD with rejected credentials, and to
// any HEAD that a client got wrong.
func (f *fault) perhapsRejected(to Target) bool {
	here := f.region == "" || f.region == to.Region
	return to.s3() && f.silent && f.code == "" && f.status == http.StatusBadRequest && here
}

// misconfigured is what an operator must mend, or nil. Regions and buckets exist
// in S3 only: other services may well be applications with codes of their own.
func (f *fault) misconfigured(to Target) *MisconfiguredError {
	switch {
	case slices.Contains(signatureCodes, f.code):
		return &MisconfiguredError{Key: "endpoint", Code: f.code}
	case !to.s3():
		return nil
	case f.elsewhere(to):
		return &MisconfiguredError{Key: "region", Got: to.Region, Want: f.region, Code: f.code}
	case slices.Contains(bucketCodes, f.code):
		return &MisconfiguredError{Key: "bucket", Code: f.code}
	case slices.Contains(redirectCodes, f.code), f.code == "AuthorizationHeaderMalformed":
		return &MisconfiguredError{Key: "endpoint", Want: f.endpoint, Code: f.code}
	}
	return nil
}

// elsewhere reports whether the region is wrong.
func (f *fault) elsewhere(to Target) bool {
	if f.code == "IllegalLocationConstraintException" {
		return true
	}
	named := f.region != "" && f.region != to.Region
	switch {
	case f.code == "AuthorizationHeaderMalformed", slices.Contains(redirectCodes, f.code):
		return named
	}
	return named && f.silent && slices.Contains(regionStatus, f.status)
}
