package main

const (
	signGo     = "credentials/sign.go"
	shadowGo   = "credentials/shadow.go"
	senderGo   = "credentials/sender.go"
	wireGo     = "credentials/wire.go"
	presignGo  = "credentials/presign.go"
	checksumGo = "credentials/checksum.go"
	s3ReqGo    = "plugin/s3requests.go"
)

var signing = []mutant{
	{"the signature stays in the request, and the next attempt or the log has it", without(senderGo,
		"signed.Header = make(http.Header, len(r.Header)+len(signatureHeaders))\n\tmaps.Copy(signed.Header, r.Header)",
		"maps.Copy(signed.Header, r.Header)"), unit("TestSendSignsACopy")},
	{"what a client sent as X-Amz-Security-Token is sent beside the signature", without(shadowGo,
		`delete(r.Header, name)`, ``), unit("TestASignatureHoldsNothingOfAnother")},
	{"the session token of one user is signed into the request of the next", without(shadowGo,
		`clear(s.header)`, ``), unit("TestASignatureHoldsNothingOfAnother")},
	{"one user's request is signed with the key of another who has his access key ID", without(signGo,
		`func newSigner() *signer { return &signer{v4.NewSigner()} }`,
		"var one = &signer{v4.NewSigner()}\n\nfunc newSigner() *signer { return one }"), unit("TestUsersWithOneAccessKeyIDHaveSignaturesOfTheirOwn")},
	{"a path with dot segments evades a policy for one prefix", without(signGo,
		`if segment == "." || segment == ".." {`, `if segment == "?" {`), unit("TestNormalizePath", "TestRequestsThatAreNotSigned")},
	{"the query that is sent is not the one that is signed", without(wireGo,
		`if err := checkQuery(u.RawQuery); err != nil {`, `if err := checkQuery(""); err != nil {`).and(signGo,
		`if err := checkQuery(r.URL.RawQuery); err != nil {`, `if err := checkQuery(""); err != nil {`), unit("TestQueriesThatAreNotReadAlikeAreNotSigned")},
	{"an upload without a length is sent to S3 in chunks that nobody signed", without("credentials/payload.go",
		`case s.opts.Target.s3() && r.ContentLength < 0:`, `case s.opts.Target.s3() && r.ContentLength < -1:`), unit("TestRequestsThatAreNotSigned")},
	{"a huge body for a service is kept in memory", without("credentials/payload.go",
		`case !s.opts.Target.s3() && r.ContentLength > s.opts.MaxBody:`, `case !s.opts.Target.s3() && r.ContentLength > 1000*s.opts.MaxBody:`).and(
		"credentials/payload.go", `io.LimitReader(r.Body, most+1)`, `r.Body`).and(
		"credentials/payload.go", `case int64(len(body)) > most:`, `case most < 0:`), unit("TestRequestsThatAreNotSigned")},
	{"a body is sent under the hash of another", without("credentials/payload.go",
		`sha256.Sum256(body)`, `sha256.Sum256(body[1:])`), unit("TestPayloads")},
	{"a part of an upload is stored as the whole", without(checksumGo,
		`return n, fmt.Errorf("%w: %w", ErrBodyLength, io.ErrUnexpectedEOF)`, `c.chunk, c.left = 0, 0`), unit("TestAnUploadThatIsNotWhatWasAnnouncedFails")},
	{"an upload that is longer than announced is cut off and vouched for", without(checksumGo,
		`if n > 0 {`, `if n > 1 {`), unit("TestAnUploadThatIsNotWhatWasAnnouncedFails")},
	{"a presigned URL is promised to live longer than its credentials", without(presignGo,
		`min(lifetime, remaining, maxPresigned)`, `min(lifetime, maxPresigned)`), unit("TestPresign")},
	{"a presigned URL lives for longer than a week", without(presignGo,
		`min(lifetime, remaining, maxPresigned)`, `min(lifetime, remaining)`), unit("TestPresign")},
	{"a Date of years to come has requests signed for then, which are good until then", without("credentials/clock.go",
		`if date.IsZero() || offset.Abs() > maxSkew {`, `if date.IsZero() {`), unit("TestAClockThatCannotBeFollowed")},
	{"an application behind a gateway sets the clock for all users", without(senderGo,
		`if f.unread {`, `if f.unread && f.status == 0 {`), unit("TestAnApplicationDoesNotSetTheClock")},
	{"an application acts twice on one request", without("credentials/payload.go",
		`(p.buffered == nil || !to.application())`, `(p.buffered == nil || to.Service != "")`), unit("TestAnApplicationGetsABodyOnce")},
	{"a store that answers with an endless error is read to the end", without("credentials/fault.go",
		`io.ReadAll(io.LimitReader(r.Body, most))`, `io.ReadAll(io.LimitReader(r.Body, 1000*most))`), unit("TestNoMoreOfAnErrorIsReadThanNeeded")},
	{"a store writes what it likes into the operator's log", without("credentials/fault.go",
		`if !form.MatchString(*value) {`, `if form == nil {`), unit("FuzzFault")},
	{"a client's query with a signature competes with ours", without(s3ReqGo,
		`if err != nil || strings.HasPrefix(strings.ToLower(name), "x-amz-") {`, `if err != nil || name == "?" {`), unit("TestPresignedQueries")},
	{"a client chooses the bucket, or the service, by its Host", without("plugin/transport.go",
		`return &headers.HeaderOps{Set: http.Header{"Host": {"{http.reverse_proxy.upstream.hostport}"}}}`,
		`return t.HTTPTransport.RequestHeaderOps()`), world("TestHostIsThatOfTheUpstream")},
	{"an empty request is signed in place of one whose body was read by an attempt before", without("plugin/transport.go",
		`prepared.Body = identityOf(r.Context()).keep(r.Body)`, `prepared.Body = r.Body`), world("TestRetriesAreSignedAnew")},
	{"a half body that a client broke off is signed as the whole", without("plugin/keptbody.go",
		"if err != nil && err != io.EOF {\n\t\terr = fmt.Errorf(\"%w: %w\", errBody, err)\n\t}",
		"if err != nil {\n\t\terr = io.EOF\n\t}"), world("TestAHalfBodyIsNotSigned")},
}
