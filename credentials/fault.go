package credentials

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxFault bounds how much of an error body is looked at. Codes come first, and
// some stores append the canonical request.
const maxFault = 16 << 10

// fault is what a service says about a request that it refused.
type fault struct {
	status   int
	code     string
	message  string
	region   string // that the service names
	endpoint string
	date     time.Time // zero when it sent none
	// silent is a refusal without a body, as to HEAD, that says at most where to
	// go.
	silent bool
	// unread is a refusal whose body was left alone, since it may be that of an
	// application. Its headers may be, too.
	unread bool
}

// faultStatus are those that the sender acts on.
var faultStatus = []int{
	http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest,
	http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
}

// readFault returns nil for an answer that is none. The body stays whole. That of
// an application is not touched: it may have codes of its own, such as an
// ExpiredToken, and may come bit by bit.
func readFault(r *http.Response, method string, to Target) *fault {
	if !slices.Contains(faultStatus, r.StatusCode) {
		return nil
	}
	f := &fault{status: r.StatusCode, unread: to.application()}
	f.date, _ = http.ParseTime(r.Header.Get("Date"))
	if !f.unread {
		var body []byte
		if method != http.MethodHead {
			body = peek(r, maxFault)
		}
		f.silent = len(body) == 0
		f.readBody(body)
	}
	f.readHeader(r.Header)
	f.clean()
	return f
}

// ErrorCode is the code of an error of S3, or of a store like it, with its header
// and the beginning of its body; empty where it has none in a strict form, so that
// it may be logged.
func ErrorCode(header http.Header, body []byte) string {
	f := new(fault)
	f.readBody(body)
	f.readHeader(header)
	f.clean()
	return f.code
}

// peek reads the beginning of the body and puts it back. What cuts the body off
// is told to whoever reads that far.
func peek(r *http.Response, most int64) []byte {
	if r.Body == nil {
		return nil
	}
	beginning, err := io.ReadAll(io.LimitReader(r.Body, most))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = body{io.MultiReader(bytes.NewReader(beginning), rest), r.Body}
	return beginning
}

type body struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (f *fault) readHeader(h http.Header) {
	for _, name := range []string{"X-Amzn-Errortype", "X-Minio-Error-Code"} {
		if code := h.Get(name); code != "" {
			f.code = code
		}
	}
	if region := h.Get("X-Amz-Bucket-Region"); region != "" {
		f.region = region
	}
}

// readBody goes by the first character: services are not to be relied on for the
// media type of errors.
func (f *fault) readBody(b []byte) {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(b, []byte("<")):
		f.readXML(b)
	case bytes.HasPrefix(b, []byte("{")):
		f.readJSON(b)
	}
}

// readXML takes the elements of an error wherever it is: at the top in S3, deeper
// in the protocols of other services. The body may be cut off.
func (f *fault) readXML(b []byte) {
	fields := map[string]*string{"Code": &f.code, "Message": &f.message, "Region": &f.region, "Endpoint": &f.endpoint}
	d := xml.NewDecoder(bytes.NewReader(b))
	var path []string
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if field := errorField(path, fields); field != nil && *field == "" {
				*field = strings.TrimSpace(string(t))
			}
		}
	}
}

// errorField is the field that the text at this path belongs to, if it is one of
// an element Error.
func errorField(path []string, fields map[string]*string) *string {
	if n := len(path); n >= 2 && path[n-2] == "Error" {
		return fields[path[n-1]]
	}
	return nil
}

// readJSON must be told everything by exact names: encoding/json would take
// "__TYPE" for "__type". A member "code" is not believed: it may be part of what
// somebody stored.
func (f *fault) readJSON(b []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil {
		return
	}
	text := func(names ...string) (value string) {
		for _, name := range names {
			if json.Unmarshal(members[name], &value) == nil && value != "" {
				return value
			}
		}
		return ""
	}
	f.code, f.message = text("__type"), text("message", "Message")
}

// What may be in an operator's log: the service is not trusted with it, nor is
// whoever can have it repeat something.
var (
	faultCode   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]{0,79}$`)
	faultRegion = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	faultHost   = regexp.MustCompile(`^[A-Za-z0-9.:-]{1,255}$`)
)

// clean drops what is no name. Codes may have a namespace in front, as in
// com.amazonaws.dynamodb.v20120810#ExpiredTokenException, and a URL behind.
func (f *fault) clean() {
	f.code = f.code[strings.IndexByte(f.code, '#')+1:]
	f.code, _, _ = strings.Cut(f.code, ":")
	for value, form := range map[*string]*regexp.Regexp{&f.code: faultCode, &f.region: faultRegion, &f.endpoint: faultHost} {
		if !form.MatchString(*value) {
			*value = ""
		}
	}
}
