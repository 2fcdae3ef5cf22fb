package integration_test

import (
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/edge"
)

// TestDomainsOfThisMachineLoad covers local pools: what the configuration accepts
// over http, the sign-in and its pages must accept, too.
func TestDomainsOfThisMachineLoad(t *testing.T) {
	for _, domain := range []string{
		"http://localhost:9229", "http://auth.localhost:9229", "http://127.0.0.1:9229", "http://127.0.0.2:9229", "http://[::1]:9229",
	} {
		for name, signin := range map[string]string{"hosted": "hosted", "page": "page", "page with a provider": "page {\nprovider Google\n}\nhosted"} {
			t.Run(domain+", "+name, func(t *testing.T) {
				config, err := edge.Adapt("{\ncognito {\nuser_pool main eu-west-1_AbCdEfGhI {\nclient a\ndomain " + domain + "\n}\n}\n}\nhttp://app.localhost {\ncognito_signin main {\n" + signin + "\n}\n}\n")
				if err != nil {
					t.Fatal(err)
				}
				if err := validate(t, config); err != nil {
					t.Errorf("expected the configuration to load, got %v", err)
				}
			})
		}
	}
}
