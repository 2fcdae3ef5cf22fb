package plugin

import (
	"net/url"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// signInView is the first page.
func (v *signinVisit) signInView(returnTo string) page.View {
	kind := page.SignIn
	if !v.asksPassword() {
		kind = page.Identify
	}
	view := page.View{Kind: kind, Hidden: hidden("return_to", returnTo), Providers: v.providers(returnTo), Paths: v.links(returnTo)}
	if v.r.URL.Query().Get("choose") != "" || v.in["choose"] != "" {
		view.Hidden = append(view.Hidden, page.Hidden{Name: "choose", Value: "1"})
	}
	view.Paths.SignIn = ""
	return view
}

// links are the ways off a page.
func (v *signinVisit) links(returnTo string) page.Paths {
	paths := page.Paths{
		Submit: v.url("sign-in", ""), SignIn: v.url("sign-in", returnTo), Restart: v.url("sign-in", returnTo),
		Language: v.languageLink(returnTo),
	}
	if !v.Page.NoForgotPassword {
		paths.ForgotPassword = v.url("forgot-password", returnTo)
	}
	if v.Page.SignUp != nil {
		paths.SignUp, paths.ConfirmSignUp = v.url("sign-up", returnTo), v.url("confirm-sign-up", returnTo)
	}
	return paths
}

// languageLink is this page again, without the language. Pages that a form led to
// have none: a link would lose the step.
func (v *signinVisit) languageLink(returnTo string) string {
	if v.r.Method == "POST" {
		return ""
	}
	query := url.Values{}
	if returnTo != "/" {
		query.Set("return_to", returnTo)
	}
	if len(query) == 0 {
		return v.path(v.name)
	}
	return v.path(v.name) + "?" + query.Encode()
}

// providers are links to the providers of the pool.
func (v *signinVisit) providers(returnTo string) (list []page.Provider) {
	if v.hosted == nil {
		return nil
	}
	for _, provider := range v.Page.Providers {
		label := provider.Label
		if label == "" {
			label = provider.Name
		}
		list = append(list, page.Provider{Name: label, URL: v.url("sign-in", returnTo, "provider", provider.Name)})
	}
	return list
}

func hidden(name, value string) []page.Hidden {
	if value == "" || value == "/" && name == "return_to" {
		return nil
	}
	return []page.Hidden{{Name: name, Value: value}}
}

// hiddenStep also has where the visitor wants to go beside the sealed ticket,
// which can expire.
func hiddenStep(sealed, returnTo string) []page.Hidden {
	return append(hidden("state", sealed), hidden("return_to", returnTo)...)
}

// challengeView is the page of a challenge.
func (v *signinVisit) challengeView(t ticket, username string, challenge signin.Challenge) (page.View, error) {
	sealed, err := v.seal(t)
	if err != nil {
		return page.View{}, err
	}
	view := page.View{
		Kind: page.Challenge, Challenge: challenge, Username: username, Hidden: hiddenStep(sealed, t.Return),
		Minutes: challengeMinutes, Paths: page.Paths{Submit: v.url("sign-in", ""), Restart: v.url("sign-in", t.Return)},
	}
	if v.flow() == signin.FlowChoice && challenge.Name != signin.SelectChallenge {
		view.Paths.Another = v.url("sign-in", t.Return, "choose", "1")
		if t.FirstFactor && (challenge.Name == signin.EmailOTP || challenge.Name == signin.SMSOTP) {
			view.Paths.Resend = v.url("resend-code", "")
		}
	}
	return view, nil
}

// challengeMinutes is how long Cognito gives for an answer unless the app client
// says otherwise (AuthSessionValidity).
const challengeMinutes = 3

// stateOf is the sealed ticket of a page.
func stateOf(view page.View) string {
	for _, field := range view.Hidden {
		if field.Name == "state" {
			return field.Value
		}
	}
	return ""
}
