package hosted

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

const (
	// operation is what a Cause calls the exchange.
	operation = "token"
	// maxAnswer bounds an answer in bytes; tokens are some kilobytes.
	maxAnswer = 1 << 20
)

// Exchange makes tokens of a callback. They are not verified; when the ID token
// is, [Flow.CheckNonce] has to follow.
//
// A callback of another flow is [ErrState], also one with a refusal: nobody but
// who began the sign-in gets to see its words. A flow older than [Lifetime] and a
// code that is of no more use are [signin.ErrSession]. The code works once, so that
// a call is not repeated when its answer was lost: begin again.
func (c *Client) Exchange(ctx context.Context, flow Flow, callback Callback) (_ *signin.Tokens, err error) {
	f := flow.read()
	if err := c.belongs(f, callback); err != nil {
		return nil, err
	}
	end := c.opts.Trace.Begin(ctx, operation)
	defer func() { end(err) }()
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, c.http), signin.CallTimeout)
	defer cancel()
	token, err := c.call(func(secret signin.Secret) (*oauth2.Token, error) {
		return c.config(secret, f.redirectURI).Exchange(ctx, string(callback.Code), oauth2.VerifierOption(f.verifier))
	})
	if err != nil {
		return nil, classify(err)
	}
	return c.tokens(token)
}

// belongs compares the state before it looks at anything else of the callback.
func (c *Client) belongs(f openFlow, callback Callback) error {
	switch age := c.now().Unix() - f.created; {
	case !equal(callback.State, f.state), !equal(f.client, c.id):
		return refuse(ErrState, "", signin.Cause{})
	case callback.fault != nil:
		return callback.refusal()
	case callback.Code == "":
		return refuse(ErrCallback, "", signin.Cause{})
	case age >= int64(Lifetime/time.Second):
		return refuse(signin.ErrSession, "", signin.Cause{})
	}
	return nil
}

// call makes a call with the secret that worked last and, when Cognito does not
// know it, with the other one: who the client is gets judged before the code.
func (c *Client) call(do func(signin.Secret) (*oauth2.Token, error)) (*oauth2.Token, error) {
	secrets := c.secrets()
	if len(secrets) == 0 {
		return do("")
	}
	first := int(c.working.Load()) % len(secrets)
	token, err := do(secrets[first])
	if other := 1 - first; len(secrets) == 2 && wrongSecret(err) {
		if token, err = do(secrets[other]); !wrongSecret(err) {
			c.working.Store(int32(other))
		}
	}
	return token, err
}

func wrongSecret(err error) bool {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	return ok && answer.ErrorCode == "invalid_client"
}

// tokens reads Cognito's answer. A token of an unknown type must not be used
// (RFC 6749 §7.1).
func (c *Client) tokens(token *oauth2.Token) (*signin.Tokens, error) {
	if !strings.EqualFold(token.Type(), "Bearer") {
		return nil, refuse(signin.ErrAnswer, "", signin.Cause{Operation: operation})
	}
	id, _ := token.Extra("id_token").(string)
	if id == "" { // openid was not granted
		return nil, refuse(signin.ErrMisconfigured, "scope", signin.Cause{Operation: operation})
	}
	tokens := &signin.Tokens{ID: signin.Secret(id), Access: signin.Secret(token.AccessToken), Refresh: signin.Secret(token.RefreshToken)}
	if token.ExpiresIn > 0 {
		tokens.Expires = c.now().Add(time.Duration(token.ExpiresIn) * time.Second)
	}
	return tokens, nil
}

// clientOr never follows a redirect: with 307 and 308 it would carry the code and
// the verifier to wherever the answer points.
func clientOr(client signin.HTTPClient) signin.HTTPClient {
	if client == nil {
		client = &http.Client{}
	}
	if std, ok := client.(*http.Client); ok {
		stays := *std
		stays.CheckRedirect = stay
		return &stays
	}
	return client
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// wire is the way of package oauth2 to the token endpoint.
type wire struct{ signin.HTTPClient }

// RoundTrip makes the call. The answer is read here, cut where it is too long,
// since package oauth2 would not tell one that breaks off from one that is no JSON;
// and it is JSON whatever it calls itself (RFC 6749 §5.1): package oauth2 would
// take a form, too.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Header.Set("Content-Type", "application/json")
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}
