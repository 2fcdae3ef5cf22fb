package plugin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// visit is one request for a bucket.
type visit struct {
	*S3
	w      http.ResponseWriter
	r      *http.Request
	header http.Header // those of the request that reach the store
	query  string
	prefix string
	grant  *credentials.Grant
}

// path is the path of the request as a part of a key.
func (v *visit) path() (string, error) {
	path := strings.TrimPrefix(v.r.URL.Path, "/")
	if hasDotSegment(path) || strings.Contains(path, "\x00") {
		return "", errKey
	}
	return path, nil
}

// fetch asks the store for an object and hands what it says to o, which tells
// whether the client has its answer.
func (v *visit) fetch(o *objectWriter, method, key string, header http.Header) error {
	r := *v.r
	r.Method, r.Header = method, header
	r.URL = &url.URL{Path: v.base.Path + "/" + key, RawQuery: v.query}
	if method != http.MethodPut {
		r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, 0, nil
	}
	o.visit, o.key, o.header = v, key, make(http.Header)
	id := identityOf(v.r.Context())
	id.refused, id.atStore = nil, true
	return v.store.ServeHTTP(o, &r, nobody)
}

// nobody is behind the proxy.
var nobody = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

// read serves an object, or what stands for it.
func (v *visit) read() error {
	path, err := v.path()
	if err != nil {
		return err
	}
	if len(v.Index) > 0 && (path == "" || strings.HasSuffix(path, "/")) {
		return v.readIndex(path)
	}
	if v.prefix+path == "" { // the bucket itself, whose answer is a list
		return v.missing(&objectWriter{status: http.StatusNotFound})
	}
	if v.RedirectOver > 0 && v.r.Method == http.MethodGet {
		if done, err := v.redirectLarge(path); done || err != nil {
			return err
		}
	}
	o, err := v.readObject(v.prefix + path)
	switch {
	case err != nil || o.passed:
		return err
	case !o.missing():
		return v.fail(o)
	}
	if found, err := v.redirectToIndex(path); found || err != nil {
		return err
	}
	return v.missing(o)
}

// besides is the same visit for another object than the one that was named: what
// the query says, such as a version, is not about that.
func (v *visit) besides() *visit {
	other := *v
	other.query = ""
	return &other
}

// readIndex serves the index document of a path that ends in a slash.
func (v *visit) readIndex(path string) error {
	var none *objectWriter // what the store says of the documents: the first denial, if there is one
	v = v.besides()
	for _, name := range v.Index {
		o, err := v.readObject(v.prefix + path + name)
		switch {
		case err != nil || o.passed:
			return err
		case !o.missing():
			return v.fail(o)
		}
		if none == nil || none.status != http.StatusForbidden {
			none = o
		}
	}
	v.reportDeniedIndex(none, path)
	return v.missing(none)
}

// readObject serves an object if the store gives it.
func (v *visit) readObject(key string) (*objectWriter, error) {
	header, pinned, err := v.conditions(key)
	if err != nil {
		return nil, err
	}
	o := new(objectWriter)
	err = v.fetch(o, v.r.Method, key, header)
	switch {
	case err != nil || o.passed:
		return o, err
	case pinned && o.status == http.StatusPreconditionFailed:
		o = new(objectWriter)
		return o, v.fetch(o, v.r.Method, key, without(header, "Range", "If-Match"))
	case v.r.Method == http.MethodHead && o.status == http.StatusForbidden:
		return v.headAgain(o, key, header)
	}
	return o, nil
}

// headAgain is for a HEAD that was denied: the answer cannot say whether for the
// user's rights or for credentials that the store does not know any more. A GET
// for a byte can, and our transport then gets others.
func (v *visit) headAgain(denied *objectWriter, key string, header http.Header) (*objectWriter, error) {
	o := &objectWriter{probe: true}
	err := v.fetch(o, http.MethodGet, key, http.Header{"Range": {"bytes=0-0"}})
	if err != nil || o.missing() {
		return denied, err
	}
	o = new(objectWriter)
	return o, v.fetch(o, http.MethodHead, key, header)
}

// redirectToIndex sends a client that left out the slash of a directory there, as
// S3's website endpoints do, so that relative links work. The location is
// relative: what the path was before Caddy changed it is the browser's business.
func (v *visit) redirectToIndex(path string) (found bool, err error) {
	for _, name := range v.Index {
		o := &objectWriter{probe: true}
		if err := v.besides().fetch(o, http.MethodHead, v.prefix+path+"/"+name, http.Header{}); err != nil {
			return false, err
		}
		if o.status != http.StatusOK {
			continue
		}
		escaped := v.r.URL.EscapedPath()
		location := "./" + escaped[strings.LastIndexByte(escaped, '/')+1:] + "/"
		if v.r.URL.RawQuery != "" {
			location += "?" + v.r.URL.RawQuery
		}
		v.redirect(location, "private")
		return true, nil
	}
	return false, nil
}

// presignedLifetime is enough to begin a download.
const presignedLifetime = time.Minute

// redirectLarge sends the client to the store itself when the object is large.
// The URL is a key to the object for whoever sees it, so it lives a minute only.
func (v *visit) redirectLarge(path string) (done bool, err error) {
	o := &objectWriter{probe: true}
	if err := v.fetch(o, http.MethodHead, v.prefix+path, http.Header{}); err != nil {
		return false, err
	}
	if o.status != http.StatusOK || o.length() < v.RedirectOver {
		return false, nil
	}
	// The store may have rejected v.grant just now, and the probe have gone through
	// with others: a URL that bears the old ones is dead.
	grant, _, err := v.exchange.grant(v.r.Context())
	if err != nil {
		return false, err
	}
	object := *v.base
	object.Path, object.RawQuery = v.base.Path+"/"+v.prefix+path, v.query
	signed, err := grant.Presign(v.r.Context(), http.MethodGet, &object, v.target, presignedLifetime, v.storeTime(o))
	if errors.Is(err, credentials.ErrExpiring) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	v.redirect(signed, "no-store")
	return true, v.hideLocation()
}

// storeTime is the time of the store by its answer. A clock that lags by two minutes
// signs what the store still takes, so that the sender never learns of it, but a URL
// that is dead already. No Date is too far off to be believed: it is the store's
// own, over the configured endpoint, and the store is who will judge the URL by it.
// One of the past makes a dead URL, and one of the future none that outlives the
// credentials, since Presign refuses to.
func (v *visit) storeTime(o *objectWriter) time.Time {
	date, err := http.ParseTime(o.header.Get("Date"))
	if err != nil {
		return v.sender.Now()
	}
	return date
}

// hideLocation takes a presigned URL out of the headers once they are sent: Caddy's
// access log has all headers of an answer, and whoever reads it could fetch the
// object.
func (v *visit) hideLocation() error {
	if _, err := io.WriteString(v.w, "Found\n"); err != nil { // encode keeps headers back until then
		return err
	}
	err := http.NewResponseController(v.w).Flush() // and HTTP/3 until then
	v.w.Header().Del("Location")
	return err
}

func (v *visit) redirect(location, cacheControl string) {
	v.w.Header().Set("Cache-Control", cacheControl)
	v.w.Header().Set("Location", location)
	closeUnread(v.w.Header(), v.r)
	v.w.WriteHeader(http.StatusFound)
}

// missing answers for an object that is not there, or that the store does not
// show: whoever may not list a bucket is told the same for both.
func (v *visit) missing(o *objectWriter) error {
	v.reportMissing(o)
	status := o.status
	if status != http.StatusForbidden || !v.ShowDenied {
		status = http.StatusNotFound
	}
	if v.Fallback != "" && wantsPage(v.r) {
		if done, err := v.serveInstead(v.Fallback, http.StatusOK); done || err != nil {
			return err
		}
	}
	if v.ErrorDocument != "" {
		if done, err := v.serveInstead(v.ErrorDocument, status); done || err != nil {
			return err
		}
	}
	v.w.Header().Set("Cache-Control", "no-store")
	closeUnread(v.w.Header(), v.r)
	return caddyhttp.Error(status, errors.New("the store has no such object for this user"))
}

// wantsPage: a missing script answered with a page fails in a way that nobody
// understands.
func wantsPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document", "empty", "frame", "iframe":
		return true
	}
	return false
}

// serveInstead serves another object with the status.
func (v *visit) serveInstead(document string, status int) (done bool, err error) {
	key, err := replaceKey(v.r, document)
	if err != nil {
		return false, nil
	}
	o := &objectWriter{as: status}
	header := without(v.header, "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
	if err := v.besides().fetch(o, v.r.Method, below(v.prefix, key), header); err != nil {
		return false, err
	}
	v.reportDenied(o, below(v.Prefix, document))
	return o.passed, nil
}

// below is the key of a document of the configuration: one with a slash in front
// is not below the prefix.
func below(prefix, document string) string {
	if absolute, ok := strings.CutPrefix(document, "/"); ok {
		return absolute
	}
	return prefix + document
}

// write uploads or deletes an object.
func (v *visit) write() error {
	path, err := v.path()
	switch {
	case err != nil:
		return err
	case path == "" || strings.HasSuffix(path, "/"):
		return errKey
	}
	if v.r.Method == http.MethodPut {
		if v.r.ContentLength < 0 {
			return credentials.ErrLengthRequired
		}
		if v.r.ContentLength > v.MaxUpload {
			return errUploadTooLarge
		}
	}
	o := new(objectWriter)
	if err := v.fetch(o, v.r.Method, v.prefix+path, v.header); err != nil || o.passed {
		return err
	}
	return v.fail(o)
}

// told are the statuses of the store that mean the same to the client. All others
// are between the edge and the store.
var told = []int{
	http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict,
	http.StatusLengthRequired, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusRequestedRangeNotSatisfiable,
}

// fail answers for a request that the store, or our transport, refused.
func (v *visit) fail(o *objectWriter) error {
	if refused := identityOf(v.r.Context()).refused; refused != nil {
		return refused
	}
	header := v.w.Header()
	header.Set("Cache-Control", "no-store")
	closeUnread(header, v.r)
	status := http.StatusBadGateway
	switch {
	case slices.Contains(told, o.status):
		status = o.status
	case o.status == http.StatusServiceUnavailable || o.status == http.StatusTooManyRequests:
		status = http.StatusServiceUnavailable
		header.Set("Retry-After", "1")
	}
	if contentRange := o.header.Get("Content-Range"); status == http.StatusRequestedRangeNotSatisfiable && contentRange != "" {
		header.Set("Content-Range", contentRange)
	}
	return caddyhttp.Error(status, fmt.Errorf("the store answered with status %d", o.status))
}
