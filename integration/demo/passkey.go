package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// maxPasskey bounds what a browser sends of a new passkey.
const maxPasskey = 64 << 10

// registration calls an operation of the user pool as the user, with the access
// token that `forward token` brings.
func (s *site) registration(operation string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		input := make(map[string]any)
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPasskey)).Decode(&input); err != nil {
			http.Error(w, `{"message":"expected a JSON object"}`, http.StatusBadRequest)
			return
		}
		input["AccessToken"] = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		body, err := json.Marshal(input)
		if err != nil {
			http.Error(w, `{"message":"cannot write JSON"}`, http.StatusInternalServerError)
			return
		}
		s.call(w, r, operation, body)
	}
}

// call passes the answer of the user pool on.
func (s *site) call(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.poolURL, bytes.NewReader(body))
	if err != nil {
		http.Error(w, `{"message":"no user pool"}`, http.StatusInternalServerError)
		return
	}
	call.Header.Set("Content-Type", "application/x-amz-json-1.1")
	call.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	answer, err := http.DefaultClient.Do(call)
	if err != nil {
		http.Error(w, `{"message":"the user pool does not answer"}`, http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body) //nolint:errcheck // the client is gone
}
