package plugin

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// apiChallenge is a challenge in the API; see [signin.Challenge].
type apiChallenge struct {
	Name        string            `json:"name"`
	Needs       []signin.Field    `json:"needs"`
	Round       int               `json:"round"`
	Medium      string            `json:"medium,omitempty"`
	Destination string            `json:"destination,omitempty"`
	DeviceName  string            `json:"device_name,omitempty"`
	Choices     []string          `json:"choices,omitempty"`
	Attributes  []string          `json:"attributes,omitempty"`
	Secret      string            `json:"secret,omitempty"` // for the authenticator app, as text and as URI
	SecretURI   string            `json:"secret_uri,omitempty"`
	Options     json.RawMessage   `json:"options,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
}

func newAPIChallenge(c signin.Challenge, issuer, username string) apiChallenge {
	out := apiChallenge{
		Name: c.Name, Needs: c.Needs, Round: c.Round, Medium: c.Medium, Destination: c.Destination, DeviceName: c.DeviceName,
		Choices: c.Choices, Attributes: c.Attributes, Parameters: c.Parameters,
	}
	if c.Secret != "" {
		out.Secret, out.SecretURI = string(c.Secret), string(c.TOTPURI(issuer, username))
	}
	if json.Valid([]byte(c.Options)) {
		out.Options = json.RawMessage(c.Options)
	}
	return out
}

// issuer is the site in authenticator apps.
func (v *signinVisit) issuer() string {
	if v.Page.Title != "" {
		return v.Page.Title
	}
	return v.r.Host
}

// signinProblem is a failure in the API: problem details (RFC 9457) with what is
// needed to try again.
type signinProblem struct {
	problem
	// Field is the field at fault, Rule what a new password lacks, Text a sentence
	// of the user pool.
	Field string `json:"field,omitempty"`
	Rule  string `json:"rule,omitempty"`
	Text  string `json:"text,omitempty"`
	// Challenge is still to be answered.
	Challenge *apiChallenge `json:"challenge,omitempty"`
	apiNext
	RequestID string `json:"request_id,omitempty"`
}

// apiNext is the endpoint to go on with, and the state that goes with it.
type apiNext struct {
	Next  string `json:"next,omitempty"`
	State string `json:"state,omitempty"`
}

// apiDone ends a sign-in with a session.
type apiDone struct {
	SignedIn bool   `json:"signed_in"`
	ReturnTo string `json:"return_to"`
	apiNext
}

// apiFailure answers with an error of a step.
func (v *signinVisit) apiFailure(status int, err error, view page.View) error {
	detail := err.Error()
	p := signinProblem{Text: view.Problem.Text, RequestID: requestID(v.r)}
	switch view.Problem.Reason {
	case "input":
		if p.Field = view.Problem.Detail; p.Field == "value" {
			p.Field = "" // which one, Cognito did not say
		}
	case "password_policy":
		p.Rule = view.Problem.Detail
	}
	if p.State = stateOf(view); p.State != "" {
		p.Next = "sign-in"
		if endpoint, ok := accountEndpoints[view.Kind]; ok {
			p.Next = endpoint
		}
	}
	if view.Kind == page.Challenge {
		p.Challenge = new(newAPIChallenge(view.Challenge, v.issuer(), view.Username))
	}
	p.problem = problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: signin.Reason(err)}
	return v.json(status, problemType, p)
}

// apiProblem answers with a failure that is not of a step.
func (v *signinVisit) apiProblem(status int, code string) error {
	return v.json(status, problemType, signinProblem{
		problem:   problem{Title: http.StatusText(status), Status: status, Detail: codeTexts[code], Code: code},
		RequestID: requestID(v.r),
	})
}

// codeTexts explain the codes that no step has.
var codeTexts = map[string]string{
	"cookie_too_big":  "the session does not fit into a cookie",
	"unusable_tokens": "the tokens that were issued cannot be used here",
	"misconfigured":   "sign-in is not configured correctly",
	"unavailable":     "sign-in is not available",
}

// delivers reports whether the client is an application that keeps its tokens
// itself.
func (v *signinVisit) delivers() bool { return v.api && v.Deliver == config.DeliverTokens }

// deliver hands the tokens to an application that keeps them itself.
func (v *signinVisit) deliver(tokens *signin.Tokens, device string, next apiNext) error {
	out := map[string]any{
		"token_type": "Bearer", "id_token": string(tokens.ID), "access_token": string(tokens.Access),
	}
	if tokens.Refresh != "" {
		out["refresh_token"] = string(tokens.Refresh)
	}
	if !tokens.Expires.IsZero() {
		out["expires_in"] = int(time.Until(tokens.Expires).Round(time.Second) / time.Second)
	}
	if device != "" {
		out["device"] = device
	}
	if next.Next != "" {
		out["next"], out["state"] = next.Next, next.State
	}
	return v.json(http.StatusOK, "application/json", out)
}

// refreshTokens gives new tokens to an application that keeps them itself: with a
// client secret, only the edge can ask for them.
func (v *signinVisit) refreshTokens() error {
	if !v.delivers() {
		return v.refuse(badInput("refresh_token: sessions are refreshed without being asked for; send a user name"))
	}
	if wait := v.allow(""); wait > 0 {
		return v.tooMany(wait, page.View{})
	}
	owner, device := v.openDevice(v.in["device"])
	tokens, err := v.sessions.client.Refresh(v.r.Context(), signin.Secret(v.in["refresh_token"]), device.Key, v.caller())
	if err != nil {
		return v.failed("refresh", "", err, ticket{}, page.View{})
	}
	if _, err := v.sessions.verify(v.r.Context(), sessionTokens(tokens)); err != nil {
		return v.unusable("refresh", err, "/")
	}
	v.count("refresh", "ok")
	return v.deliver(tokens, v.deviceFor(owner, device), apiNext{})
}

// sessionDocument is what a single-page application learns of its session.
type sessionDocument struct {
	// Expires is when the session ends unless it is used, in seconds since 1970.
	Expires int64          `json:"exp"`
	Subject string         `json:"sub"`
	Claims  map[string]any `json:"claims,omitempty"`
}

// session is the endpoint for single-page applications. Asking does not count as
// using the session, or polling would keep it alive for ever.
func (v *signinVisit) session() error {
	opened, err := v.sessions.opened(v.r, v.w.Header())
	if err != nil {
		v.retryAfter(time.Second)
		return v.apiProblem(http.StatusServiceUnavailable, "unavailable")
	}
	if opened == nil {
		v.w.Header().Set("WWW-Authenticate", challenge(""))
		return v.json(http.StatusUnauthorized, problemType, problem{
			Title: http.StatusText(http.StatusUnauthorized), Status: http.StatusUnauthorized, Detail: "nobody is signed in",
			Code: "missing", SignInURL: v.origin(v.r) + v.path("sign-in"),
		})
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(opened.Session.IDClaims), &claims); err != nil && opened.Session.IDClaims != "" {
		return errors.New("the claims of a session cannot be read")
	}
	document := sessionDocument{Expires: v.sessions.codec.Ends(opened.Session).Unix(), Subject: opened.Session.Subject, Claims: make(map[string]any)}
	for _, name := range v.Claims {
		if value, ok := claims[name]; ok {
			document.Claims[name] = value
		}
	}
	return v.json(http.StatusOK, "application/json", document)
}
