package credentials_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

func TestTheClockOfTheServiceIsFollowed(t *testing.T) {
	skewedBy := 40 * time.Minute
	for _, row := range []struct {
		name, method string
		to           credentials.Target
		status       int
		body         string
	}{
		{"S3", "GET", inS3, 403, s3Error("RequestTimeTooSkewed")},
		{"a signature that expired", "GET", inS3, 400, s3Error("RequestExpired")},
		{"a HEAD without a word", "HEAD", inS3, 403, ""},
		{"DynamoDB, behind", "POST", inDynamo, 400, `{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired: 20261122T000000Z is now earlier than …"}`},
		{"DynamoDB, ahead", "POST", inDynamo, 400, `{"__type":"InvalidSignatureException","message":"Signature not yet current: …"}`},
		{"a query protocol", "POST", inDynamo, 403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: …</Message></Error></ErrorResponse>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, row.to, nil)
				w.store.answer = func(n int, r *http.Request) *http.Response {
					if n == 1 {
						return says(row.status, row.body, "Date", dated(time.Now().Add(skewedBy)))
					}
					return says(200, "")
				}
				for range 2 {
					r := request(t, row.method, object, "")
					if row.to == inDynamo {
						r = request(t, row.method, object, "buffered")
					}
					w.fine(t, r)
				}
				want := time.Now().Add(skewedBy).UTC().Format("20060102T150405Z")
				for _, sent := range w.store.requests[1:] {
					if got := sent.Header.Get("X-Amz-Date"); got != want {
						t.Errorf("expected the time of the service %s, got %s", want, got)
					}
				}
				if w.store.count() != 3 || w.store.bodies[1] != w.store.bodies[0] || w.provider.count() != 1 {
					t.Errorf("expected one retry, got %d requests and %d exchanges", w.store.count(), w.provider.count())
				}
				if len(w.problems) != 1 || !strings.HasPrefix(w.problems[0].Error(), "clock: this machine is 40m0s behind the service; ") {
					t.Errorf("expected the skew to be reported once, got %v", w.problems)
				}
				if w.store.closed != 1 {
					t.Errorf("expected the first answer to be closed, got %d", w.store.closed)
				}
			})
		})
	}
}

func TestRefusalsThatAreNoSkew(t *testing.T) {
	for _, row := range []struct {
		name, method string
		status       int
		body         string
		skew         time.Duration
	}{
		{"a HEAD that is denied, clocks being fine", "HEAD", 403, "", 4 * time.Minute},
		{"a HEAD that is missing, clocks being off", "HEAD", 404, "", time.Hour},
		{"a GET that is denied, clocks being off", "GET", 403, s3Error("AccessDenied"), time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, inS3, always(row.status, row.body, "Date", dated(time.Now().Add(row.skew))))
				if answer := w.fine(t, request(t, row.method, object, "")); answer.StatusCode != row.status || w.store.count() != 1 {
					t.Errorf("expected the answer as it is, got %d after %d", answer.StatusCode, w.store.count())
				}
			})
		})
	}
}

func TestAClockThatCannotBeFollowed(t *testing.T) {
	for _, row := range []struct {
		name, date, want string
		requests         int
	}{
		{"no date", "", "clock: the time of this machine and of the service differ too much; ", 1},
		{"a date days from now is not believed", "Mon, 03 Jan 2000 00:00:00 GMT", "clock: this machine is 48h0m0s behind the service; ", 1},
		{"a service that never likes the time", "Sat, 01 Jan 2000 01:00:00 GMT", "clock: this machine is 1h0m0s behind the service; ", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the time is 2000-01-01 00:00:00
				w := newWorld(t, inS3, always(403, s3Error("RequestTimeTooSkewed"), "Date", row.date))
				_, err := w.Send(request(t, "GET", object, ""), user("jo"))
				wantMisconfigured(t, err, credentials.MisconfiguredError{Key: "clock", Code: "RequestTimeTooSkewed"})
				if !strings.HasPrefix(fmt.Sprint(err), row.want) || w.store.count() != row.requests {
					t.Errorf("expected %s, got %v after %d requests", row.want, err, w.store.count())
				}
			})
		})
	}
}

func TestADeniedHeadIsNoSkewOnceTheClockIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, func(int, *http.Request) *http.Response {
			return says(403, "", "Date", dated(time.Now().Add(time.Hour)))
		})
		for want := 2; want < 5; want++ { // two requests for the first, one for each other
			if answer := w.fine(t, request(t, "HEAD", object, "")); answer.StatusCode != 403 || w.store.count() != want {
				t.Errorf("expected %d requests, got %d", want, w.store.count())
			}
		}
	})
}

// TestAHeadThatIsDeniedForever has each answer look like a skew.
func TestAHeadThatIsDeniedForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, func(n int, _ *http.Request) *http.Response {
			return says(403, "", "Date", dated(time.Now().Add(time.Duration(n)*time.Hour)))
		})
		if answer := w.fine(t, request(t, "HEAD", object, "")); answer.StatusCode != 403 || w.store.count() != 2 {
			t.Errorf("expected 403 after one retry, got %d after %d", answer.StatusCode, w.store.count())
		}
	})
}

func TestAClockThatIsSetRightAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, func(n int, _ *http.Request) *http.Response {
			switch n {
			case 1:
				return says(403, s3Error("RequestTimeTooSkewed"), "Date", dated(time.Now().Add(-time.Hour)))
			case 3:
				return says(403, s3Error("RequestTimeTooSkewed"), "Date", dated(time.Now()))
			}
			return says(200, "")
		})
		w.fine(t, request(t, "GET", object, ""))
		w.fine(t, request(t, "GET", object, ""))
		if got := w.store.requests[3].Header.Get("X-Amz-Date"); got != time.Now().UTC().Format("20060102T150405Z") {
			t.Errorf("expected our own time again, got %s", got)
		}
		if len(w.problems) != 1 || !strings.Contains(w.problems[0].Error(), "1h0m0s ahead of the service") {
			t.Errorf("expected only the skew to be reported, got %v", w.problems)
		}
	})
}

func TestRejectedCredentialsAreReplacedOnce(t *testing.T) {
	rows := map[string]func(int, *http.Request) *http.Response{
		"a HEAD without a word":           first(400, ""),
		"MinIO to a HEAD":                 first(403, "", "X-Minio-Error-Code", "InvalidTokenId"),
		"a code in the header with a URL": first(403, "{}", "X-Amzn-Errortype", "ExpiredTokenException:http://internal.amazon.com/coral/"),
		"a code in JSON":                  first(400, `{"__type":"UnrecognizedClientException"}`),
		"a code with a namespace":         first(400, `{"__type":"com.amazon.coral.service#InvalidClientTokenId"}`),
		"a code in a longer body":         first(400, s3Error("ExpiredToken", strings.Repeat("<x>y</x>", 1<<16))),
	}
	for _, code := range []string{"InvalidToken", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidTokenId", "TokenRefreshRequired"} {
		rows[code] = first(403, s3Error(code))
	}
	for name, answer := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, inS3, answer)
			method := "GET"
			if strings.Contains(name, "HEAD") {
				method = "HEAD"
			}
			if answer := w.fine(t, request(t, method, object, "")); answer.StatusCode != 200 {
				t.Errorf("expected 200, got %d", answer.StatusCode)
			}
			if w.provider.count() != 2 || w.store.count() != 2 || w.store.closed != 1 || len(w.problems) != 0 {
				t.Errorf("expected one retry, got %d exchanges, %d requests, %d closed, %v", w.provider.count(), w.store.count(), w.store.closed, w.problems)
			}
			if got := w.store.requests[1].Header.Get("X-Amz-Security-Token"); got != "session-2" {
				t.Errorf("expected the new credentials, got %s", got)
			}
		})
	}
}

func TestABufferedBodyIsSentAgainAndAStreamIsNot(t *testing.T) {
	w := newWorld(t, inDynamo, first(400, `{"__type":"ExpiredTokenException"}`))
	w.fine(t, request(t, "POST", "https://dynamodb.eu-west-1.amazonaws.com/", "hello"))
	if strings.Join(w.store.bodies, " ") != "hello hello" {
		t.Errorf("expected the body twice, got %q", w.store.bodies)
	}
	for _, code := range []string{"ExpiredToken", "RequestTimeTooSkewed"} {
		w = newWorld(t, inS3, first(403, s3Error(code), "Date", dated(time.Now().Add(-time.Hour))))
		_, err := w.Send(request(t, "PUT", object, "hello"), user("jo"))
		if unavailable, ok := errors.AsType[*credentials.UnavailableError](err); !ok || unavailable.RetryAfter != time.Second {
			t.Errorf("%s: expected an UnavailableError for a second, got %v", code, err)
		}
		if w.store.closed != 1 || w.store.count() != 1 {
			t.Errorf("%s: expected one answer, closed, got %d of %d", code, w.store.closed, w.store.count())
		}
		w.fine(t, request(t, "PUT", object, "hello"))
	}
}

func TestAStoreThatRejectsEverythingCausesNoFloodOfExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, always(403, s3Error("InvalidAccessKeyId")))
		reject := func() {
			_, err := w.Send(request(t, "GET", object, ""), user("jo"))
			wantMisconfigured(t, err, credentials.MisconfiguredError{Key: "credentials", Code: "InvalidAccessKeyId"})
		}
		for range 500 {
			reject()
		}
		var all sync.WaitGroup
		for range 500 {
			all.Go(reject)
		}
		all.Wait()
		if w.provider.count() != 2 || w.store.count() > 1_001 {
			t.Errorf("expected 2 exchanges for 1,000 requests, got %d with %d requests", w.provider.count(), w.store.count())
		}
		time.Sleep(30 * time.Second)
		w.store.answer = always(200, "")
		w.fine(t, request(t, "GET", object, ""))
		if len(w.problems) != 1_000 {
			t.Errorf("expected every failure to be reported, got %d", len(w.problems))
		}
	})
}

// TestARequestIsSentTwiceAtMost has exchanges that take longer than the pause
// between two of them.
func TestARequestIsSentTwiceAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, always(403, s3Error("InvalidToken")), func(o *credentials.SenderOptions) {
			p := &provider{retrieve: anHour, delay: 40 * time.Second}
			o.Cache = newCache(t, credentials.CacheOptions{Provider: p, Timeout: time.Minute})
		})
		_, err := w.Send(request(t, "GET", object, ""), user("jo"))
		wantMisconfigured(t, err, credentials.MisconfiguredError{Key: "credentials", Code: "InvalidToken"})
		if w.store.count() != 2 {
			t.Errorf("expected 2 requests, got %d", w.store.count())
		}
	})
}

// TestARequestThatWasUnderWayDuringARefreshGetsTheNewCredentials is about one
// whose answer is late: others have had the credentials replaced meanwhile.
func TestARequestThatWasUnderWayDuringARefreshGetsTheNewCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, inS3, nil)
		base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/slow" && r.Header.Get("X-Amz-Security-Token") == "session-1" {
				time.Sleep(time.Second)
			}
			return w.store.RoundTrip(r)
		})
		w.store.answer = func(_ int, r *http.Request) *http.Response {
			if r.Header.Get("X-Amz-Security-Token") == "session-1" {
				return says(403, s3Error("ExpiredToken"))
			}
			return says(200, "")
		}
		var err error
		cache := newCache(t, credentials.CacheOptions{Provider: w.provider})
		if w.Sender, err = credentials.NewSender(credentials.SenderOptions{Base: base, Cache: cache, Target: inS3}); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		for _, path := range []string{"/slow", "/quick"} {
			both.Go(func() { w.fine(t, request(t, "GET", "https://b.example.com"+path, "")) })
			synctest.Wait()
		}
		both.Wait()
		if w.provider.count() != 2 || w.store.count() != 4 {
			t.Errorf("expected 2 exchanges for 4 requests, got %d for %d", w.provider.count(), w.store.count())
		}
	})
}

func TestAHeadThatIsWrongInItselfIsAnsweredAsItIs(t *testing.T) {
	w := newWorld(t, inS3, always(400, ""))
	for range 10 {
		if answer := w.fine(t, request(t, "HEAD", object, "")); answer.StatusCode != 400 {
			t.Errorf("expected 400, got %d", answer.StatusCode)
		}
	}
	if w.provider.count() != 2 || len(w.problems) != 0 {
		t.Errorf("expected 2 exchanges and no problem, got %d, %v", w.provider.count(), w.problems)
	}
}

func TestAnExchangeThatFailsAfterARejection(t *testing.T) {
	w := newWorld(t, inS3, always(403, s3Error("ExpiredToken")))
	get := w.provider.retrieve
	w.provider.become(func(who credentials.Identity, role string) (credentials.Credentials, error) {
		if w.provider.count() > 1 {
			return credentials.Credentials{}, credentials.ErrTokenRejected
		}
		return get(who, role)
	})
	if _, err := w.Send(request(t, "GET", object, ""), user("jo")); !errors.Is(err, credentials.ErrTokenRejected) || w.store.closed != 1 {
		t.Errorf("expected ErrTokenRejected, got %v", err)
	}
}

func TestWhatAnOperatorMustMend(t *testing.T) {
	region := credentials.MisconfiguredError{Key: "region", Got: "eu-west-1", Want: "us-east-1"}
	coded := func(m credentials.MisconfiguredError, code string) credentials.MisconfiguredError {
		m.Code = code
		return m
	}
	for _, row := range []struct {
		name, method string
		answer       func(int, *http.Request) *http.Response
		want         credentials.MisconfiguredError
	}{
		{"a region in the body", "GET", always(400, s3Error("AuthorizationHeaderMalformed", "<Region>us-east-1</Region>")), coded(region, "AuthorizationHeaderMalformed")},
		{"a permanent redirect", "GET", always(301, s3Error("PermanentRedirect", "<Endpoint>b.s3.amazonaws.com</Endpoint>"), "X-Amz-Bucket-Region", "us-east-1"), coded(region, "PermanentRedirect")},
		{"a redirect of a young bucket", "PUT", always(307, s3Error("TemporaryRedirect"), "X-Amz-Bucket-Region", "us-east-1"), coded(region, "TemporaryRedirect")},
		{"301 to a HEAD", "HEAD", always(301, "", "X-Amz-Bucket-Region", "us-east-1"), region},
		{"307 to a HEAD", "HEAD", always(307, "", "X-Amz-Bucket-Region", "us-east-1"), region},
		{"400 to a HEAD", "HEAD", always(400, "", "X-Amz-Bucket-Region", "us-east-1"), region},
		{"MinIO to a HEAD", "HEAD", always(400, "", "X-Amz-Bucket-Region", "us-east-1", "X-Minio-Error-Code", "AuthorizationHeaderMalformed"), coded(region, "AuthorizationHeaderMalformed")},
		{"a constraint", "PUT", always(400, s3Error("IllegalLocationConstraintException")), credentials.MisconfiguredError{Key: "region", Got: "eu-west-1", Code: "IllegalLocationConstraintException"}},
		{"an endpoint", "GET", always(301, s3Error("PermanentRedirect", "<Endpoint>b.s3.amazonaws.com</Endpoint>")), credentials.MisconfiguredError{Key: "endpoint", Want: "b.s3.amazonaws.com", Code: "PermanentRedirect"}},
		{"a region that is no name", "GET", always(400, s3Error("AuthorizationHeaderMalformed", "<Region>us-east-1 &lt;b&gt;</Region>")), credentials.MisconfiguredError{Key: "endpoint", Code: "AuthorizationHeaderMalformed"}},
		{"a region in a header that is no name", "HEAD", always(400, "", "X-Amz-Bucket-Region", "x\ny", "X-Minio-Error-Code", "AuthorizationHeaderMalformed"), credentials.MisconfiguredError{Key: "endpoint", Code: "AuthorizationHeaderMalformed"}},
		{"an endpoint that is no name", "GET", always(301, s3Error("PermanentRedirect", "<Endpoint>a b</Endpoint>")), credentials.MisconfiguredError{Key: "endpoint", Code: "PermanentRedirect"}},
		{"no bucket", "GET", always(404, s3Error("NoSuchBucket")), credentials.MisconfiguredError{Key: "bucket", Code: "NoSuchBucket"}},
		{"a name that no bucket has", "GET", always(400, s3Error("InvalidBucketName")), credentials.MisconfiguredError{Key: "bucket", Code: "InvalidBucketName"}},
		{"another signature", "GET", always(403, s3Error("SignatureDoesNotMatch")), credentials.MisconfiguredError{Key: "endpoint", Code: "SignatureDoesNotMatch"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, inS3, row.answer)
			_, err := w.Send(request(t, row.method, object, ""), user("jo"))
			wantMisconfigured(t, err, row.want)
			if got, _ := errors.AsType[*credentials.MisconfiguredError](err); got == nil || got.Got != row.want.Got || got.Want != row.want.Want {
				t.Errorf("expected %+v, got %+v", row.want, got)
			}
			if w.store.count() != 1 || w.store.closed != 1 || len(w.problems) != 1 || !errors.Is(w.problems[0], err) {
				t.Errorf("expected one request and the problem reported, got %d, %v", w.store.count(), w.problems)
			}
		})
	}
}

func TestWhatIsNoneOfOurBusiness(t *testing.T) {
	application := credentials.Target{Service: "execute-api", Region: "eu-west-1"}
	long := strings.Repeat("x", 1<<20)
	for _, row := range []struct {
		name   string
		to     credentials.Target
		status int
		body   string
		header []string
	}{
		{"an object", inS3, 200, s3Error("InvalidToken"), nil},
		{"an object that is missing", inS3, 404, s3Error("NoSuchKey"), nil},
		{"an object that is denied", inS3, 403, s3Error("AccessDenied"), nil},
		{"not modified", inS3, 304, "", nil},
		{"a precondition", inS3, 412, s3Error("PreconditionFailed"), nil},
		{"an outage", inS3, 503, s3Error("InvalidToken"), nil},
		{"a redirect without a region", inS3, 301, "", []string{"Location", "https://example.com"}},
		{"a bucket in its region", inS3, 403, "", []string{"X-Amz-Bucket-Region", "eu-west-1"}},
		{"no error at all", inS3, 404, "<html><Code>InvalidToken</Code></html>", nil},
		{"rubbish", inS3, 400, "<Error><Code>Inv", nil},
		{"a code that is no name", inS3, 400, s3Error("Invalid Token\n"), nil},
		{"a region that is no name", inS3, 400, s3Error("X", "<Region>\x1b[0m</Region>"), nil},
		{"another spelling of the member", inDynamo, 400, `{"CODE":"InvalidToken"}`, nil},
		{"a code beyond what is read", inS3, 400, "<Error><a>" + long + "</a><Code>InvalidToken</Code></Error>", nil},
		{"the bucket of another service", inDynamo, 404, `{"code":"NoSuchBucket"}`, nil},
		{"the token of an application", application, 401, `{"__type":"ExpiredToken"}`, nil},
		{"a code that somebody stored", inDynamo, 400, `{"code":"ExpiredTokenException"}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.to, always(row.status, row.body, row.header...))
			answer := w.fine(t, request(t, "GET", object, ""))
			if answer.StatusCode != row.status || text(t, answer) != row.body || answer.ContentLength != int64(len(row.body)) {
				t.Errorf("expected the answer as it is, got %d", answer.StatusCode)
			}
			if w.store.count() != 1 || w.provider.count() != 1 || len(w.problems) != 0 {
				t.Errorf("expected 1 request, got %d, %d exchanges, %v", w.store.count(), w.provider.count(), w.problems)
			}
		})
	}
}

func TestTheGatewayOfAnApplicationIsBelieved(t *testing.T) {
	to := credentials.Target{Service: "execute-api", Region: "eu-west-1"}
	w := newWorld(t, to, first(403, `{"message":"The security token included in the request is expired"}`, "X-Amzn-Errortype", "ExpiredTokenException"))
	if answer := w.fine(t, request(t, "GET", object, "")); answer.StatusCode != 200 || w.provider.count() != 2 {
		t.Errorf("expected one retry, got %d", answer.StatusCode)
	}
}

func TestAnErrorBodyThatBreaksOff(t *testing.T) {
	w := newWorld(t, inS3, func(int, *http.Request) *http.Response {
		answer := says(403, "")
		answer.Body = io.NopCloser(io.MultiReader(strings.NewReader("<Error>"), failingReader{}))
		return answer
	})
	answer := w.fine(t, request(t, "GET", object, ""))
	if b, err := io.ReadAll(answer.Body); string(b) != "<Error>" || !errors.Is(err, errBroken) {
		t.Errorf("expected what came and the error, got %q, %v", b, err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errBroken }

// wantMisconfigured compares key and code, and the text with what may be in it.
func wantMisconfigured(t testing.TB, err error, want credentials.MisconfiguredError) {
	t.Helper()
	got, ok := errors.AsType[*credentials.MisconfiguredError](err)
	if !ok || got.Key != want.Key || got.Code != want.Code || credentials.Reason(err) != "misconfigured" {
		t.Errorf("expected %+v, got %v", want, err)
		return
	}
	text := err.Error()
	for _, part := range []string{want.Key + ": ", want.Got, want.Want, want.Code} {
		if !strings.Contains(text, part) {
			t.Errorf("expected %q in %q", part, text)
		}
	}
	if strings.Contains(text, "session-") || strings.Contains(text, "token-of") || strings.Contains(text, "ASIA") {
		t.Errorf("a secret shows: %s", text)
	}
}
