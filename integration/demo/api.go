package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"
)

// show answers with the identity headers of the request, and whether a token
// came with it.
func show(w http.ResponseWriter, r *http.Request) {
	identity := make(map[string]string)
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Cognito-") || strings.HasPrefix(name, "X-User-") {
			identity[name] = strings.Join(values, " | ")
		}
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.Encode(map[string]any{ //nolint:errcheck // the client is gone
		"path": r.URL.Path, "identity_headers": identity, "saw_a_token": r.Header.Get("Authorization") != "",
	})
}

// startAPI serves an API that shows what it was told about its caller.
func startAPI() (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(show), Addr: listener.Addr().String(), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // ends with Close
	return server, nil
}
