package main

const (
	poolConfigGo = "plugin/config/userpool.go"
	boundedGo    = "plugin/boundedstorage.go"
)

var operation = []mutant{
	{"a pool without app clients accepts all of them", without(poolConfigGo,
		`if len(p.Clients) == 0 && !p.AnyClient {`, `if p.ID == "" {`), unit("TestUserPoolValidateRefuses")},
	{"a pool with an empty app client accepts tokens that name none", without("plugin/config/values.go",
		`if value == "" {
			return fmt.Errorf("%s: must not be empty", key)
		}`, ``), unit("TestUserPoolValidateRefuses")},
	{"a placeholder without a value leaves a check open", without("plugin/config/values.go",
		`repl.ReplaceOrErr(*value, true, true)`, `repl.ReplaceOrErr(*value, false, false)`), unit("TestResolveRefuses")},
	{"an origin of sign-in is http", without("plugin/config/origin.go",
		`if u.Scheme == "http" && !loopback.Host(u.Hostname()) {
		return fmt.Errorf("%s: http is for this machine only, got %q; use https", key, value)`, `if u.Scheme == "" {
		return fmt.Errorf("%s: http is for this machine only, got %q; use https", key, value)`), unit("TestSigninValidateRefuses")},
	{"a password in a URL is in the errors and in the log", without("plugin/config/values.go",
		`if strings.Contains(value, "@") {`, `if value == "@" {`), unit("TestUserPoolValidateRefuses")},
	{"a token is an argument of a command, which other users of the machine see", without("plugin/commanddiagnose.go",
		`case len(args) > 0:`, `case len(args) > 1000:`), world("TestExplainRefusesWhatWouldTell")},
	{"a page that an operator visits has the edge fetch keys, again and again", without("plugin/admin.go",
		`if r.Method != http.MethodPost {`, `if r.Method == "?" {`), in("./plugin", "TestAdminAPI")},
	{"the log has the token of an exchange that failed", without("plugin/exchangereport.go",
		`text := tokenForm.ReplaceAllString(err.Error(), "[token]")`, `text := err.Error()`), unit("TestLoggedCausesHoldNoToken")},
	{"anybody floods the default log with refusals", without("plugin/audit.go",
		`a.record(zap.DebugLevel, "request refused", r, e)`, `a.record(zap.InfoLevel, "request refused", r, e)`), world("TestUnverifiedClaimsAreNotLogged")},
	{"each request holds a goroutine of a storage that hangs", without(boundedGo,
		`make(chan struct{}, maxOperations)`, `make(chan struct{}, 100*maxOperations)`), unit("TestWhatHangsIsBounded")},
	{"a lock that comes when nobody waits for it any more is held for ever, and no key is made", without(boundedGo,
		"if err == nil {\n\t\t\t_ = s.Storage.Unlock", "if err != nil {\n\t\t\t_ = s.Storage.Unlock"), unit("TestNobodyWaitsForAStorageThatHangs")},
	{"traces have the query of a configured URL, which may be a secret", without("plugin/tracing.go",
		`host = u.Hostname()`, `host = u.String()`), world("TestKeyFetchesAreTraced")},
}
