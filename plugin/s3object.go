package plugin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// objectWriter takes the answer of the store. One that the client may have goes
// on to it; any other stops here, for the visit to decide what to say instead.
type objectWriter struct {
	visit  *visit
	as     int  // the status for the client; 0: that of the store
	probe  bool // nothing is for the client
	header http.Header

	status int // of the store
	passed bool
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
	if status != statusClientGone {
		o.visit.setHeaders(o.header)
	}
	if o.as != 0 {
		status = o.as
	}
	o.visit.w.WriteHeader(status)
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
func (v *visit) setHeaders(object http.Header) {
	header := v.w.Header()
	for name, values := range object {
		if objectHeaders[name] || harmless(name) {
			header[name] = values
		}
	}
	// Users upload what others open: nothing may be taken for a script that does
	// not say that it is one.
	header.Set("X-Content-Type-Options", "nosniff")
	if !v.SharedCache {
		header.Set("Cache-Control", privately(object.Get("Cache-Control")))
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

// rangeConditions are the conditions of a request in the form that stores know.
// Entity tags lose their weakness, which Caddy's encode gives them and stores
// take for another tag; for If-None-Match that makes no difference (RFC 9110
// §13.1.2). It reports whether If-Range became a condition of the request.
func rangeConditions(header http.Header) (http.Header, bool) {
	ifRange, isRange := header.Get("If-Range"), header.Get("Range") != ""
	if header.Get("If-None-Match") == "" && ifRange == "" {
		return header, false
	}
	changed := maps.Clone(header)
	if tags := header["If-None-Match"]; len(tags) > 0 {
		changed["If-None-Match"] = strong(tags)
	}
	delete(changed, "If-Range")
	if ifRange == "" || !isRange {
		return changed, false
	}
	conditional := header.Get("If-Match") != "" || header.Get("If-Unmodified-Since") != ""
	if conditional || strings.HasPrefix(ifRange, "W/") { // never matches (RFC 9110 §13.1.5)
		delete(changed, "Range")
		return changed, false
	}
	if strings.HasPrefix(ifRange, `"`) {
		changed["If-Match"] = []string{ifRange}
	} else {
		changed["If-Unmodified-Since"] = []string{ifRange}
	}
	return changed, true
}

func strong(tags []string) []string {
	tags = slices.Clone(tags)
	for i, line := range tags {
		parts := strings.Split(line, ",")
		for j, tag := range parts {
			parts[j] = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		}
		tags[i] = strings.Join(parts, ", ")
	}
	return tags
}

// without returns a copy without the headers named.
func without(header http.Header, names ...string) http.Header {
	changed := maps.Clone(header)
	for _, name := range names {
		delete(changed, name)
	}
	return changed
}
