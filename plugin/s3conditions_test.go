package plugin

import (
	"net/http"
	"reflect"
	"testing"
)

func TestEntityTags(t *testing.T) {
	for _, row := range []struct {
		name       string
		tags, want []string
	}{
		{"a strong tag", []string{`"a"`}, []string{`"a"`}},
		{"a weak tag", []string{`W/"a"`}, []string{`"a"`}},
		{"a list", []string{`W/"a","b" , W/"c"`}, []string{`"a"`, `"b"`, `"c"`}},
		{"two lines", []string{`W/"a"`, `"b"`}, []string{`"a"`, `"b"`}},
		{"any", []string{"*"}, []string{"*"}},
		{"nothing", []string{" , "}, nil},
	} {
		if got := entityTags(row.tags); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: expected %q, got %q", row.name, row.want, got)
		}
	}
}

// TestConditions asks a store only for dates, and there is none here.
func TestConditions(t *testing.T) {
	const date = "Sun, 22 Nov 2026 12:00:00 GMT"
	for _, row := range []struct {
		name         string
		header, want http.Header
		pinned       bool
	}{
		{"nothing", http.Header{}, http.Header{}, false},
		{"a part", http.Header{"Range": {"bytes=0-1"}}, http.Header{"Range": {"bytes=0-1"}}, false},
		{"a part of a version", http.Header{"Range": {"bytes=0-1"}, "If-Range": {`"a"`}}, http.Header{"Range": {"bytes=0-1"}, "If-Match": {`"a"`}}, true},
		{"a weak tag is none for parts", http.Header{"Range": {"bytes=0-1"}, "If-Range": {`W/"a"`}}, http.Header{}, false},
		{"neither a tag nor a date", http.Header{"Range": {"bytes=0-1"}, "If-Range": {"yesterday"}}, http.Header{}, false},
		{"If-Range without Range", http.Header{"If-Range": {`"a"`}}, http.Header{}, false},
		{"If-Range beside another condition, of which stores know one", http.Header{"Range": {"bytes=0-1"}, "If-Range": {`"a"`}, "If-Match": {`"b"`}}, http.Header{"If-Match": {`"b"`}}, false},
		{"If-Range beside a date", http.Header{"Range": {"bytes=0-1"}, "If-Range": {`"a"`}, "If-Unmodified-Since": {date}}, http.Header{"If-Unmodified-Since": {date}}, false},
		{"a weak tag for what the client has", http.Header{"If-None-Match": {`W/"a"`}, "Accept-Encoding": {"gzip"}}, http.Header{"If-None-Match": {`"a"`}, "Accept-Encoding": {"gzip"}}, false},
		{"both", http.Header{"If-None-Match": {`W/"a"`}, "Range": {"bytes=0-1"}, "If-Range": {`"b"`}}, http.Header{"If-None-Match": {`"a"`}, "Range": {"bytes=0-1"}, "If-Match": {`"b"`}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := row.header.Clone()
			got, pinned, err := (&visit{header: row.header}).conditions("key")
			if !reflect.DeepEqual(got, row.want) || pinned != row.pinned || err != nil {
				t.Errorf("expected %v, %v, got %v, %v, %v", row.want, row.pinned, got, pinned, err)
			}
			if !reflect.DeepEqual(row.header, before) {
				t.Errorf("the headers of the request were changed to %v", row.header)
			}
		})
	}
}

func TestNotModified(t *testing.T) {
	const before, at, after = "Sun, 22 Nov 2026 11:59:59 GMT", "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:01 GMT"
	object := http.Header{"Etag": {`"a"`}, "Last-Modified": {at}}
	for _, row := range []struct {
		name    string
		request http.Header
		want    bool
	}{
		{"no condition", http.Header{}, false},
		{"another tag", http.Header{"If-None-Match": {`"b"`}}, false},
		{"another tag, and a date that would do", http.Header{"If-None-Match": {`"b"`}, "If-Modified-Since": {after}}, false},
		{"a date before", http.Header{"If-Modified-Since": {before}}, false},
		{"no date at all", http.Header{"If-Modified-Since": {"yesterday"}}, false},
		{"the tag", http.Header{"If-None-Match": {`"a"`}}, true},
		{"the tag as encode has it", http.Header{"If-None-Match": {`W/"a"`}}, true},
		{"the tag in a list", http.Header{"If-None-Match": {`"b", "a"`}}, true},
		{"any tag", http.Header{"If-None-Match": {"*"}}, true},
		{"its date", http.Header{"If-Modified-Since": {at}}, true},
		{"a date behind", http.Header{"If-Modified-Since": {after}}, true},
	} {
		if got := notModified(row.request, object); got != row.want {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, got)
		}
	}
	if notModified(http.Header{"If-None-Match": {`""`, ""}}, http.Header{}) {
		t.Error("an object without a tag matched")
	}
}

func TestWithout(t *testing.T) {
	header := http.Header{"A": {"1"}, "B": {"2"}}
	if got := without(header, "A", "C"); !reflect.DeepEqual(got, http.Header{"B": {"2"}}) || len(header) != 2 {
		t.Errorf("expected a copy without A, got %v of %v", got, header)
	}
}
