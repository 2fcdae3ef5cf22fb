package diagnose

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// issuer compares the issuer that an endpoint says its tokens have with those that
// are accepted. An endpoint changes where keys come from, and not the issuer, so
// that all may be well but every token is refused. Many endpoints do not say it.
func (e *Examiner) issuer(ctx context.Context, cfg *config.UserPool) Finding {
	if cfg.Endpoint == "" {
		return Finding{}
	}
	said := e.issuerAt(ctx, strings.TrimSuffix(cfg.Endpoint, "/")+"/"+cfg.ID+"/.well-known/openid-configuration")
	accepted := slices.ContainsFunc(cfg.IssuerKeys(), func(issuer config.IssuerKeys) bool { return issuer.Issuer == said })
	switch {
	case said == "":
		return note("not known, since the endpoint does not say it; compare the iss of a token with issuer")
	case !accepted:
		return fail("tokens of the endpoint are of another issuer than those accepted, so all are refused; add issuer %s", plain(said))
	}
	return ok("%s is accepted", plain(said))
}

// issuerAt reads the metadata of an issuer; empty when there is none.
func (e *Examiner) issuerAt(ctx context.Context, target string) string {
	ctx, cancel := e.within(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return ""
	}
	answer, err := e.client.Do(req)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&metadata) != nil {
		return ""
	}
	return metadata.Issuer
}
