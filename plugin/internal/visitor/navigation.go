package visitor

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Navigates reports whether a person looks at the answer to r: whether a browser
// shows it as a page of its own, so that a redirect to a sign-in page makes sense.
// Everything else must be told in a way that programs understand.
//
// Browsers say so in Sec-Fetch-Mode and Sec-Fetch-Dest. Old ones do not, and none
// does over plain HTTP; there it takes GET or HEAD and an Accept that prefers a
// page. A frame is no page: ours refuse to be framed. Nor is what a browser
// fetches ahead; it asks again when it is looked at.
//
// A form that is submitted navigates as well. Whoever redirects it must mind the
// method: the visitor comes back with GET, and without the body.
//
// The answer is no permission. It decides how a visitor is refused, and anybody
// can send such a request.
func Navigates(r *http.Request) bool {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, r.Method) || ahead(r.Header) || unseen(r.Header) {
		return false
	}
	mode, dest := r.Header.Values("Sec-Fetch-Mode"), r.Header.Values("Sec-Fetch-Dest")
	if len(mode)+len(dest) > 0 {
		return fetchesPage(strings.Join(mode, ","), strings.Join(dest, ","))
	}
	return r.Method != http.MethodPost && prefersPage(r.Header.Values("Accept"))
}

// fetchesPage goes by the Fetch Metadata of the request. The first browsers to
// have it sent the mode alone, and nested-navigate for a frame.
func fetchesPage(mode, dest string) bool {
	return mode == "navigate" && (dest == "document" || dest == "")
}

// ahead reports whether a browser fetches what may never be looked at. A redirect
// would begin sign-ins that nobody wants, and might show their pages later, when
// they have expired. The older names are those of Chrome, Firefox and Safari.
func ahead(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(strings.Join(h.Values(name), ","))
		if slices.ContainsFunc([]string{"prefetch", "prerender", "preview"}, func(word string) bool { return strings.Contains(purpose, word) }) {
			return true
		}
	}
	return false
}

// unseen reports whether the request is of a kind that never becomes a page: a
// WebSocket, gRPC, a script of old, or a part of a file, to which a page would be
// appended. An Android web view sends its application's name as X-Requested-With.
func unseen(h http.Header) bool {
	return len(h.Values("Upgrade")) > 0 || len(h.Values("Range")) > 0 ||
		strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/grpc") ||
		slices.ContainsFunc(h.Values("X-Requested-With"), func(by string) bool { return strings.EqualFold(by, "XMLHttpRequest") })
}

// prefersPage reports whether the first of the most wanted types is a page. All
// browsers name it; */* is what programs send that did not think about it.
func prefersPage(accept []string) bool {
	var best float64
	var page bool
	for element := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if name, q := mediaRange(element); q > best {
			best, page = q, strings.EqualFold(name, "text/html") || strings.EqualFold(name, "application/xhtml+xml")
		}
	}
	return page
}

// mediaRange is an element of Accept and its weight, which is 0 when it cannot be
// read.
func mediaRange(element string) (name string, q float64) {
	name, parameters, _ := strings.Cut(element, ";")
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, weight, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		if err != nil || !(q >= 0 && q <= 1) { // nor is NaN a weight
			q = 0
		}
		return strings.TrimSpace(name), q
	}
	return strings.TrimSpace(name), 1
}
