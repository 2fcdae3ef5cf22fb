package plugin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var authorizationForm = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=ASIAKEY/(\d{8})/([a-z0-9-]+)/s3/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// signatureOf is the signature that a request to S3 should have, and the one that
// it has. The key is that of the cloud of these tests.
func signatureOf(t *testing.T, r *http.Request, path, query string) (want, got string) {
	t.Helper()
	found := authorizationForm.FindStringSubmatch(r.Header.Get("Authorization"))
	if found == nil {
		t.Fatalf("unexpected authorization of %s %s", r.Method, path)
	}
	day, region, signed, got := found[1], found[2], found[3], found[4]
	var headers strings.Builder
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	canonical := strings.Join([]string{
		r.Method, path, strings.ReplaceAll(values.Encode(), "+", "%20"), headers.String(), signed, r.Header.Get("X-Amz-Content-Sha256"),
	}, "\n")
	scope := day + "/" + region + "/s3/aws4_request"
	sum := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4secret")
	for _, part := range []string{day, region, "s3", "aws4_request", "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(sum[:])} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key), got
}

// awsEscape encodes a path as S3 does: all but unreserved characters and slashes.
func awsEscape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
