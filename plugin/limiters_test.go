package plugin

import (
	"net/http/httptest"
	"testing"
)

// TestHandlersOfAPoolCountTogether, also those of the next configuration: guesses
// are not to be had for another prefix, nor back with a reload.
func TestHandlersOfAPoolCountTogether(t *testing.T) {
	ctx := newContext(t)
	tries := func(config string) (allowed int) {
		signin := load[*Signin](t, ctx, "http.handlers.cognito_signin", config)
		for range 40 {
			if signin.newVisit(httptest.NewRecorder(), newRequest("POST", "/")).allow("jo") == 0 {
				allowed++
			}
		}
		return allowed
	}
	for _, row := range []struct {
		name, config string
		want         int
	}{
		{"the first", `{"pool":"main"}`, 12},
		{"another prefix", `{"pool":"main","prefix":"/other"}`, 0},
		{"other limits", `{"pool":"main","limit":[{"per":"user","per_minute":5}]}`, 5},
	} {
		if got := tries(row.config); got != row.want {
			t.Errorf("%s: expected %d attempts, got %d", row.name, row.want, got)
		}
	}
	ctx = newContext(t)
	if got := tries(`{"pool":"main"}`); got != 0 {
		t.Errorf("after a reload: expected no attempts, got %d", got)
	}
}
