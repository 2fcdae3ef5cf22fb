package integration_test

import (
	"net/http"
	"strings"
	"testing"
)

// refusedHeaders are those by which a request would be more than it seems.
var refusedHeaders = []string{
	"X-Amz-Acl: public-read", "x-amz-acl: private", "X-AMZ-ACL: public-read-write", "x-amz-acl:", "x-amz-grant-full-control: id=1", "x-amz-grant-read: id=1",
	"x-amz-grant-read-acp: id=1", "x-amz-grant-write: id=1", "x-amz-grant-write-acp: id=1",
	"x-amz-copy-source: /" + siteBucket + "/private/plan.html", "x-amz-copy-source: " + siteBucket + "/private%2Fplan.html",
	"x-amz-copy-source-range: bytes=0-9", "x-amz-copy-source-if-match: *", "x-amz-copy-source-server-side-encryption-customer-algorithm: AES256",
	"x-amz-metadata-directive: REPLACE", "x-amz-tagging-directive: COPY", "x-amz-rename-source: /index.html",
	"x-amz-tagging: a=b", "x-amz-storage-class: GLACIER", "x-amz-website-redirect-location: https://evil.example/",
	"x-amz-server-side-encryption: aws:kms", "x-amz-server-side-encryption-aws-kms-key-id: x", "x-amz-server-side-encryption-context: e30=",
	"x-amz-server-side-encryption-bucket-key-enabled: true", "x-amz-server-side-encryption-customer-algorithm: AES256",
	"x-amz-server-side-encryption-customer-key: x", "x-amz-server-side-encryption-customer-key-md5: x",
	"x-amz-object-lock-mode: COMPLIANCE", "x-amz-object-lock-retain-until-date: 2099-01-01T00:00:00Z", "x-amz-object-lock-legal-hold: ON",
	"x-amz-bypass-governance-retention: true", "x-amz-mfa: 1 2", "x-amz-request-payer: requester", "x-amz-expected-bucket-owner: 000000000000",
	"x-amz-source-expected-bucket-owner: 000000000000", "x-amz-write-offset-bytes: 0", "x-amz-force-delete: true",
	"x-amz-security-token: x", "x-amz-date: 20261122T000000Z", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
	"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x-amz-decoded-content-length: 5", "x-amz-trailer: x-amz-checksum-crc32",
	"x-amz-sdk-checksum-algorithm: CRC32", "x-amz-credential: x", "x-amz-signature: x", "x-amz-signedheaders: host", "x-amz-algorithm: AWS4-HMAC-SHA256",
	"x-amz-s3session-token: x", "x-amz-target: DynamoDB_20120810.ListTables", "x-amz-no-such-thing: x", "x-amz-: x",
	"Content-Encoding: aws-chunked", "Content-Encoding: AWS-Chunked", "Content-Encoding: gzip, aws-chunked", "Content-Encoding: aws-chunked,gzip",
}

func testRefusedHeaders(t *testing.T, w *storeWorld) {
	before := w.contents()
	for _, line := range refusedHeaders {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			t.Run(method+" with "+line, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				target, body := "/docs/ten.txt", ""
				if method == "PUT" || method == "DELETE" {
					target = "/$JO" + "note.txt"
				}
				if method == "PUT" {
					body = "5;chunk-signature=x\r\nhello\r\n0\r\n\r\n"
				}
				w.wantRefused(400, w.send(method, target, body, line))
				w.tap.none(t)
			})
		}
	}
	w.wantContents(before)
}

// knownToStores are the headers that may reach one.
var knownToStores = map[string]bool{
	"Accept-Encoding": true, "Authorization": true, "Content-Encoding": true, "Content-Length": true, "Content-Type": true, "If-None-Match": true,
	"Range": true, "User-Agent": true, "X-Amz-Content-Sha256": true, "X-Amz-Date": true, "X-Amz-Meta-Kept": true, "X-Amz-Security-Token": true,
	"X-Amz-Decoded-Content-Length": true, "X-Amz-Trailer": true,
}

// testDroppedHeaders are what clients and proxies send along: no harm, and no
// business of the store's.
func testDroppedHeaders(t *testing.T, w *storeWorld) {
	for name, line := range map[string]string{
		"cookies of 20 KiB":                    "Cookie: session=" + strings.Repeat("a", 20<<10),
		"cookies in many lines":                strings.TrimSuffix(strings.Repeat("Cookie: a="+strings.Repeat("b", 4000)+"\n", 6), "\n"),
		"a password for a proxy":               "Proxy-Authorization: Basic c2VjcmV0",
		"where the request came from":          "X-Forwarded-For: 192.0.2.1\nX-Real-Ip: 192.0.2.1\nForwarded: for=192.0.2.1\nVia: 1.1 x\nX-Forwarded-Proto: https",
		"the trace of a load balancer":         "X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678",
		"the ID that CloudFront gives":         "X-Amz-Cf-Id: abc",
		"what another proxy says of the user":  "X-Amzn-Oidc-Data: x\nX-Amzn-Oidc-Accesstoken: x",
		"MinIO's own headers":                  "X-Minio-Replication-Status: REPLICA\nX-Minio-Source-Mtime: x\nX-Minio-Extract: true",
		"a page's origin":                      "Origin: https://evil.example\nReferer: https://evil.example/\nSec-Fetch-Site: cross-site",
		"another spelling of a refused header": "X_Amz_Acl: public-read\nX-Amz_Acl: public-read",
		"a header of the site's own":           "X-Csrf-Token: secret\nX-Cognito-Sub: mallory\nX-Api-Key: secret",
		"another method":                       "X-Http-Method: DELETE\nX-Method-Override: DELETE",
		"what goes along":                      "X-Amz-Meta-Kept: yes\nRange: bytes=0-1\nUser-Agent: test",
	} {
		for method, target := range map[string]string{"GET": "/docs/ten.txt", "PUT": "/$JO" + "dropped.txt"} {
			t.Run(method+" with "+name, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				body := map[string]string{"PUT": "hello"}[method]
				if got := w.send(method, target, body, strings.Split(line, "\n")...); got.status != 200 && got.status != 206 {
					t.Errorf("expected success, got %d with %q", got.status, got.body)
				}
				requests := w.tap.requests(t)
				if len(requests) != 1 {
					t.Fatalf("expected 1 request at the store, got %d", len(requests))
				}
				for header, values := range requests[0].Header {
					if !knownToStores[header] {
						t.Errorf("expected no header %s at the store, got %.100q", header, values)
					}
				}
				if values := requests[0].Header["Authorization"]; len(values) != 1 || !strings.HasPrefix(values[0], "AWS4-HMAC-SHA256 ") {
					t.Errorf("expected the edge's signature only, got %.100q", values)
				}
			})
		}
	}
}

// refusedQueries select another operation, or change the answer.
var refusedQueries = []string{
	"acl", "acl=", "ACL", "%61cl", "acl&v=1", "v=1&acl", "accelerate", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering",
	"inventory", "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
	"publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select&select-type=2", "session", "tagging", "torrent", "uploads",
	"uploadId=1", "uploadid=1", "partNumber=1", "PARTNUMBER=1", "partNumber=1&uploadId=1", "versioning", "versions", "website", "metadataTable", "renameObject",
	"list-type=2", "list-type=2&prefix=u/", "prefix=u/", "delimiter=/", "marker=a", "max-keys=1", "start-after=a", "continuation-token=a", "encoding-type=url",
	"append&position=0", "events",
	"response-content-type=text/html", "response-content-disposition=inline", "response-cache-control=public", "response-content-encoding=gzip",
	"response-content-language=en", "response-expires=0", "Response-Content-Type=text/html", "response%2Dcontent%2Dtype=text/html",
	"X-Amz-Algorithm=AWS4-HMAC-SHA256", "x-amz-algorithm=AWS4-HMAC-SHA256", "X-AMZ-SIGNATURE=x", "X-Amz-Credential=x", "X-Amz-Date=x", "X-Amz-Expires=60",
	"X-Amz-SignedHeaders=host", "X-Amz-Security-Token=x", "x-Amz-sIgnature=x", "%58-Amz-Signature=x", "X%2DAmz%2DSignature=x", "X-Amz-Acl=public-read", "x-amz-website-redirect-location=x",
	"AWSAccessKeyId=x", "awsaccesskeyid=x&Signature=y&Expires=1", "Signature=x",
	"a;acl", "v=1;acl", ";", "a;b", "%zz", "a=%zz", "a=%", "%", "acl%", "v=%2", "versionId=a;b", "versionid=x",
}

func testQueries(t *testing.T, w *storeWorld) {
	before := w.contents()
	for _, query := range refusedQueries {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			t.Run(method+" with "+query, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				target, body := "/docs/ten.txt?", ""
				if method == "PUT" || method == "DELETE" {
					target = "/$JO" + "note.txt?"
				}
				if method == "PUT" {
					body = "hello"
				}
				w.wantRefused(400, w.send(method, target+query, body))
				w.tap.none(t)
			})
		}
	}
	for _, query := range []string{"v=1", "versionId=1", "hash", "utm_source=a&x=y"} {
		for _, method := range []string{"PUT", "DELETE"} {
			t.Run(method+" with "+query+", which might be an operation of tomorrow", func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				w.wantRefused(400, w.send(method, "/$JO"+"note.txt?"+query, ""))
				w.tap.none(t)
			})
		}
	}
	w.wantContents(before)
	for name, query := range map[string]string{
		"a version of the file": "v=123", "nothing": "", "empty parameters": "&&", "a campaign": "utm_source=a%26b&utm_medium=%C3%A9", "a name alone": "12345", "a name of a placeholder": "{http.request.host}",
	} {
		t.Run("GET with "+name+", which the store does not get", func(t *testing.T) {
			w := w.row(t)
			w.tap.forget()
			w.wantStatus(200, w.send("GET", "/docs/ten.txt?"+query, ""))
			for _, request := range w.tap.requests(t) {
				if request.URL.RawQuery != "" {
					t.Errorf("expected no query at the store, got %q", request.URL.RawQuery)
				}
			}
		})
	}
}

func testMethods(t *testing.T, w *storeWorld) {
	before := w.contents()
	for _, method := range []string{"POST", "PATCH", "OPTIONS", "TRACE", "COPY", "MOVE", "PROPFIND", "LOCK", "get", "Put", "QUERY"} {
		for _, body := range []string{"", "hello"} {
			t.Run(method+" with body "+body, func(t *testing.T) {
				w := w.row(t)
				w.tap.forget()
				got := w.send(method, "/$JO"+"note.txt", body)
				w.wantRefused(http.StatusMethodNotAllowed, got)
				w.wantLines(got, "Allow: GET, HEAD, PUT, DELETE")
				w.tap.none(t)
			})
		}
	}
	w.wantContents(before)
}
