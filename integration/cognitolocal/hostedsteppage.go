package cognitolocal

import "net/http"

// stepPage is what a page after the password shows.
type stepPage struct {
	formPage
	hostedStep
}

// stepPages are the template and the title for each challenge; every other one
// asks for a code.
var stepPages = map[string]struct{ name, title string }{
	challengeNewPassword: {"new-password", "Change your password"},
	challengeSelectMFA:   {"select-mfa", "Choose how to confirm your sign-in"},
	challengeMFASetup:    {"mfa-setup", "Set up a second factor"},
}

// writeStep shows the page for what the user has to do next, with what was
// wrong the last time, if anything was. It answers the POST at once, and every
// page posts to the address of the first one.
func (s *Server) writeStep(w http.ResponseWriter, r *http.Request, step hostedStep, wrong error) {
	message := ""
	if wrong != nil {
		message = asAPIError(wrong).message
	}
	page, ok := stepPages[step.Challenge]
	if !ok {
		page.name, page.title = "mfa", "Confirm your sign-in"
	}
	writePage(w, http.StatusOK, page.name, stepPage{s.formPage(w, r, page.title, message), step})
}
