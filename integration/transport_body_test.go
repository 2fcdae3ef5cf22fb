package integration_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const maxBody = 4 << 10

// chunkedBody is a body in chunks of at most size octets.
func chunkedBody(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

// TestBodiesAreHashed: the service checks the hash that was signed against the
// body that arrived.
func TestBodiesAreHashed(t *testing.T) {
	rows := []struct {
		name, body string
		status     int
	}{
		{"no body", "", 200},
		{"a small body", `{"TableName":"a"}`, 200},
		{"an octet", "a", 200},
		{"octets that are no text", "\x00\xff\r\n\r\n", 200},
		{"one less than max_body", strings.Repeat("a", maxBody-1), 200},
		{"exactly max_body", strings.Repeat("a", maxBody), 200},
		{"one more than max_body", strings.Repeat("a", maxBody+1), 413},
		{"ten times max_body", strings.Repeat("a", 10*maxBody), 413},
	}
	eachService(t, signing{transport: "max_body 4KiB"}, func(w *serviceWorld) {
		for _, row := range rows {
			w.Run(row.name, func(t *testing.T) {
				w := w.in(t)
				for _, method := range []string{"POST", "PUT", "DELETE"} {
					w.bodied(row.status, row.body, w.rawAs(method, "/", row.body, fmt.Sprintf("Content-Length: %d", len(row.body))))
					w.bodied(row.status, row.body, w.rawAs(method, "/", chunkedBody(row.body, 1000), "Transfer-Encoding: chunked"))
				}
			})
		}
	})
}

// bodied checks what became of a request with a body.
func (w *serviceWorld) bodied(status int, body string, got answer) {
	w.Helper()
	if status != 200 {
		w.wantProblem(status, "too_large", got)
		w.service.none(w.T)
		return
	}
	w.wantStatus(status, got)
	arrived := w.service.one(w.T)
	if arrived.body != body || arrived.chunked || arrived.length != int64(len(body)) {
		w.Errorf("expected %d octets with their length, got %d with length %d", len(body), len(arrived.body), arrived.length)
	}
}

func TestTheDefaultLimitOfBodiesIsAMebibyte(t *testing.T) {
	w := startedService(t, signing{})
	w.bodied(200, strings.Repeat("a", 1<<20), w.as("jo", "POST", "/", strings.Repeat("a", 1<<20)))
	w.bodied(413, "", w.tooLarge(1<<20+1))
}

// tooLarge sends a body of which the edge need not take everything: a client that
// is polite would be surprised.
func (w *serviceWorld) tooLarge(size int) answer {
	w.Helper()
	return w.rawAs("POST", "/", strings.Repeat("a", size), fmt.Sprintf("Content-Length: %d", size))
}

// TestHugeBodiesAreRefusedWithLittleMemory and before they have come.
func TestHugeBodiesAreRefusedWithLittleMemory(t *testing.T) {
	const size = 256 << 20
	w := startedService(t, signing{})
	w.wantStatus(200, w.as("jo", "GET", "/", "")) // the exchange is done
	w.service.take()
	for name, start := range map[string]string{
		"announced": fmt.Sprintf("Content-Length: %d\r\n\r\n", size),
		"chunked":   fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", size),
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			conn := w.dial()
			defer conn.Close()
			var before, after runtime.MemStats
			request := head("POST", "/", w.bearerOf("jo")) + start
			block := []byte(strings.Repeat("a", 64<<10))
			runtime.ReadMemStats(&before)
			_, err := io.WriteString(conn, request)
			check(t, err)
			sent := make(chan int)
			go func() {
				n := 0
				for n < size {
					m, err := conn.Write(block)
					if n += m; err != nil {
						break
					}
				}
				sent <- n
			}()
			got, err := readAnswer(conn, "POST")
			if err != nil && !isClosed(err) {
				t.Fatal(err)
			}
			conn.Close()
			n := <-sent
			runtime.ReadMemStats(&after)
			w.wantProblem(413, "too_large", got)
			w.service.none(t)
			if n > 16<<20 {
				t.Errorf("expected the edge to stop reading, but it took %d MiB", n>>20)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("expected little memory, got %d MiB", grown>>20)
			}
		})
	}
}

// TestAHalfBodyIsNotSigned: a client that goes away in the middle must not have
// half of what it meant done in its name.
func TestAHalfBodyIsNotSigned(t *testing.T) {
	w := startedService(t, signing{})
	w.wantStatus(200, w.as("jo", "GET", "/", ""))
	w.service.take()
	for name, request := range map[string]string{
		"announced":    "Content-Length: 1000\r\n\r\nhello",
		"chunked":      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"a bad chunk":  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
		"half a chunk": "Transfer-Encoding: chunked\r\n\r\nff\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			conn := w.dial()
			_, err := io.WriteString(conn, head("POST", "/", w.bearerOf("jo"))+request)
			check(t, err)
			check(t, conn.(interface{ CloseWrite() error }).CloseWrite())
			got, err := readAnswer(conn, "POST")
			if err == nil && got.status < 400 {
				t.Errorf("expected a refusal, got %d", got.status)
			}
			conn.Close()
			w.service.none(t)
		})
	}
}

// TestRefusalsByTheTransportDoNotHang: Caddy reads on for the rest of a request
// that was answered early, and a client that waits for the answer first waits for
// ever.
func TestRefusalsByTheTransportDoNotHang(t *testing.T) {
	w := startedService(t, signing{exchange: "group_role admins " + memberRole, pool: openPool})
	jo, mo := w.bearerOf("jo"), w.bearerOf("mo")
	rows := []struct {
		name, who, target, start string
		lines                    []string
		status                   int
	}{
		{"a body that never comes, of a user without a role", mo, "/", "", []string{"Content-Length: 1000"}, 403},
		{"half a body", mo, "/", "hello", []string{"Content-Length: 1000"}, 403},
		{"a chunked body that never comes", mo, "/", "", []string{"Transfer-Encoding: chunked"}, 403},
		{"half a chunked body", mo, "/", "5\r\nhello\r\n", []string{"Transfer-Encoding: chunked"}, 403},
		{"a client that asks first", mo, "/", "", []string{"Content-Length: 1000", "Expect: 100-continue"}, 403},
		{"a presigned query", jo, "/?X-Amz-Signature=1", "", []string{"Content-Length: 1000"}, 400},
		{"dot segments", jo, "/a/..", "", []string{"Content-Length: 1000"}, 400},
		{"a body that is announced to be too large", jo, "/", "", []string{"Content-Length: 2000000"}, 413},
		{"one that is too large, of a client that asks first", jo, "/", "", []string{"Content-Length: 2000000", "Expect: 100-continue"}, 413},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			got := w.raw(head("POST", row.target, append(row.lines, row.who)...) + "\r\n" + row.start)
			w.wantStatus(row.status, got)
			w.service.none(t)
		})
	}
}

// openPool lets the edge choose any of the roles.
var openPool = cognitolocal.IdentityPoolOptions{AuthenticatedRole: memberRole}

// TestRequestsToS3 are those that every mistake could turn into a copy, a
// deletion or an open door. What the store makes of keys is tested with stores.
func TestRequestsToS3(t *testing.T) {
	w := startedService(t, signing{service: "s3"})
	const length = "Content-Length: 5"
	rows := []struct {
		name, method, target string
		lines                []string
		status               int
	}{
		{"an object", "GET", "/b/a%20b+c%2fd", nil, 200},
		{"a version of it", "GET", "/b/a?versionId=1", nil, 200},
		{"an upload", "PUT", "/b/a", []string{length}, 200},
		{"an upload with metadata", "PUT", "/b/a", []string{length, "X-Amz-Meta-Name: a", "X-Amz-Checksum-Crc32: NhCmhg=="}, 200},
		{"a deletion", "DELETE", "/b/a", nil, 200},

		{"a copy", "PUT", "/b/a", []string{length, "X-Amz-Copy-Source: /other/secret"}, 400},
		{"a copy, spelled in lower case", "PUT", "/b/a", []string{length, "x-amz-copy-source: /other/secret"}, 400},
		{"an ACL", "PUT", "/b/a", []string{length, "X-Amz-Acl: public-read"}, 400},
		{"a grant", "PUT", "/b/a", []string{length, "X-Amz-Grant-Read: uri=http://acs.amazonaws.com/groups/global/AllUsers"}, 400},
		{"a redirect", "PUT", "/b/a", []string{length, "X-Amz-Website-Redirect-Location: https://mallory.example"}, 400},
		{"tags", "PUT", "/b/a", []string{length, "X-Amz-Tagging: a=b"}, 400},
		{"the payer", "GET", "/b/a", []string{"X-Amz-Request-Payer: requester"}, 400},
		{"a signature of its own", "GET", "/b/a", []string{"X-Amz-Date: 20200101T000000Z"}, 400},
		{"a session token of its own", "GET", "/b/a", []string{"X-Amz-Security-Token: mallory"}, 400},
		{"a hash of its own", "PUT", "/b/a", []string{length, "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, 400},
		{"chunks with signatures", "PUT", "/b/a", []string{length, "Content-Encoding: aws-chunked"}, 400},
		{"chunks with signatures inside another encoding", "PUT", "/b/a", []string{length, "Content-Encoding: gzip, AWS-Chunked"}, 400},
		{"an ACL in the query", "PUT", "/b/a?acl", []string{length}, 400},
		{"an ACL in the query, encoded", "PUT", "/b/a?%61cl", []string{length}, 400},
		{"an ACL in the query, in upper case", "GET", "/b/a?ACL", nil, 400},
		{"many deletions", "POST", "/b?delete", []string{length}, 400},
		{"a list of the bucket", "GET", "/b?list-type=2", nil, 400},
		{"a list of uploads", "GET", "/b?uploads", nil, 400},
		{"a policy", "GET", "/b?policy", nil, 400},
		{"a deletion of one version", "DELETE", "/b/a?versionId=1", nil, 400},
		{"headers of the answer", "GET", "/b/a?response-content-type=text/html", nil, 400},
		{"a presigned query", "GET", "/b/a?X-Amz-Signature=1", nil, 400},
		{"a signature of version 2", "GET", "/b/a?AWSAccessKeyId=a&Signature=b", nil, 400},
		{"a parameter that nobody knows", "GET", "/b/a?utm_source=a", nil, 400},
		{"a semicolon in the query", "GET", "/b/a?versionId=1;acl", nil, 400},
		{"a parameter that cannot be decoded", "GET", "/b/a?versionId=%zz", nil, 400},
		{"dot segments", "GET", "/b/u/jo/../mo/a", nil, 400},
		{"dot segments, encoded", "PUT", "/b/u/jo%2F%2e%2E%2Fmo/a", []string{length}, 400},
		{"an upload without a length", "PUT", "/b/a", []string{"Transfer-Encoding: chunked"}, 411},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := w.in(t)
			body := ""
			switch {
			case row.status == 411:
				body = chunkedBody("hello", 5)
			case len(row.lines) > 0 && row.lines[0] == length:
				body = "hello"
			}
			got := w.rawAs(row.method, row.target, body, append(row.lines, "Cookie: "+strings.Repeat("a", 9000), "X-Other: a", "Referer: https://a")...)
			w.wantStatus(row.status, got)
			if row.status != 200 {
				w.service.none(t)
				return
			}
			arrived := w.service.one(t)
			if arrived.body != body {
				t.Errorf("expected %q, got %q", body, arrived.body)
			}
			for _, name := range []string{"Cookie", "X-Other", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "Via", "X-Cognito-Sub"} {
				if values := arrived.header[name]; len(values) > 0 {
					t.Errorf("the store got %s: %q", name, values)
				}
			}
		})
	}
}

// TestWhatIsAllowedReachesS3 and nothing beside it.
func TestWhatIsAllowedReachesS3(t *testing.T) {
	w := startedService(t, signing{service: "s3", transport: "allow_query partNumber uploadId\nallow_header x-amz-tagging", proxy: "request_buffers 1MiB"})
	got := w.rawAs("PUT", "/b/a?uploadId=x%2By&partNumber=1", chunkedBody("hello", 2), "Transfer-Encoding: chunked", "x-amz-tagging: a=b")
	w.wantStatus(200, got) // the buffer knows the length
	arrived := w.service.one(t)
	if arrived.uri != "/b/a?partNumber=1&uploadId=x%2By" || arrived.header.Get("X-Amz-Tagging") != "a=b" || arrived.length != 5 || arrived.chunked {
		t.Errorf("expected what is allowed, got %+v", arrived)
	}
	w.wantStatus(400, w.rawAs("PUT", "/b/a?uploads", "hello", "Content-Length: 5"))
	w.wantStatus(400, w.rawAs("PUT", "/b/a", "hello", "Content-Length: 5", "X-Amz-Acl: private"))
	w.service.none(t)
}

// TestUploadsToS3AreStreamed: the service has the beginning before the client has
// sent the end.
func TestUploadsToS3AreStreamed(t *testing.T) {
	w := startedService(t, signing{service: "s3"})
	reader, writer := io.Pipe()
	began := make(chan struct{})
	direct := make(chan error, 1)
	srv := newStreamCheck(t, began)
	w.again(signing{upstreams: srv})
	req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://edge/b/a", reader)
	check(t, err)
	req.ContentLength = 10
	req.Header.Set("Authorization", "Bearer "+w.tokenOf("jo", nil))
	go func() {
		_, err := io.WriteString(writer, "hello")
		<-began
		_, err2 := io.WriteString(writer, "world")
		direct <- errors.Join(err, err2, writer.Close())
	}()
	resp, err := w.web.Do(req)
	check(t, err)
	defer resp.Body.Close()
	check(t, <-direct)
	if body, err := io.ReadAll(resp.Body); string(body) != "helloworld UNSIGNED-PAYLOAD 10" || err != nil {
		t.Errorf("expected the upload, got %s, %v", body, err)
	}
}
