package faults_test

import (
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const unavailable outcome = "503 unavailable"

// keyRows are about the keys that tokens are verified with.
func keyRows() []row {
	jwks := cognitolocal.EndpointJWKS
	return []row{
		row{name: "the key set endpoint takes a second longer"}.cognito(jwks, cognitolocal.FaultSlow(time.Second)),
		row{name: "the key set endpoint hangs"}.cognito(jwks, cognitolocal.FaultHang()),
		row{name: "the key set endpoint breaks connections"}.cognito(jwks, cognitolocal.FaultDown()),
		row{name: "the key set endpoint answers 500"}.cognito(jwks, cognitolocal.FaultStatus(http.StatusInternalServerError)),
		row{name: "the key set endpoint throttles"}.cognito(jwks, cognitolocal.FaultThrottle()),
		row{name: "the key set is a page of HTML with status 200"}.cognito(jwks, cognitolocal.FaultHandler(htmlPage)),
		row{name: "the key set is truncated JSON"}.cognito(jwks, cognitolocal.FaultHandler(truncated)),
	}
}

// otherKeyRows take the same time in a world of their own, in which refresh tokens
// are good once.
func otherKeyRows() []row {
	jwks := cognitolocal.EndpointJWKS
	return []row{
		row{name: "the key set is shorter than announced"}.cognito(jwks, cognitolocal.FaultHandler(shorter)),
		row{name: "the key set is empty"}.cognito(jwks, cognitolocal.FaultEmptyKeySet()),
		row{name: "the key set has no end"}.cognito(jwks, cognitolocal.FaultHuge()),
		{
			name:  "Cognito signs with new keys and shows old and new ones",
			begin: func(w *world) { check(w.T, w.pool.RotateKeys()) },
		},
		{
			name: "Cognito withdraws the old keys",
			begin: func(w *world) {
				check(w.T, w.pool.RotateKeys())
				w.pool.DropOldKeys()
			},
			sees: sights{
				browsers: mayBe(unavailable, sessionUnavailable),
				callers:  mayBe("401 unknown_key"), readers: mayBe("401 unknown_key"), uploaders: mayBe("401 unknown_key"),
				signers: mayBe(unavailable), hosted: mayBe("503 page"), // tokens were issued, and their key withdrawn before they came
			},
			also: "Tokens of the old keys are refused; who has a session need not sign in",
		},
		newKeysUnseen(),
		keysTooOld(),
	}
}

// newKeysUnseen loses every session whose new refresh token is not kept, since the
// old one is good once.
func newKeysUnseen() row {
	down := row{
		name: "Cognito signs with new keys and the key set endpoint is down",
		sees: sights{
			callers: sees(unavailable), browsers: sees(unavailable), readers: sees(unavailable), uploaders: sees(unavailable),
			signers: sees(unavailable), hosted: sees("503 page"),
		},
		also: "Tokens of the old keys are good",
	}.cognito(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(http.StatusInternalServerError))
	begin := down.begin
	down.begin = func(w *world) {
		begin(w)
		check(w.T, w.pool.RotateKeys())
	}
	return down
}

// keysTooOld is an outage of the key set for longer than keys are trusted.
func keysTooOld() row {
	down := row{
		name: "the key set endpoint is down for longer than `max_stale`",
		sees: sights{
			callers: sees(unavailable), browsers: sees(unavailable), readers: sees(unavailable), uploaders: sees(unavailable),
			signers: sees(unavailable), hosted: sees("503 page"),
		}.dropping(),
	}.cognito(cognitolocal.EndpointJWKS, cognitolocal.FaultStatus(http.StatusServiceUnavailable))
	begin, end := down.begin, down.end
	lines := ""
	down.begin = func(w *world) {
		lines, w.poolLines = w.poolLines, w.poolLines+"\nmax_stale 3s"
		w.at[0].reload()
		begin(w)
	}
	down.end = func(w *world) {
		end(w)
		w.poolLines = lines
		w.at[0].reload()
	}
	return down
}
