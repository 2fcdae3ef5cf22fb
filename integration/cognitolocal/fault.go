package cognitolocal

import (
	"net/http"
	"strings"
	"time"
)

// Fault is one way in which an endpoint misbehaves. The zero value is none.
// Make one with the Fault… functions and set it with Server.SetFault.
type Fault struct {
	serve faultFunc
	times int // 0: until changed
}

// faultFunc answers instead of the endpoint. To have the request served under
// the setting that holds by then, it returns true.
type faultFunc func(w http.ResponseWriter, r *http.Request, changed <-chan struct{}) (again bool)

// Times limits the fault to the next n requests, after which the endpoint
// works again: for testing retries. With n below 1 the fault is none.
func (f Fault) Times(n int) Fault {
	if n < 1 {
		return Fault{}
	}
	f.times = n
	return f
}

// answer makes a fault of a handler.
func answer(h http.HandlerFunc) Fault {
	return Fault{serve: func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) bool {
		h(w, r)
		return false
	}}
}

// FaultHandler has h answer in place of the endpoint.
func FaultHandler(h http.HandlerFunc) Fault { return answer(h) }

// FaultStatus answers with the status and a short text.
func FaultStatus(status int) Fault {
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, http.StatusText(status), status)
	})
}

// FaultHang answers nothing until the client gives up, the server closes or
// the fault is changed; after a change the request is served under the new
// setting.
func FaultHang() Fault {
	return Fault{serve: func(_ http.ResponseWriter, r *http.Request, changed <-chan struct{}) bool {
		select {
		case <-r.Context().Done():
			return false
		case <-changed:
			return true
		}
	}}
}

// FaultSlow answers properly, but only after the delay; a change of the fault
// ends it early.
func FaultSlow(delay time.Duration) Fault {
	return Fault{serve: func(_ http.ResponseWriter, r *http.Request, changed <-chan struct{}) bool {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-r.Context().Done():
			return false
		case <-changed:
		case <-timer.C:
		}
		return true
	}}
}

// FaultGarbage answers 200 with a body that claims to be JSON and is not.
func FaultGarbage() Fault {
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("\x00<not json>{"))
	})
}

// FaultEmptyKeySet answers 200 with a key set without keys.
func FaultEmptyKeySet() Fault {
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		writeDocument(w, []byte(`{"keys":[]}`), nil)
	})
}

// hugeBlocks of hugeBlock bytes are what FaultHuge sends: 64 MiB.
const (
	hugeBlock  = 64 << 10
	hugeBlocks = 1 << 10
)

// FaultHuge streams a 64 MiB key set that is valid JSON, so that nothing but a
// limit on the size stops a client from reading it.
func FaultHuge() Fault {
	block := []byte(strings.Repeat(" ", hugeBlock))
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"keys":[`))
		for i := 0; i < hugeBlocks && err == nil; i++ {
			_, err = w.Write(block)
		}
		_, _ = w.Write([]byte(`]}`))
	})
}

// FaultRedirect sends the client to another address, with 307 so that a client
// that follows repeats a POST with its body there.
func FaultRedirect(url string) Fault {
	return answer(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, url, http.StatusTemporaryRedirect)
	})
}

// FaultAPI answers with an API error in the plain form, such as
// TooManyRequestsException (400) or InternalErrorException (500), and in the
// XML of STS for its requests, such as Throttling (400) or ServiceUnavailable
// (503).
func FaultAPI(name, message string) Fault {
	e := &apiError{name, message}
	return answer(func(w http.ResponseWriter, r *http.Request) {
		if isQuery(r) {
			writeQueryError(w, e)
			return
		}
		ErrorForm{}.write(w, e.status(), e)
	})
}

// FaultWAF answers as a web application firewall in front of the pool does:
// ForbiddenException in the header, and a page of HTML for a body.
func FaultWAF() Fault {
	return answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-amzn-errortype", "ForbiddenException")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"))
	})
}

// FaultDown breaks the connection without an answer, as a service does that is
// down or goes down. The handler must be served by net/http, as Start has it.
func FaultDown() Fault {
	return answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// FaultThrottle answers as the endpoint does to too many requests: with the
// exception of the API (400), with the XML of STS (400), and elsewhere with 429
// and a body that is no JSON, since what is in front of the service throttles
// the domain and the documents.
func FaultThrottle() Fault {
	return answer(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/" && isQuery(r):
			writeQueryError(w, &apiError{"Throttling", "Rate exceeded"})
		case r.Header.Get(targetHeader) != "":
			e := &apiError{"TooManyRequestsException", "Rate exceeded"}
			ErrorForm{}.write(w, e.status(), e)
		default:
			http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
		}
	})
}
