package edge

import (
	"errors"
	"io"
	"net/http"
)

// Admin is an HTTP client for the admin API on a Unix socket. It keeps no
// connections. Each load ends the server of the API, which closes unheard what it
// had accepted before and what speaks after; Admin asks again then.
func Admin(socket string) *http.Client {
	client := Client(socket)
	transport := client.Transport.(*http.Transport)
	transport.DisableKeepAlives = true
	client.Transport = unheard{transport}
	return client
}

// unheard sends a request again while its connections end without an answer.
type unheard struct{ *http.Transport }

// unheardTries is for a few loads in a row.
const unheardTries = 5

// RoundTrip returns the error of the last try.
func (u unheard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := u.Transport.RoundTrip(req)
	for try := 1; try < unheardTries && errors.Is(err, io.EOF); try++ {
		again := req.Clone(req.Context())
		if req.GetBody != nil {
			again.Body, _ = req.GetBody() // of a string: it cannot fail
		}
		resp, err = u.Transport.RoundTrip(again)
	}
	return resp, err
}
