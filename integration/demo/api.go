package main

import (
	"encoding/json"
	"net/http"
)

// show answers with the identity headers of the request, and whether a token
// came with it.
func show(w http.ResponseWriter, r *http.Request) {
	identity := make(map[string]string)
	for _, header := range identityHeaders(r.Header) {
		identity[header.Name] = header.Value
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.Encode(map[string]any{ //nolint:errcheck // the client is gone
		"path": r.URL.Path, "identity_headers": identity, "saw_a_token": r.Header.Get("Authorization") != "",
	})
}
