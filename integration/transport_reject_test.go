package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const problemMessage = "the store or service does not work as configured"

// problems are the keys of what operators were told to mend.
func (w *world) problems() (keys []string) {
	w.Helper()
	for _, line := range w.logLines() {
		if line["msg"] == problemMessage {
			keys = append(keys, fmt.Sprint(line["level"], " ", line["key"]))
		}
	}
	return keys
}

func (w *world) wantProblems(want ...string) {
	w.Helper()
	if got := w.problems(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("expected the operator to be told of %q, got %q", want, got)
	}
}

// application reports whether somebody's application answers behind the service.
func (s *awsService) application() bool { return s.name == "lambda" || s.name == "execute-api" }

// TestRejectedCredentialsAreFetchedOnceMore and the client notices nothing.
func TestRejectedCredentialsAreFetchedOnceMore(t *testing.T) {
	methods := map[string]string{"GET": "", "POST": `{"TableName":"a"}`, "HEAD": "", "DELETE": ""}
	eachService(t, signing{}, func(w *serviceWorld) {
		for method, body := range methods {
			if method == "HEAD" && (w.service.name == "dynamodb" || w.service.name == "sqs") {
				continue // whose codes are in bodies
			}
			w.Run(method, func(t *testing.T) {
				w := w.in(t)
				w.again(signing{}) // with an empty cache
				w.wantStatus(200, w.as("jo", method, "/a", body))
				first := w.service.one(t).session
				before := w.exchanges()
				w.cognito.RevokeSessions(nil)
				if method == "POST" && w.service.application() { // which may have acted on it
					w.wantProblem(503, "unavailable", w.as("jo", method, "/a?b=c", body))
					if n := len(w.service.take()); n != 1 {
						t.Errorf("expected one request, got %d", n)
					}
					w.wantStatus(200, w.as("jo", method, "/a?b=c", body))
					w.service.one(t)
					return
				}
				w.wantStatus(200, w.as("jo", method, "/a?b=c", body, "X-Amz-Target: a"))
				requests := w.service.take()
				if len(requests) != 2 || w.exchanges() != before+1 {
					t.Fatalf("expected two requests and one exchange, got %d and %d", len(requests), w.exchanges()-before)
				}
				if requests[0].err == nil || requests[1].err != nil {
					t.Errorf("expected a refusal and a success, got %v and %v", requests[0].err, requests[1].err)
				}
				if second := requests[1]; second.session.AccessKeyID == first.AccessKeyID || second.body != body || second.uri != "/a?b=c" || second.session.Subject != w.sub("jo") {
					t.Errorf("expected the same request with other credentials, got %+v", second)
				}
			})
		}
	})
}

// TestWhatRejectionsLookLike: the words of services and stores.
func TestWhatRejectionsLookLike(t *testing.T) {
	answer := func(status int, header, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if header != "" {
				w.Header().Set("X-Amzn-ErrorType", header)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	xml := func(code string) string {
		return "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>a</Message></Error>"
	}
	typed := func(code string) string {
		b, err := json.Marshal(map[string]string{"__type": code, "message": "a"})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	rows := []struct {
		name, service string
		answer        func(http.ResponseWriter)
		again         bool
	}{
		{"DynamoDB: an unknown key", "dynamodb", answer(400, "", typed("com.amazon.coral.service#UnrecognizedClientException")), true},
		{"DynamoDB: expired", "dynamodb", answer(400, "", typed("com.amazon.coral.service#ExpiredTokenException")), true},
		{"API Gateway: expired", "execute-api", answer(403, "ExpiredTokenException", `{"message":"expired"}`), true},
		{"API Gateway: an unknown key", "execute-api", answer(403, "UnrecognizedClientException", `{"message":"invalid"}`), true},
		{"API Gateway: a header with a URL behind the code", "execute-api", answer(403, "UnrecognizedClientException:http://internal.amazon.com/coral/", ""), true},
		{"SQS: an unknown key", "sqs", answer(403, "", xml("InvalidClientTokenId")), true},
		{"S3: an unknown key", "s3", answer(403, "", xml("InvalidAccessKeyId")), true},
		{"S3: a token that is none", "s3", answer(400, "", xml("InvalidToken")), true},
		{"S3: expired", "s3", answer(400, "", xml("ExpiredToken")), true},
		{"MinIO", "s3", answer(403, "", xml("InvalidTokenId")), true},

		{"a denial", "dynamodb", answer(400, "", typed("com.amazon.coral.service#AccessDeniedException")), false},
		{"S3: a denial", "s3", answer(403, "", xml("AccessDenied")), false},
		{"S3: a key that is not there", "s3", answer(404, "", xml("NoSuchKey")), false},
		{"a success that holds the word", "dynamodb", answer(200, "", typed("ExpiredTokenException")), false},
		{"an outage that holds the word", "dynamodb", answer(500, "", typed("ExpiredTokenException")), false},
		{"a text that holds the word", "dynamodb", answer(400, "", "ExpiredTokenException"), false},
		{"a message that holds the word", "dynamodb", answer(400, "", `{"message":"ExpiredTokenException"}`), false},
		{"an application behind API Gateway with codes of its own", "execute-api", answer(400, "", `{"code":"ExpiredToken"}`), false},
		{"an application behind a function's URL with codes of its own", "lambda", answer(403, "", typed("ExpiredTokenException")), false},
		{"an application that speaks XML", "lambda", answer(403, "", xml("InvalidToken")), false},
		{"an application that refuses without a word", "lambda", answer(403, "", ""), false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := startedService(t, signing{service: row.service})
			w.wantStatus(200, w.as("jo", "GET", "/", ""))
			w.service.take()
			refused := 0
			w.service.answers(func(rw http.ResponseWriter, _ *http.Request, _ arrived) bool {
				refused++
				if row.again && refused > 1 {
					return false
				}
				row.answer(rw)
				return true
			})
			before := w.exchanges()
			got := w.as("jo", "GET", "/", "")
			requests := w.service.take()
			if again := len(requests) == 2 && w.exchanges() == before+1; again != row.again {
				t.Errorf("expected another exchange: %v; got %d requests, %d exchanges", row.again, len(requests), w.exchanges()-before)
			}
			if row.again {
				w.wantStatus(200, got)
			}
			w.wantProblems()
		})
	}
}

// TestAServiceThatRejectsEverything costs no exchange per request: Cognito would
// throttle those of all users.
func TestAServiceThatRejectsEverything(t *testing.T) {
	eachService(t, signing{}, func(w *serviceWorld) {
		w.service.answers(func(rw http.ResponseWriter, _ *http.Request, _ arrived) bool {
			w.service.refuse(rw, &awsFault{403, "UnrecognizedClientException", unknownToken})
			return true
		})
		method, body := "POST", "hello"
		if w.service.application() { // which gets a body once
			method, body = "GET", ""
		}
		for range 20 {
			w.wantProblem(502, "misconfigured", w.as("jo", method, "/", body))
		}
		if n := w.exchanges(); n > 2 {
			w.Errorf("expected two exchanges at most, got %d", n)
		}
		w.wantProblems("error credentials") // once
		w.service.answers(nil)
		w.service.take()
		w.wantStatus(200, w.as("jo", "POST", "/", "hello"))
	})
}

// TestRejectedUploadsAreNotRepeated: their body is gone. The next request works.
func TestRejectedUploadsAreNotRepeated(t *testing.T) {
	w := startedService(t, signing{service: "s3"})
	w.wantStatus(200, w.as("jo", "PUT", "/b/a", "hello"))
	w.service.take()
	w.cognito.RevokeSessions(nil)
	w.service.answers(func(rw http.ResponseWriter, _ *http.Request, got arrived) bool {
		if got.err == nil {
			return false
		}
		rw.WriteHeader(403)
		_, _ = rw.Write([]byte("<Error><Code>InvalidAccessKeyId</Code></Error>"))
		return true
	})
	got := w.as("jo", "PUT", "/b/a", "hello")
	w.wantProblem(503, "unavailable", got)
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("expected to be told to come again, got %v", got.header)
	}
	if requests := w.service.take(); len(requests) != 1 || requests[0].body != "hello" {
		t.Errorf("expected one request, got %+v", requests)
	}
	w.wantStatus(200, w.as("jo", "PUT", "/b/a", "hello"))
	if got := w.service.one(t); got.body != "hello" {
		t.Errorf("expected the upload, got %q", got.body)
	}
}

// TestRejectionOfOneUserLeavesTheOthers.
func TestRejectionOfOneUserLeavesTheOthers(t *testing.T) {
	w := startedService(t, signing{})
	for _, user := range []string{"jo", "mo"} {
		w.wantStatus(200, w.as(user, "GET", "/", ""))
	}
	mos := w.service.take()[1].session.AccessKeyID
	before := w.exchanges()
	w.service.answers(func(rw http.ResponseWriter, _ *http.Request, got arrived) bool {
		if got.session.Subject == w.sub("jo") {
			w.service.refuse(rw, &awsFault{403, "UnrecognizedClientException", unknownToken})
			return true
		}
		return false
	})
	w.wantStatus(502, w.as("jo", "GET", "/", ""))
	w.service.take()
	w.wantStatus(200, w.as("mo", "GET", "/", ""))
	if got := w.service.one(t); got.session.AccessKeyID != mos || w.exchanges() != before+1 {
		t.Errorf("expected mo's credentials to stay, got %v", got.session)
	}
}

// TestTheClockOfTheServiceIsFollowed: what it says of its time is enough to sign
// for it, and the operator is told once.
func TestTheClockOfTheServiceIsFollowed(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour behind": -time.Hour, "a day ahead": 23 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			eachService(t, signing{}, func(w *serviceWorld) {
				w.service.clock.Store(int64(ahead))
				if w.service.application() { // which may have written the answer itself
					w.wantProblem(502, "misconfigured", w.as("jo", "POST", "/a", "hello"))
					w.wantProblems("error clock")
					return
				}
				w.wantStatus(200, w.as("jo", "POST", "/a", "hello"))
				if requests := w.service.take(); len(requests) != 2 || requests[1].err != nil || requests[1].body != "hello" {
					w.Fatalf("expected a second attempt, got %+v", requests)
				}
				for _, user := range []string{"jo", "mo"} { // all are told by one
					w.wantStatus(200, w.as(user, "GET", "/", ""))
					w.service.one(w.T)
				}
				if n := w.exchanges(); n != 2 {
					w.Errorf("expected an exchange for each user, got %d", n)
				}
				w.wantProblems("warn clock")
				w.service.clock.Store(0) // somebody mended it
				w.wantStatus(200, w.as("jo", "GET", "/", ""))
				w.wantProblems("warn clock")
			})
		})
	}
}

// TestClocksThatAreNotBelieved: whoever can write a Date could have requests signed
// for a day to come.
func TestClocksThatAreNotBelieved(t *testing.T) {
	for name, date := range map[string]string{
		"days ahead":    time.Now().Add(72 * time.Hour).UTC().Format(http.TimeFormat),
		"years behind":  "Wed, 01 Jan 2020 00:00:00 GMT",
		"not a date":    "soon",
		"none":          "",
		"about the own": time.Now().UTC().Format(http.TimeFormat),
	} {
		t.Run(name, func(t *testing.T) {
			w := startedService(t, signing{})
			w.service.answers(func(rw http.ResponseWriter, _ *http.Request, _ arrived) bool {
				rw.Header()["Date"] = nil
				if date != "" {
					rw.Header()["Date"] = []string{date}
				}
				rw.WriteHeader(400)
				_, _ = rw.Write([]byte(`{"__type":"InvalidSignatureException","message":"Signature expired: 20200101T000000Z is now earlier than 20200101T000500Z"}`))
				return true
			})
			for range 3 {
				w.wantProblem(502, "misconfigured", w.as("jo", "GET", "/", ""))
			}
			if got := w.problems(); len(got) != 1 || !strings.HasSuffix(got[0], " clock") {
				t.Errorf("expected the operator to be told of the clock once, got %q", got)
			}
			for _, got := range w.service.take() {
				if got.err != nil {
					t.Errorf("expected to sign for the own time, got %v", got.err)
				}
			}
			w.service.answers(nil)
			w.wantStatus(200, w.as("jo", "GET", "/", ""))
		})
	}
}

// TestAClockThatCannotBeFollowedIsAnError: nothing was corrected, and no request
// works.
func TestAClockThatCannotBeFollowedIsAnError(t *testing.T) {
	w := startedService(t, signing{})
	w.service.clock.Store(int64(72 * time.Hour))
	w.wantProblem(502, "misconfigured", w.as("jo", "GET", "/", ""))
	w.wantProblems("error clock")
}

// TestASignatureThatDoesNotMatchIsForTheOperator.
func TestASignatureThatDoesNotMatchIsForTheOperator(t *testing.T) {
	for name, text := range map[string][2]string{
		"another region": {"region " + serviceRegion, "region us-east-1"}, "another service": {"service dynamodb", "service sqs"},
	} {
		t.Run(name, func(t *testing.T) {
			w := startedService(t, signing{})
			s := w.siteOf(signing{service: "dynamodb"})
			s.site = strings.Replace(s.site, text[0], text[1], 1)
			w.load(s)
			for range 2 {
				got := w.as("jo", "GET", "/", "")
				w.wantProblem(502, "misconfigured", got)
				if strings.Contains(got.body, "eu-west-1") || strings.Contains(got.body, "dynamodb") {
					t.Errorf("expected nothing of the configuration in the answer, got %s", got.body)
				}
			}
			w.wantProblems("error endpoint")
			if n := w.exchanges(); n != 1 {
				t.Errorf("expected one exchange, got %d", n)
			}
		})
	}
}
