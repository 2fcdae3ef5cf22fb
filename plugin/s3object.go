package plugin

import (
	"net/http"
	"strconv"
	"strings"
)

// objectWriter takes the answer of the store. One that the client may have goes
// on to it; any other stops here, for the visit to decide what to say instead.
type objectWriter struct {
	visit  *visit
	as     int  // the status for the client; 0: that of the store
	probe  bool // nothing is for the client
	key    string
	header http.Header

	status int    // of the store
	said   []byte // by the store, in place of an object
	passed bool   // the client has its answer
	mute   bool   // which has no body
}

// Header implements [http.ResponseWriter].
func (o *objectWriter) Header() http.Header { return o.header }

// WriteHeader implements [http.ResponseWriter]. Informational answers of the
// store stay here.
func (o *objectWriter) WriteHeader(status int) {
	if o.status != 0 || status < http.StatusOK {
		return
	}
	o.status = status
	if o.passed = o.passes(); !o.passed {
		return
	}
	if status == statusClientGone {
		o.mute = true // nobody is there to read; a store that says so is not heard, either
	} else {
		status = o.prepare(status)
	}
	o.visit.w.WriteHeader(status)
}

// prepare sets the headers of the answer, and returns its status.
func (o *objectWriter) prepare(status int) int {
	if o.as != 0 {
		status = o.as
	} else if reads(o.visit.r.Method) && status != http.StatusNotModified && notModified(o.visit.header, o.header) {
		status, o.mute = http.StatusNotModified, true
		delete(o.header, "Content-Length")
		delete(o.header, "Content-Range")
	}
	o.visit.setHeaders(o.header, status)
	if o.as != 0 {
		standIn(o.visit.w.Header())
	}
	return status
}

// standIn says of an answer that it stands for another: when the object comes, or
// another user asks, nobody must find this one in a cache.
func standIn(header http.Header) {
	header.Set("Cache-Control", "no-store")
	for _, name := range []string{"Accept-Ranges", "Etag", "Expires", "Last-Modified", "X-Amz-Version-Id"} {
		header.Del(name)
	}
}

func (o *objectWriter) passes() bool {
	switch o.status {
	case http.StatusOK, statusClientGone:
		return !o.probe
	case http.StatusNoContent, http.StatusPartialContent, http.StatusNotModified:
		return !o.probe && o.as == 0
	}
	return false
}

// Write implements [http.ResponseWriter].
func (o *objectWriter) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	if !o.passed {
		o.keepSaid(p)
	}
	if !o.passed || o.mute {
		return len(p), nil
	}
	return o.visit.w.Write(p)
}

// FlushError implements what [http.ResponseController] looks for.
func (o *objectWriter) FlushError() error {
	if !o.passed {
		return nil
	}
	return http.NewResponseController(o.visit.w).Flush()
}

// Unwrap lets [http.ResponseController] set deadlines.
func (o *objectWriter) Unwrap() http.ResponseWriter { return o.visit.w }

// missing reports whether there is no object for this user.
func (o *objectWriter) missing() bool {
	return (o.status == http.StatusNotFound || o.status == http.StatusForbidden) && identityOf(o.visit.r.Context()).refused == nil
}

// length is what the store says of the object's size; -1 when it does not.
func (o *objectWriter) length() int64 {
	length, err := strconv.ParseInt(o.header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}

// objectHeaders are what of the store's answer is about the object. The rest is
// about the store.
var objectHeaders = map[string]bool{
	"Accept-Ranges": true, "Cache-Control": true, "Content-Disposition": true, "Content-Encoding": true, "Content-Language": true,
	"Content-Length": true, "Content-Range": true, "Content-Type": true, "Etag": true, "Expires": true, "Last-Modified": true,
	"X-Amz-Version-Id": true,
}

// setHeaders puts what is known of the object into the answer.
func (v *visit) setHeaders(object http.Header, status int) {
	header := v.w.Header()
	settleEncoding(object)
	for name, values := range object {
		if objectHeaders[name] || harmless(name) {
			header[name] = values
		}
	}
	// Users upload what others open: nothing may be taken for a script that does
	// not say that it is one.
	header.Set("X-Content-Type-Options", "nosniff")
	if !v.SharedCache {
		// What a 304 does not say goes on as it was (RFC 9111 §4.3.4).
		if said := object.Get("Cache-Control"); said != "" || status != http.StatusNotModified {
			header.Set("Cache-Control", privately(said))
		}
		header.Add("Vary", "Authorization, Cookie")
	}
}

// privately is a Cache-Control that keeps an answer out of shared caches, where
// the next user would find it (RFC 9111 §5.2.2).
func privately(cacheControl string) string {
	kept := []string{"private"}
	for directive := range strings.SplitSeq(cacheControl, ",") {
		directive = strings.TrimSpace(directive)
		name, _, _ := strings.Cut(strings.ToLower(directive), "=")
		switch strings.TrimSpace(name) {
		case "", "public", "private", "s-maxage", "proxy-revalidate":
		default:
			kept = append(kept, directive)
		}
	}
	return strings.Join(kept, ", ")
}

// settleEncoding removes what some stores keep of an upload with a checksum: the
// object is not in chunks (versitygw#2400).
func settleEncoding(object http.Header) {
	if rest, ok := strings.CutPrefix(object.Get("Content-Encoding"), "aws-chunked"); ok {
		delete(object, "Content-Encoding")
		if rest = strings.TrimLeft(rest, ", "); rest != "" {
			object["Content-Encoding"] = []string{rest}
		}
	}
}
