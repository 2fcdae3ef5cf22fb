package plugin

import (
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// During a reload that changes a pool, its sessions are there twice: trouble of
// either counts, or an alarm would end by reloading.
func TestTroubleOfSessionsIsAMetric(t *testing.T) {
	var twice []*sessions
	for _, key := range []string{"trouble before", "trouble after"} {
		s := &sessions{pool: &userPool{name: "troubled"}, outages: newSessionOutages(), cancel: func() {}}
		if _, _, err := sessionPools.LoadOrNew(key, func() (caddy.Destructor, error) { return s, nil }); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := sessionPools.Delete(key); err != nil {
				t.Error(err)
			}
		})
		twice = append(twice, s)
	}
	expect := func(what string, want float64) {
		t.Helper()
		if got, ok := sessionTrouble()[troubleLabels{"troubled", what}]; !ok || got != want {
			t.Errorf("%s: expected %v, got %v", what, want, got)
		}
	}
	for _, s := range twice {
		for _, what := range []string{"refresh", "handoff", "keys", "sign_outs"} {
			expect(what, 0)
		}
		s.outages.keys.note("storage")
		expect("keys", 1)
		expect("sign_outs", 0)
		s.outages.keys.note("")
		expect("keys", 0)
	}
}
