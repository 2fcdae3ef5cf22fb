package main

const (
	targetGo     = "plugin/internal/visitor/target.go"
	navigationGo = "plugin/internal/visitor/navigation.go"
	inviteGo     = "plugin/signininvite.go"
)

var returning = []mutant{
	{"a sign-in ends at //evil.example", without(targetGo,
		`strings.HasPrefix(path, "//") || `, ``), unit("TestUsersAreNotLedElsewhere")},
	{"a sign-in ends at /\\evil.example, which browsers read as a host", without(targetGo,
		` || r == 0x7f || r == '\\' }`, ` || r == 0x7f }`), unit("TestUsersAreNotLedElsewhere")},
	{"a tab in the path hides a host from the check and not from browsers", without(targetGo,
		` || strings.ContainsFunc(value, strays) {`, ` {`).and(targetGo,
		`func(r rune) bool { return r < ' ' || `, `func(r rune) bool { return `), unit("TestUsersAreNotLedElsewhere")},
	{"a proxy that decodes paths leads to a host that was encoded", without(targetGo,
		`decoded := unescape(path)`, `decoded := path`), unit("TestUsersAreNotLedElsewhere")},
	{"dot segments lead to a host", without(targetGo,
		`!slices.Contains(parts, ".") && !slices.Contains(parts, "..") && `, ``), unit("TestUsersAreNotLedElsewhere")},
	{"a sign-in ends at sign-out, or begins again", without(targetGo,
		` && !t.isOwn(parts)`, ``), unit("TestUsersAreNotLedElsewhere")},
	{"a sign-in ends at sign-out, written in another case", without(targetGo,
		`strings.EqualFold)`, `func(a, b string) bool { return a == b })`), unit("TestUsersAreNotLedElsewhere")},
	{"a sign-in ends at any origin", without(targetGo,
		`case ok && slices.Contains(t.origins, base):`, `case ok && base != "":`), unit("TestUsersAreNotLedElsewhere")},
	{"an origin that is listed with a path or a user stands for another", without(targetGo,
		`if text != u.Scheme+"://"+u.Host || `, `if `), unit("TestTargetsThatCannotBe")},
	{"a script is where a sign-in ends", without(targetGo,
		`u.Scheme != "https" && u.Scheme != "http" || `, ``).and(targetGo,
		`case ok && slices.Contains(t.origins, base):`, `case ok && base != "":`), unit("TestUsersAreNotLedElsewhere")},
	{"a target is so long that the session finds no room", without(targetGo,
		`if value == "" || len(value) > MaxTarget || `, `if value == "" || `).and(targetGo,
		`len(target) > MaxTarget {
		return "", false
	}
	return target, true`, `target == "" {
		return "", false
	}
	return target, true`), unit("TestUsersAreNotLedElsewhere")},
	{"a forged X-Forwarded-Host is where sign-in and callback lead", without("plugin/signin.go",
		`(bool); trusted {`, `(bool); trusted || !trusted {`), world("TestTheHostIsNotBelieved")},
	{"a scheme that a trusted proxy passes on from a client is part of links", without("plugin/signin.go",
		`proto == "http" || proto == "https" {`, `proto != "" {`), world("TestAProxyNamesNoOtherScheme")},
	{"a link on another page decides where a form comes from", without(inviteGo,
		`err == nil && referer.Host == v.r.Host {`, `err == nil {`), world("TestReturnTo")},
	{"a password is sent on to where the form leads", without(visitGo,
		`v.w.WriteHeader(http.StatusSeeOther)`, `v.w.WriteHeader(http.StatusTemporaryRedirect)`), world("TestOAuthBestPractice")},
	{"the application learns of authorization codes and sealed steps by Referer", without(visitGo,
		`v.w.Header().Set("Referrer-Policy", "no-referrer")
	v.w.Header().Set("Location", target)`, `v.w.Header().Set("Location", target)`), world("TestOAuthBestPractice")},
	{"a browser goes around in circles between site and sign-in", without(inviteGo,
		`return time.Since(current.Created) < freshSession`, `return current.Created.IsZero()`), world("TestLoopsEnd")},
	{"a browser that keeps no cookies goes around in circles between callback and pool", without(hostedIn,
		`if hosted.Restarted(state) {`, `if state == "?" {`), world("TestACallbackWithoutCookiesBeginsAgainOnce")},
	{"what a browser fetches ahead begins sign-ins that nobody wants", without(navigationGo,
		` || ahead(r.Header) || unseen(r.Header) {`, ` || unseen(r.Header) {`), unit("TestNobodyLooksAtTheAnswer")},
	{"a WebSocket or a script is redirected to a page", without(navigationGo,
		` || ahead(r.Header) || unseen(r.Header) {`, ` || ahead(r.Header) {`), unit("TestNobodyLooksAtTheAnswer")},
	{"a frame shows the sign-in", without(navigationGo,
		`mode == "navigate" && (dest == "document" || dest == "")`, `mode == "navigate"`), unit("TestNobodyLooksAtTheAnswer")},
}
