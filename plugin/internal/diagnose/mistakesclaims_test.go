package diagnose_test

import "testing"

func TestClaimsThatTokensDoNotHave(t *testing.T) {
	const at, only = " cognito_auth at app.example.com (srv0, route 1.1): token_use: ", ", unless a pre token generation trigger adds it: without that, forward sets no header, and require claim refuses everybody; "
	auth := func(block string) string { return app("cognito_auth main {\n" + block + "\n}" + proxy) }
	checkMistakes(t, []mistaken{
		{name: "scopes of ID tokens", sites: auth("token_use id\nrequire scope orders/read"), want: []string{"FAIL " + at + "it takes ID tokens only, which have no scopes, so that require scope refuses everybody; remove token_use id"}},
		{name: "scopes of both", sites: auth("token_use access id\nrequire scope orders/read")},
		{name: "scopes", sites: auth("require scope orders/read")},
		{name: "groups of ID tokens", sites: auth("token_use id\nrequire group staff")},
		{name: "an address in a header", sites: auth("forward email > X-Email"), want: []string{"WARN " + at + "access tokens have no claim email" + only + "set token_use id"}},
		{name: "a verified address", sites: auth("require claim email_verified true"), want: []string{"WARN " + at + "access tokens have no claim email_verified" + only + "set token_use id"}},
		{name: "both of access tokens", sites: auth("token_use access\nforward email > X-Email\nforward email > X-Mail\nrequire claim email_verified true"), want: []string{"WARN " + at + "access tokens have no claim email, email_verified" + only}},
		{name: "an address, and a scope", sites: auth("require scope orders/read\nforward email > X-Email"), want: []string{"WARN " + at + "access tokens have no claim email" + only + "add it so, or leave out either that or require scope"}},
		{name: "an address in ID tokens", sites: auth("token_use id\nforward email > X-Email\nrequire claim email_verified true")},
		{name: "an address in some tokens", sites: auth("token_use access id\nforward email > X-Email")},
		{name: "claims of access tokens", sites: auth("forward auth_time > X-At\nforward username > X-User\nrequire claim client_id 1h57kf5cpq17m0eml12example")},
		{name: "claims that a trigger adds", sites: auth("forward custom:tenant > X-Tenant\nrequire group email")},
	})
}
