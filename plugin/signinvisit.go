package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// signinVisit is a request to an endpoint of sign-in.
type signinVisit struct {
	*Signin
	w     http.ResponseWriter
	r     *http.Request
	name  string // of the endpoint
	api   bool   // the answer is JSON
	in    input
	began time.Time
}

func (s *Signin) newVisit(w http.ResponseWriter, r *http.Request) *signinVisit {
	return &signinVisit{Signin: s, w: w, r: r, began: time.Now()}
}

// attend answers a request to an endpoint.
func (s *Signin) attend(w http.ResponseWriter, r *http.Request, name string, e endpoint) error {
	v := s.newVisit(w, r)
	v.name, v.api = name, isJSON(r) || name == "session"
	w.Header().Set("Cache-Control", "no-store")
	if !slices.Contains(e.methods, r.Method) {
		w.Header().Set("Allow", strings.Join(e.methods, ", "))
		return v.refuse(&inputError{http.StatusMethodNotAllowed, "method", "expected " + strings.Join(e.methods, " or ")})
	}
	if r.Method == http.MethodPost {
		if err := v.read(); err != nil {
			return v.refuse(err)
		}
	}
	if err := s.sessions.await(r.Context()); err != nil && name != "sign-out" { // which needs no keys to clear a cookie
		return v.unavailable("")
	}
	return e.serve(v)
}

// read takes the fields of a form or of a JSON object. Only pages of the same
// origin may send them, or else another site could sign a visitor in as somebody
// else, or out (login CSRF); clients that are no browsers say nothing of origins.
func (v *signinVisit) read() (err error) {
	check := http.NewCrossOriginProtection()
	if err := check.AddTrustedOrigin(v.origin(v.r)); err != nil {
		return &inputError{http.StatusBadRequest, "origin", "the request names no host that can be understood"}
	}
	if err := check.Check(v.r); err != nil {
		return &inputError{http.StatusForbidden, "cross_origin", "the form was sent from another site; open the page here and try again"}
	}
	v.in, err = readInput(v.w, v.r, fieldsOf[v.name])
	return err
}

// refuse answers a request that no page of ours sends.
func (v *signinVisit) refuse(err error) error {
	wrong, ok := errors.AsType[*inputError](err)
	if !ok {
		wrong = &inputError{http.StatusBadRequest, "input", err.Error()}
	}
	closeUnread(v.w.Header(), v.r)
	v.recordRefusal(wrong)
	if v.api {
		return v.json(wrong.status, problemType, problem{Title: http.StatusText(wrong.status), Status: wrong.status, Detail: wrong.text, Code: wrong.code})
	}
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("X-Content-Type-Options", "nosniff")
	v.w.WriteHeader(wrong.status)
	_, err = v.w.Write([]byte(wrong.text + "\n"))
	return err
}

// show answers with a page.
func (v *signinVisit) show(status int, view page.View) error {
	view.Language, view.AcceptLanguage = v.language(), strings.Join(v.r.Header["Accept-Language"], ",")
	view.Host, view.RequestID = v.r.Host, requestID(v.r)
	for name, value := range v.pages.Headers(view) {
		v.w.Header().Set(name, value)
	}
	if (v.name == "callback" || v.name == "landing") && view.Kind != page.SignIn && view.Kind != page.Identify {
		// The site would learn from Referer of a code that may not have been used
		// (RFC 9700 §4.2.4). Forms need it: they come after a refusal.
		v.w.Header().Set("Referrer-Policy", "no-referrer")
	}
	var body strings.Builder
	if err := v.pages.Render(&body, view); err != nil {
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	v.w.WriteHeader(status)
	if v.r.Method == http.MethodHead {
		return nil
	}
	_, err := v.w.Write([]byte(body.String()))
	return err
}

// json answers with JSON.
func (v *signinVisit) json(status int, mediaType string, body any) error {
	document, err := json.Marshal(body)
	if err != nil {
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	v.w.Header().Set("Content-Type", mediaType)
	v.w.Header().Set("X-Content-Type-Options", "nosniff")
	v.w.WriteHeader(status)
	_, err = v.w.Write(document)
	return err
}

// redirect goes on elsewhere with GET, whatever the method was: 307 would send a
// password on (RFC 9700 §4.12).
func (v *signinVisit) redirect(target string) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	v.w.Header().Set("Location", target)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// language is that which the visitor chose.
func (v *signinVisit) language() string { return v.r.URL.Query().Get("lang") }

// url is an endpoint as the target of a link that keeps where the visitor wants
// to go, and the language.
func (v *signinVisit) url(name, returnTo string, more ...string) string {
	query := url.Values{}
	if returnTo != "" && returnTo != "/" {
		query.Set("return_to", returnTo)
	}
	if language := v.language(); language != "" {
		query.Set("lang", language)
	}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	if len(query) == 0 {
		return v.path(name)
	}
	return v.path(name) + "?" + query.Encode()
}

// returnTo is a place to go after sign-in that is safe: the start page if it is
// not.
func (v *signinVisit) returnTo(value string) string {
	if target, ok := v.targets.Parse(value, v.origin(v.r)); ok {
		return target
	}
	return "/"
}

// caller is on whose behalf Cognito is called.
func (v *signinVisit) caller() signin.Caller { return signin.Caller{IP: v.address()} }

func (v *signinVisit) address() netip.Addr {
	text, _ := caddyhttp.GetVar(v.r.Context(), caddyhttp.ClientIPVarKey).(string)
	if text == "" {
		text = v.r.RemoteAddr
		if peer, err := netip.ParseAddrPort(text); err == nil {
			return peer.Addr().Unmap()
		}
	}
	address, _ := netip.ParseAddr(text)
	return address.Unmap()
}

// The least time that a failure takes, so that it does not tell by how long it
// took whether there is such a user.
const (
	leastFailure  = 600 * time.Millisecond
	failureJitter = 100 * time.Millisecond
)

// pad waits until a failure took as long as any.
func (v *signinVisit) pad() {
	rest := leastFailure + rand.N(failureJitter) - time.Since(v.began)
	wait, cancel := context.WithTimeout(v.r.Context(), max(rest, 0))
	defer cancel()
	<-wait.Done()
}

// allow says how long the visitor has to wait for another attempt; 0 for one now.
func (v *signinVisit) allow(username string) time.Duration {
	wait, which := v.limiter.Allow(visitor.Attempt{Address: v.address(), User: username, Client: v.sessions.clientID})
	if wait > 0 && v.problems.due("limit "+which) {
		v.logger.Info("sign-in attempt over the limit", zap.String("limit", which), zap.String("request_id", requestID(v.r)))
	}
	return wait
}

// problem logs what an operator should know of.
func (v *signinVisit) problem(message, reason string, fields ...zap.Field) {
	v.logger.Warn(message, append(fields, zap.String("pool", v.Pool), zap.String("reason", reason), zap.String("request_id", requestID(v.r)))...)
}

// metricName is the name of an endpoint as a label.
func metricName(endpoint string) string { return strings.ReplaceAll(endpoint, "-", "_") }

// retryAfter tells clients how long to wait.
func (v *signinVisit) retryAfter(wait time.Duration) {
	v.w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
}
