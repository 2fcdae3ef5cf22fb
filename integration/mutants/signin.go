package main

const (
	visitGo     = "plugin/signinvisit.go"
	inputGo     = "plugin/signininput.go"
	stepsGo     = "plugin/signinsteps.go"
	accountGo   = "plugin/signinaccount.go"
	deviceGo    = "plugin/signindevice.go"
	meaningsGo  = "plugin/internal/signin/meanings.go"
	srpGo       = "plugin/internal/signin/srp.go"
	answerGo    = "plugin/internal/signin/answer.go"
	clientGo    = "plugin/internal/signin/client.go"
	flowGo      = "plugin/internal/signin/flow.go"
	classifyGo  = "plugin/internal/signin/classify.go"
	limitGo     = "plugin/internal/visitor/limit.go"
	challengeGo = "plugin/internal/signin/challenge.go"
)

var signins = []mutant{
	{"another site signs a visitor in as the attacker, or out", without(visitGo,
		`if err := check.Check(v.r); err != nil {`, `if err := check.Check(v.r); err != nil && v.name == "" {`), world("TestBadInputIsRefused", "TestWhoMaySignOut")},
	{"a megabyte is read from whoever sends it", without(inputGo,
		`http.MaxBytesReader(w, r.Body, maxInput)`, `http.MaxBytesReader(w, r.Body, 1000*maxInput)`), world("TestBadInputIsRefused")},
	{"of two fields of one name, one is judged and the other used", without(inputGo,
		"if len(list) > 1 {\n\t\t\treturn repeated(name)\n\t\t}", ""), world("TestBadInputIsRefused")},
	{"of two members of one name, one is judged and the other used", without(inputGo,
		`if _, ok := in[name]; ok {`, `if _, ok := in[name]; ok && name == "" {`), world("TestBadInputIsRefused")},
	{"a misspelt field is passed over", without(inputGo,
		`if !slices.Contains(known, name) && !(isAttribute && slices.Contains(known, "password")) {`, `if len(known) == 0 && !isAttribute {`), world("TestBadInputIsRefused")},
	{"bytes that are no text go on to the user pool", without(inputGo,
		`if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {`, `if value == "\x00" || !utf8.ValidString("") {`), world("TestBadInputIsRefused")},
	{"a form of another type, which needs no preflight, passes for JSON", without(inputGo,
		`err = &inputError{http.StatusUnsupportedMediaType,`, `err = in.readJSON(body, known)
		_ = &inputError{http.StatusUnsupportedMediaType,`), world("TestBadInputIsRefused")},
	{"a password that was sent as a name comes back in the error", without(inputGo,
		`if !nameForm.MatchString(name) {`, `if name == "" {`), world("TestBadInputIsRefused")},
	{"a sign-in without a password is left to the triggers, though one is wanted", without(stepsGo,
		`in.Flow == signin.FlowCustom && in.Password == "" && v.asksPassword()`, `in.Flow == "" && v.asksPassword()`), world("TestCustomChallenges")},
	{"a visitor gives himself attributes by sign-up, such as a role", without(accountGo,
		`if !slices.Contains(v.Page.SignUp.Attributes, name) {`, `if name == "" {`), world("TestSignUp")},
	{"a visitor gives himself attributes with a new password, such as a role", without(answerGo,
		"for _, attribute := range asked {\n\t\tvalue, err := checked(FieldAttributes, a.Attributes[attribute])",
		"for attribute := range a.Attributes {\n\t\tvalue, err := checked(FieldAttributes, a.Attributes[attribute])"), unit("TestANewPassword")},
	{"a second factor is chosen that was not offered", without("plugin/internal/signin/exchange.go",
		`return map[string]string{"ANSWER": a.Choice}, x.offered(a.Choice)`, `return map[string]string{"ANSWER": a.Choice}, nil`), unit("TestSelectingAnMFAType")},
	{"a false pool learns the password from a handshake that does not depend on it", without(srpGo,
		`if u.Sign() == 0 || new(big.Int).Mod(serverB, srpN).Sign() == 0 {`, `if u.Sign() == 0 {`), unit("TestServerValuesThatAreRefused")},
	{"a false pool tries two values against one handshake", without(flowGo,
		`if x.srp = nil; srp == nil {`, `if srp == nil {`), unit("TestOneClaimForOneHandshake")},
	{"each handshake has the same secret", without(srpGo,
		`_, _ = rand.Read(secret) // never fails`, `_ = rand.Read`), unit("TestEachHandshakeHasASecretOfItsOwn")},
	{"a false pool has numbers of a megabyte computed", without(srpGo,
		`if s == "" || len(s) > maxSRPHex {`, `if s == "" {`), unit("TestServerValuesThatAreRefused")},
	{"a password follows a redirect to another machine", without(clientGo,
		`stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }`, ``), unit("TestNoPasswordFollowsARedirect")},
	{"an endless answer of the pool fills the memory", without(clientGo,
		`io.LimitReader(answer.Body, maxAnswer)`, `io.LimitReader(answer.Body, 1<<40)`), unit("TestAnswersThatAreNotCognitos")},
	{"a wrong password counts twice, and locks its user out", without(clientGo,
		`o.Retryables = []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(notCarriedOut)}`, `_ = notCarriedOut`), unit("TestOnlyWhatWasNotCarriedOutIsRepeated")},
	{"a pool that asks in circles keeps a request for ever", without(flowGo,
		`case calls == maxInside:`, `case calls == 1000*maxInside:`), unit("TestAPoolThatAsksInCirclesIsLeft")},
	{"a trigger and a script go on asking and answering", without(flowGo,
		`x.st.round > maxRounds {`, `x.st.round > 1000*maxRounds {`), unit("TestASignInHasAnEnd")},
	{"guesses at one user are not bounded", without(limitGo,
		`if user := strings.ToLower(strings.TrimSpace(a.User)); user != "" {`, `if user := strings.ToLower(strings.TrimSpace(a.User)); user == "?" {`), unit("TestAttemptsAreBounded")},
	{"a user in another case is another user to guess at", without(limitGo,
		`strings.ToLower(strings.TrimSpace(a.User))`, `strings.TrimSpace(a.User)`), unit("TestAttemptsAreBounded")},
	{"whoever has an IPv6 network guesses from another address each time", without(limitGo,
		`network, _ := addr.Prefix(64)`, `network, _ := addr.Prefix(128)`), unit("TestAttemptsAreBounded")},
	{"guesses at other users make the limiter forget one", without(limitGo,
		`2*l.limits[kinds-1]*kinds`, `2*kinds`), unit("TestAnAttackerCannotRefillTheBucketOfAUser")},
	{"refused attempts make the limiter forget a user", without(limitGo,
		`l.buckets.Peek(key)`, `l.buckets.Get(key)`), unit("TestRefusedAttemptsMakeItForgetNobody")},
	{"guesses at a password are not bounded", without(stepsGo,
		`if wait := v.allow(in.Username); wait > 0 {`, `if wait := v.allow(in.Username); wait < 0 {`), world("TestAttemptsAreLimited")},
	{"guesses at a code are not bounded", without(stepsGo,
		`if wait := v.allow(state.Username()); wait > 0 {`, `if wait := v.allow(state.Username()); wait < 0 {`), world("TestLimitsHoldForEveryEndpoint")},
	{"guesses at the code of a new password are not bounded", without(accountGo,
		"if wait := v.allow(t.Username); wait > 0 {\n\t\treturn v.tooMany(wait, again)\n\t}\n\terr = v.sessions.client.ConfirmForgotPassword",
		"err = v.sessions.client.ConfirmForgotPassword"), world("TestLimitsHoldForEveryEndpoint")},
	{"a user gets messages without end", without(accountGo,
		"if wait := v.allow(t.Username); wait > 0 {\n\t\treturn v.tooMany(wait, again)\n\t}\n\tif err := v.sessions.client.ForgotPassword",
		"if err := v.sessions.client.ForgotPassword"), world("TestLimitsHoldForEveryEndpoint")},
	{"anybody has the edge ask the pool about made-up refresh tokens", without("plugin/signinapi.go",
		`if wait := v.allow(""); wait > 0 {`, `if wait := v.allow(""); wait < 0 {`), world("TestTokensThatAnybodySendsAreLimited")},
	{"anybody has the edge revoke made-up refresh tokens", without(signOutGo,
		`if wait := v.allow(""); wait > 0 {`, `if wait := v.allow(""); wait < 0 {`), world("TestTokensThatAnybodySendsAreLimited")},
	{"a forged X-Forwarded-For is another address for each guess", without(visitGo,
		`text, _ := caddyhttp.GetVar(v.r.Context(), caddyhttp.ClientIPVarKey).(string)`, `text := v.r.Header.Get("X-Forwarded-For")`), world("TestAddressesThatAClientMakesUp")},
	{"a step that is not about devices has one remembered", without(deviceGo,
		`case err == nil && t.Device == "":`, `case err == nil && t.Device == "?":`), world("TestTokensThatAnybodySendsAreLimited")},
	{"scripts and pages get tokens, though the edge is to keep them", without("plugin/signinapi.go",
		`return v.api && v.Deliver == config.DeliverTokens`, `return v.api`), world("TestTokensStayInside")},
	{"a password is printed into a log", without("plugin/internal/signin/secret.go",
		`_, _ = f.Write([]byte(redacted))`, `_, _ = f.Write([]byte(string(s)))`), unit("TestSecretsAreNotPrinted")},
}

var revealing = []mutant{
	{"the sign-in tells which names have an account", without(meaningsGo,
		`"UserNotFoundException":              {reason: ErrCredentials},`, `"UserNotFoundException":              {reason: ErrExists},`), unit("TestErrorsOfAFirstCall")},
	{"a name without a password tells in which state the account is", without("plugin/internal/signin/exchange.go",
		`what := situation{"InitiateAuth", unproven}`, `what := situation{"InitiateAuth", nil}`), unit("TestBeforeAPasswordEveryAccountLooksAlike")},
	{"a forgotten password tells which names have an account", without("plugin/internal/signin/account.go",
		`if errors.Is(err, telling) {`, `if errors.Is(err, telling) && telling == nil {`), unit("TestAskingForACodeRevealsNoAccount")},
	{"an expired code tells that there is an account", without(meaningsGo,
		`ErrCredentials: ErrCode, ErrCodeExpired: ErrCode, ErrUnconfirmed: ErrCode, ErrPasswordReset: ErrCode,`,
		`ErrCredentials: ErrCode, ErrUnconfirmed: ErrCode, ErrPasswordReset: ErrCode,`), unit("TestAConfirmationRevealsNoAccount")},
	{"a sign-up tells that there is an account", without("plugin/internal/signin/account.go",
		`if errors.Is(err, ErrExists) {`, `if errors.Is(err, ErrExists) && done.Confirmed {`), unit("TestASignUpRevealsNoAccount")},
	{"a refused sign-in takes a shorter time for names without an account", without("plugin/signinfailed.go",
		"v.pad()\n\tswitch", "switch"), world("TestKnownAndUnknownUsersLookAlike")},
	{"the length of a step tells whether there is such a user", without(stepsGo,
		`ticketStep-len(document)%ticketStep`, `0`), world("TestTheLengthOfAStateTellsNoUsersApart")},
	{"a disabled account is told from one that is not there", without(classifyGo,
		"return &Error{Reason: ErrCredentials} // a disabled", "if strings.Contains(message, \"disabled\") {\n\t\treturn &Error{Reason: ErrBlocked}\n\t}\n\treturn &Error{Reason: ErrCredentials} // a disabled"), unit("TestErrorsOfAFirstCall")},
	{"the challenge tells the internal name of a user before he has proved anything", without(challengeGo,
		`if key != "USERNAME" && key != "USER_ID_FOR_SRP" && key != "DEVICE_KEY" {`, `if key != "" {`), unit("TestChallengesOfOneInput")},
	{"a trigger turns the direction of writing, so that a text looks like another", without("plugin/internal/signin/text.go",
		`case !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d':`, `case r == 0:`), unit("TestWhatALambdaSays")},
	{"an answer writes into the log what it likes", without("plugin/internal/signin/text.go",
		"return \"unnamed\"\n\t\t}\n\t}\n\treturn s", "return s\n\t\t}\n\t}\n\treturn s"), unit("TestCausesAreFitForLogs")},
	{"errors repeat what was typed", without(classifyGo,
		`case strings.Contains(message, "failed to satisfy constraint"), strings.Contains(message, "validation error"):`,
		`case strings.Contains(message, "failed to satisfy constraint"):
		return &Error{Reason: ErrInput, Detail: message}
	case strings.Contains(message, "validation error"):`), unit("TestErrorsOfAnAnswer")},
}
