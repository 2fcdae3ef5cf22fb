package cognitolocal

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed hosted.html
var pagesText string

// pages are the hosted pages. The rest of their look is up to the browser:
// they are there to be driven, and to be read when something fails.
var pages = template.Must(template.New("").Parse(pagesText))

// frame is around every page.
type frame struct{ Lang, Title string }

// errorPage is what the error page shows.
type errorPage struct {
	frame
	Text string
}

func newErrorPage(text string) errorPage {
	return errorPage{frame{english, "An error was encountered with the requested page."}, text}
}

// writePage writes one of the pages.
func writePage(w http.ResponseWriter, status int, name string, data any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// serveErrorPage shows the error in its query, with 400.
func serveErrorPage(w http.ResponseWriter, r *http.Request) {
	writePage(w, http.StatusBadRequest, "error", newErrorPage(r.URL.Query().Get("error")))
}
