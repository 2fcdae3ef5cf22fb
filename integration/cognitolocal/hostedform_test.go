package cognitolocal_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	formTag       = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)">(.*?)</form>`)
	hidden        = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	heading       = regexp.MustCompile(`<h1>([^<]*)</h1>`)
	shownSecret   = regexp.MustCompile(`id="secret">([^<]+)<`)
	hiddenSession = regexp.MustCompile(`name="session" value="([^"]+)"`)
	sentTo        = regexp.MustCompile(`id="destination">([^<]+)<`)
)

// heading is what the page is about.
func (p page) heading() string { return first(heading, p) }

// first is the first group of the expression in the page, or "".
func first(re *regexp.Regexp, p page) string {
	if m := re.FindStringSubmatch(p.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// submit fills in the first form of the page that has all the fields, given as
// name, value, …, and posts it with what is hidden in it.
func (b *browser) submit(t *testing.T, p page, fields ...string) page {
	t.Helper()
	for _, m := range formTag.FindAllStringSubmatch(p.body, -1) {
		form, complete := url.Values{}, true
		for _, h := range hidden.FindAllStringSubmatch(m[2], -1) {
			form.Set(h[1], html.UnescapeString(h[2]))
		}
		for i := 0; i < len(fields); i += 2 {
			complete = complete && strings.Contains(m[2], `name="`+fields[i]+`"`)
			form.Set(fields[i], fields[i+1])
		}
		if complete {
			return b.do(t, http.MethodPost, html.UnescapeString(m[1]), form)
		}
	}
	t.Fatalf("expected a form with %q in %q", fields, p.body)
	return page{}
}
