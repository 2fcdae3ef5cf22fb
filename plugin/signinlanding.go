package plugin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/loopback"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
)

// landing is where a sign-in ended, sealed in the URL.
type landing struct {
	Return string `json:"r"`
	Host   string `json:"h"`
}

// goLanding leads to the place where the browser shows whether it keeps the
// session. Without that, a browser that drops the cookie would go to the site,
// from there to sign-in, and around.
func (v *signinVisit) goLanding(returnTo string) error {
	document, err := json.Marshal(landing{returnTo, v.r.Host})
	if err != nil {
		return err
	}
	sealed, err := v.landings.Seal(document, time.Now().Add(landingLifetime))
	if err != nil {
		return v.unavailable(returnTo)
	}
	return v.redirect(v.path("landing") + "?" + url.Values{"to": {sealed}}.Encode())
}

// land goes on to where the visitor wanted to go, if the session came back.
func (v *signinVisit) land() error {
	var to landing
	document, err := v.landings.Open(v.r.Context(), v.r.URL.Query().Get("to"))
	if err == nil {
		err = json.Unmarshal(document, &to)
	}
	opened, keysErr := v.sessions.opened(v.r, v.w.Header())
	switch {
	case keysErr != nil:
		return v.unavailable(to.Return)
	case err != nil:
		return v.redirect("/") // an old link; whether somebody is signed in shows there
	case opened != nil:
		return v.goOn(v.returnTo(to.Return))
	}
	return v.lostCookie(to)
}

// goOn goes to where the visitor wanted to go. It is no redirect: that would still
// belong to the form with the password, and browsers hold whatever the application
// redirects to, such as another host, against the form-action of our page.
func (v *signinVisit) goOn(target string) error {
	v.w.Header().Set("Refresh", "0; url="+target)
	return v.show(http.StatusOK, page.View{Kind: page.SignedIn, Return: target})
}

// lostCookie says why the session did not come back.
func (v *signinVisit) lostCookie(to landing) error {
	kind, cause := page.CookieBlocked, page.CauseCookieBlocked
	switch {
	case !strings.EqualFold(to.Host, v.r.Host):
		kind, cause = page.Loop, page.CauseWrongHost
	case strings.HasPrefix(v.origin(v.r), "http://") && !isLocal(v.r.Host):
		kind, cause = page.Loop, page.CauseInsecure // browsers drop Secure cookies there
	}
	v.problem("a browser did not send the session back that it had just got", string(cause), zap.String("host", v.r.Host))
	return v.show(http.StatusBadRequest, page.View{
		Kind: kind, Cause: cause, Return: to.Return, Paths: page.Paths{Restart: v.url("sign-in", to.Return)},
	})
}

// isLocal reports whether browsers trust a host without TLS.
func isLocal(host string) bool {
	u := url.URL{Host: host}
	return loopback.Host(u.Hostname())
}
