package plugin

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func TestHeadersForStores(t *testing.T) {
	some := newS3Requests(&config.S3Requests{AllowHeader: []string{"x-amz-tagging"}})
	none := newS3Requests(&config.S3Requests{})
	for _, row := range []struct {
		name     string
		requests *s3Requests
		header   http.Header
		want     http.Header
		refused  string // what the error names
	}{
		{"nothing", none, nil, http.Header{}, ""},
		{"what describes an object", none, http.Header{"Content-Type": {"a"}, "Cache-Control": {"b", "c"}, "X-Amz-Meta-A": {"d"}, "X-Amz-Checksum-Crc32": {"e"}},
			http.Header{"Content-Type": {"a"}, "Cache-Control": {"b", "c"}, "X-Amz-Meta-A": {"d"}, "X-Amz-Checksum-Crc32": {"e"}}, ""},
		{"conditions", none, http.Header{"Range": {"a"}, "If-Range": {"b"}, "If-Match": {"c"}, "If-None-Match": {"d"}, "If-Modified-Since": {"e"}, "If-Unmodified-Since": {"f"}},
			http.Header{"Range": {"a"}, "If-Range": {"b"}, "If-Match": {"c"}, "If-None-Match": {"d"}, "If-Modified-Since": {"e"}, "If-Unmodified-Since": {"f"}}, ""},
		{"what is none of the store's business", none, http.Header{
			"Cookie": {"a"}, "Authorization": {"b"}, "X-Forwarded-For": {"c"}, "Via": {"d"}, "X-Cognito-Sub": {"e"}, "Referer": {"f"}, "Origin": {"g"},
			"X-Amz-Cf-Id": {"of CloudFront"}, "X-Amzn-Trace-Id": {"h"}, "Connection": {"i"}, "Te": {"j"}, "X-Http-Method-Override": {"DELETE"},
		}, http.Header{}, ""},
		{"an encoding", none, http.Header{"Content-Encoding": {"gzip"}}, http.Header{"Content-Encoding": {"gzip"}}, ""},
		{"what is allowed", some, http.Header{"X-Amz-Tagging": {"a"}}, http.Header{"X-Amz-Tagging": {"a"}}, ""},

		{"what is not allowed", none, http.Header{"X-Amz-Tagging": {"a"}}, nil, "X-Amz-Tagging"},
		{"what is not allowed beside what is", some, http.Header{"X-Amz-Tagging": {"a"}, "X-Amz-Acl": {"a"}}, nil, "X-Amz-Acl"},
		{"a copy", none, http.Header{"X-Amz-Copy-Source": {"a"}}, nil, "X-Amz-Copy-Source"},
		{"a key of the client's", none, http.Header{"X-Amz-Server-Side-Encryption-Customer-Key": {"a"}}, nil, "X-Amz-Server-Side-Encryption-Customer-Key"},
		{"a header without a name of its own", none, http.Header{"X-Amz-": {"a"}}, nil, "X-Amz-"},
		{"a header like metadata", none, http.Header{"X-Amz-Metadata-Directive": {"REPLACE"}}, nil, "X-Amz-Metadata-Directive"},
		{"a date", none, http.Header{"X-Amz-Date": {"a"}}, nil, "X-Amz-Date"},
		{"a session token", none, http.Header{"X-Amz-Security-Token": {"a"}}, nil, "X-Amz-Security-Token"},
		{"an empty value", none, http.Header{"X-Amz-Acl": {""}}, nil, "X-Amz-Acl"},
		{"chunks with signatures", none, http.Header{"Content-Encoding": {"aws-chunked"}}, nil, "aws-chunked"},
		{"chunks with signatures on a second line, in upper case", none, http.Header{"Content-Encoding": {"gzip", "AWS-CHUNKED"}}, nil, "aws-chunked"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.requests.headers(row.header)
			if row.refused == "" {
				if err != nil || !reflect.DeepEqual(got, row.want) {
					t.Errorf("expected %v, got %v, %v", row.want, got, err)
				}
				return
			}
			if !errors.Is(err, errS3Request) || !strings.Contains(err.Error(), `"`+row.refused+`"`) || got != nil {
				t.Errorf("expected %s to be refused, got %v, %v", row.refused, got, err)
			}
		})
	}
}

func TestQueriesForStores(t *testing.T) {
	none := newS3Requests(&config.S3Requests{})
	some := newS3Requests(&config.S3Requests{AllowQuery: []string{"uploadId", "partNumber"}})
	for _, row := range []struct {
		name          string
		requests      *s3Requests
		method, query string
		want          string
		unknown       []string
		refused       bool
	}{
		{"nothing", none, "GET", "", "", nil, false},
		{"a version", none, "GET", "versionId=a%2Bb", "versionId=a%2Bb", nil, false},
		{"a version of HEAD", none, "HEAD", "versionId=1", "versionId=1", nil, false},
		{"what is allowed", some, "PUT", "uploadId=a&partNumber=1", "partNumber=1&uploadId=a", nil, false},
		{"empty parameters", none, "GET", "&&versionId=1&", "versionId=1", nil, false},
		{"what nobody knows", none, "GET", "utm_source=a&b", "", []string{"utm_source", "b"}, false},
		{"what nobody knows beside a version", none, "GET", "v=1&versionId=2", "versionId=2", []string{"v"}, false},

		{"a version to delete", none, "DELETE", "versionId=1", "", nil, true},
		{"a version in another case", none, "GET", "versionid=1", "", nil, true},
		{"what is allowed, in another case", some, "PUT", "UPLOADID=a", "", nil, true},
		{"an ACL", none, "GET", "acl", "", nil, true},
		{"an ACL behind others", none, "GET", "a=1&acl=", "", nil, true},
		{"an encoded ACL", none, "GET", "%61%63%6C", "", nil, true},
		{"a list", none, "GET", "list-type=2&prefix=", "", nil, true},
		{"an upload in parts", none, "POST", "uploads", "", nil, true},
		{"another part than allowed", some, "GET", "uploadId=a&uploads", "", nil, true},
		{"a header of the answer", none, "GET", "response-content-disposition=inline", "", nil, true},
		{"a header of the answer, in upper case", none, "GET", "RESPONSE-CACHE-CONTROL=public", "", nil, true},
		{"a presigned query", none, "GET", "X-Amz-Signature=a", "", nil, true},
		{"a signature of version 2", none, "GET", "Signature=a", "", nil, true},
		{"a key of version 2", none, "GET", "AWSAccessKeyId=a", "", nil, true},
		{"a selection", none, "POST", "select&select-type=2", "", nil, true},
		{"a semicolon", none, "GET", "versionId=1;acl", "", nil, true},
		{"a name that cannot be decoded", none, "GET", "%zz=1", "", nil, true},
		{"a value that cannot be decoded", none, "GET", "versionId=%z", "", nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRequest(row.method, "/")
			r.URL.RawQuery = row.query
			got, err := row.requests.queryOf(r)
			if row.refused {
				if !errors.Is(err, errS3Request) {
					t.Errorf("expected a refusal, got %+v, %v", got, err)
				}
				return
			}
			if err != nil || got.allowed != row.want || !reflect.DeepEqual(got.unknown, row.unknown) {
				t.Errorf("expected %q and %q, got %+v, %v", row.want, row.unknown, got, err)
			}
		})
	}
}

func TestPresignedQueries(t *testing.T) {
	for query, refused := range map[string]bool{
		"": false, "a=1": false, "x-amzn=1": false, "a=X-Amz-Signature": false, "xamz=": false, "a=%zz": false, "a;b": false,
		"X-Amz-Signature=1": true, "a&x-amz-date": true, "%78-amz-x": true, "X%2DAMZ%2D": true, "%zz": true, "a=1&X-Amz-%zz": true,
	} {
		r := newRequest(http.MethodGet, "/")
		r.URL.RawQuery = query
		if err := refusePresigned(r); errors.Is(err, errS3Request) != refused {
			t.Errorf("%q: expected a refusal: %v, got %v", query, refused, err)
		}
	}
}

func TestPrepareLeavesTheRequestAsItIs(t *testing.T) {
	s := newS3Requests(&config.S3Requests{})
	r := newRequest(http.MethodGet, "/a?versionId=1&")
	r.Header = http.Header{"Cookie": {"a"}, "Range": {"bytes=0-"}}
	got, err := s.prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.URL.RawQuery != "versionId=1" || !reflect.DeepEqual(got.Header, http.Header{"Range": {"bytes=0-"}}) {
		t.Errorf("expected what is allowed, got %s, %v", got.URL, got.Header)
	}
	if r.URL.RawQuery != "versionId=1&" || len(r.Header) != 2 {
		t.Errorf("the request was changed: %s, %v", r.URL, r.Header)
	}
	for _, target := range []string{"/?acl", "/?utm_source=a"} {
		if _, err := s.prepare(newRequest(http.MethodGet, target)); !errors.Is(err, errS3Request) {
			t.Errorf("%s: expected a refusal, got %v", target, err)
		}
	}
	r.Header.Set("X-Amz-Acl", "a")
	if _, err := s.prepare(r); !errors.Is(err, errS3Request) {
		t.Errorf("expected a refusal, got %v", err)
	}
}
