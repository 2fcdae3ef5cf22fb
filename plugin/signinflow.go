package plugin

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
)

// A sign-in through the domain of the pool is on its way in a cookie with one name
// for each flow, so that any number of tabs can be on their way. Browsers send it
// to the callback alone: there it cannot make the requests for pages too large,
// however many sign-ins are given up.
func flowCookie(state string) string { return config.FlowCookiePrefix + state }

// browserCookie names the browser to the flows that it began. A cookie with a path
// can be set by a sibling host, which could have a visitor finish the sign-in that
// an attacker began, and so work in the attacker's account; one with this prefix
// cannot. The dot keeps it apart from the session of a user_pool named browser.
const browserCookie = "__Host-cognito.browser"

// keepFlow sets the cookie of a flow.
func (v *signinVisit) keepFlow(flow hosted.Flow) error {
	data, err := flow.MarshalBinary()
	if err != nil {
		return err
	}
	sealed, err := v.flows.Seal(append([]byte(v.browser()), data...), time.Now().Add(hosted.Lifetime))
	if err != nil {
		return err
	}
	v.setFlow(flow.State(), sealed, int(hosted.Lifetime/time.Second))
	return nil
}

// browserName is the form of the names of browsers.
var browserName = len(rand.Text())

// browser is the name of the browser, which gets one if it has none.
func (v *signinVisit) browser() string {
	if cookie, err := sentCookie(v.r, browserCookie); err == nil && len(cookie.Value) == browserName {
		return cookie.Value
	}
	name := rand.Text()
	setCookie(v.w.Header(), &http.Cookie{
		Name: browserCookie, Value: name, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return name
}

// openFlow is the flow of a callback, if this browser began it.
func (v *signinVisit) openFlow(state string) (flow hosted.Flow, ok bool) {
	sealed, err := sentCookie(v.r, flowCookie(state))
	browser, browserErr := sentCookie(v.r, browserCookie)
	if err != nil || browserErr != nil || state == "" {
		return flow, false
	}
	data, err := v.flows.Open(v.r.Context(), sealed.Value)
	if err != nil || len(data) < browserName || subtle.ConstantTimeCompare(data[:browserName], []byte(browser.Value)) != 1 {
		return flow, false
	}
	return flow, flow.UnmarshalBinary(data[browserName:]) == nil
}

// setFlow sets or clears the cookie of a flow.
func (v *signinVisit) setFlow(state, value string, maxAge int) {
	setCookie(v.w.Header(), &http.Cookie{
		Name: flowCookie(state), Value: value, Path: v.path("callback"), MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
