package plugin

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// conditions are the headers for reading an object, in a form that every store
// understands. Entity tags lose their weakness, which proxies give them and
// stores take for another tag; for If-None-Match that makes no difference (RFC
// 9110 §13.1.2).
//
// Stores ignore If-Range, and would send a part of the new object to a client that
// wants to complete the old one. It is turned into If-Match, and pinned says so:
// where that fails, the client wants the whole object.
func (v *visit) conditions(key string) (header http.Header, pinned bool, err error) {
	ifRange := v.header.Get("If-Range")
	if v.header.Get("If-None-Match") == "" && ifRange == "" {
		return v.header, false, nil
	}
	header = without(v.header, "If-Range")
	if tags := header["If-None-Match"]; len(tags) > 0 {
		header["If-None-Match"] = []string{strings.Join(entityTags(tags), ", ")}
		delete(header, "If-Modified-Since") // which counts for nothing then (RFC 9110 §13.1.3)
	}
	if ifRange == "" || header.Get("Range") == "" {
		return header, false, nil
	}
	tag, err := v.rangeTag(key, ifRange)
	if tag == "" {
		delete(header, "Range")
		return header, false, err
	}
	header["If-Match"] = []string{tag}
	return header, true, nil
}

// rangeTag is the entity tag that the object must have for a part of it to be of
// use; empty when no part is. Weak tags never match (RFC 9110 §13.1.5), and dates
// match to the second, which If-Unmodified-Since would not say.
func (v *visit) rangeTag(key, ifRange string) (string, error) {
	switch {
	case v.header.Get("If-Match") != "" || v.header.Get("If-Unmodified-Since") != "" || strings.HasPrefix(ifRange, "W/"):
		return "", nil
	case strings.HasPrefix(ifRange, `"`):
		return ifRange, nil
	}
	if _, err := http.ParseTime(ifRange); err != nil {
		return "", nil
	}
	o := &objectWriter{probe: true}
	err := v.fetch(o, http.MethodHead, key, http.Header{})
	if err != nil || o.status != http.StatusOK || o.header.Get("Last-Modified") != ifRange {
		return "", err
	}
	return o.header.Get("Etag"), nil
}

// notModified reports whether the client has the object already (RFC 9110
// §13.2.2). Stores know a single tag only, and compare times that are finer than
// the dates they tell.
func notModified(request, object http.Header) bool {
	if lines := request["If-None-Match"]; len(lines) > 0 {
		tags, tag := entityTags(lines), strings.TrimPrefix(object.Get("Etag"), "W/")
		return slices.Contains(tags, "*") || tag != "" && slices.Contains(tags, tag)
	}
	since, err := http.ParseTime(request.Get("If-Modified-Since"))
	modified, err2 := http.ParseTime(object.Get("Last-Modified"))
	return err == nil && err2 == nil && !modified.After(since)
}

// entityTags are the tags of a list, without their weakness. Tags with commas in
// them fall apart, and then match nothing.
func entityTags(lines []string) (tags []string) {
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag != "" {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// originalTags takes the names of codings out of If-Match, which Caddy's encode
// adds to the tags of what it compressed: the store knows the object only.
func originalTags(header http.Header) {
	lines := slices.Clone(header["If-Match"])
	for i, line := range lines {
		lines[i] = codedTag.ReplaceAllString(line, `"`)
	}
	if lines != nil {
		header["If-Match"] = lines
	}
}

var codedTag = regexp.MustCompile(`-(br|gzip|zstd)"`)

// without returns a copy without the headers named.
func without(header http.Header, names ...string) http.Header {
	changed := maps.Clone(header)
	for _, name := range names {
		delete(changed, name)
	}
	return changed
}
