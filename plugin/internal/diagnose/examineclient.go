package diagnose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// madeUp is a refresh token that nobody has. What Cognito says to it tells about
// the app client, and counts against no user.
const madeUp = "made-up.by.caddy-cognito.to-ask.for-the-app-client"

// appClient finds out whether an app client exists and takes its secrets. Of two,
// one will do: the other is yet to come, or gone already.
func (e *Examiner) appClient(ctx context.Context, p *pool, id string) {
	name := fmt.Sprintf("user_pool %s: client %s", p.name, id)
	secrets := p.cfg.ClientSecrets[id]
	if len(secrets) == 0 {
		e.report(name, e.askClient(ctx, p, id, ""))
		return
	}
	findings := make([]Finding, len(secrets))
	for i, secret := range secrets {
		findings[i] = e.askClient(ctx, p, id, signin.Secret(secret))
	}
	works := slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == OK })
	for i, f := range findings {
		what := name
		if len(secrets) > 1 {
			what = fmt.Sprintf("%s, secret %d", name, i+1)
		}
		if works && f.Level == Fail {
			f = warn("the app client does not take it, but the other one; add it there, or remove it here")
		}
		e.report(what, f)
	}
}

func (e *Examiner) askClient(ctx context.Context, p *pool, id string, secret signin.Secret) Finding {
	ctx, cancel := e.within(ctx)
	defer cancel()
	opts := signin.Options{UserPoolID: p.cfg.ID, ClientID: id, Endpoint: p.cfg.Endpoint, HTTPClient: e.client}
	if secret != "" {
		opts.Secrets = []signin.Secret{secret}
	}
	client, err := signin.NewClient(opts)
	if err != nil {
		return fail("%v", err)
	}
	_, err = client.Refresh(ctx, madeUp, "", signin.Caller{})
	return e.judgeClient(err, p.signsInto(id), secret != "")
}

// signsInto reports whether users sign in to this app client.
func (p *pool) signsInto(id string) bool {
	return p.sessions && (p.cfg.Session == nil || p.cfg.Session.Client == "" || p.cfg.Session.Client == id)
}

// judgeClient reads what Cognito says to a refresh token that nobody has.
func (e *Examiner) judgeClient(err error, signsIn, secret bool) Finding {
	if unavailable, ok := errors.AsType[*signin.UnavailableError](err); ok {
		return e.judgeUnavailable(unavailable)
	}
	refusal, isRefusal := errors.AsType[*signin.Error](err)
	switch {
	case errors.Is(err, signin.ErrRefreshToken):
		return ok("exists%s", map[bool]string{true: ", and its secret is right"}[secret])
	case errors.Is(err, signin.ErrBlocked):
		return warn("a firewall in front of the pool refuses this machine; look at the web ACL of the pool")
	case !isRefusal || !errors.Is(err, signin.ErrMisconfigured):
		return warn("Cognito gave an answer that says nothing about it (%s)", signin.Reason(err))
	case refusal.Detail == "client":
		return fail("does not exist in this pool; check the app client ID, and that it is of this pool")
	case refusal.Detail != "secret":
		return warn("Cognito refuses the question (%s)", plain(refusal.Cause.Code))
	case secret:
		return fail("the secret is not right; take it from the app client, or remove it if the app client has none")
	case signsIn:
		return fail("has a secret, and users sign in to it; add: client <id> { secret <secret> }")
	}
	return ok("exists")
}

func (e *Examiner) judgeUnavailable(err *signin.UnavailableError) Finding {
	switch {
	case err.Throttled:
		return warn("Cognito says that there are too many calls; ask again later")
	case err.Err != nil:
		return fail("the user pool API: %s", networkText(err.Err, e.Timeout))
	}
	return fail("the user pool API answers with status %d; Cognito may be down, or the endpoint is wrong", err.Cause.Status)
}

// flow is about the page. Whether the app client allows its flow cannot be asked
// without an attempt to sign in.
func flow(cfg *config.Signin) Finding {
	if cfg.Page == nil && cfg.Hosted != nil {
		return Finding{}
	}
	name := config.FlowSRP
	if cfg.Page != nil && cfg.Page.Flow != "" {
		name = cfg.Page.Flow
	}
	return note("not asked, since that is an attempt to sign in; see that the app client allows ALLOW_%s", name)
}

// rotation compares refresh_token_rotation with what shows of the app client: one
// that rotates refresh tokens cannot allow the flow REFRESH_TOKEN_AUTH.
func (e *Examiner) rotation(ctx context.Context, p *pool, client string) Finding {
	rotates := p.cfg.Session != nil && p.cfg.Session.RefreshTokenRotation
	allowed, known := e.allowsRefreshFlow(ctx, p, client)
	switch {
	case !known:
		return Finding{}
	case allowed && rotates:
		return warn("refresh_token_rotation is set, but the app client allows ALLOW_REFRESH_TOKEN_AUTH, so it does not rotate refresh tokens; remove refresh_token_rotation")
	case !allowed && !rotates:
		return warn("the app client does not allow ALLOW_REFRESH_TOKEN_AUTH, as those that rotate refresh tokens do not; if it rotates them, set refresh_token_rotation in session")
	}
	return ok("as the app client has it")
}

// allowsRefreshFlow opens the flow with a refresh token that nobody has. Unless
// Cognito's answer is clear, it is not known.
func (e *Examiner) allowsRefreshFlow(ctx context.Context, p *pool, client string) (allowed, known bool) {
	code, message, err := e.initiate(ctx, p, map[string]any{
		"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": client, "AuthParameters": map[string]string{"REFRESH_TOKEN": madeUp},
	})
	message = strings.ToLower(message)
	switch {
	case err != nil:
		return false, false
	case strings.HasSuffix(code, "InvalidParameterException") && strings.Contains(message, "not enabled"):
		return false, true
	case strings.HasSuffix(code, "NotAuthorizedException") && strings.Contains(message, "refresh token"):
		return true, true
	}
	return false, false
}

// initiate calls InitiateAuth and returns the error that Cognito names. Neither
// may be shown.
func (e *Examiner) initiate(ctx context.Context, p *pool, in any) (code, message string, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return "", "", err
	}
	endpoint := p.cfg.Endpoint
	if endpoint == "" {
		id, err := verifier.ParseUserPool(p.cfg.ID)
		if err != nil {
			return "", "", err
		}
		endpoint = id.Endpoint()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
	answer, err := e.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or Message: names are matched in any case
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&said)
	return said.Type, said.Message, err
}
