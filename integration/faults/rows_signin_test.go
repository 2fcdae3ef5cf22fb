package faults_test

import (
	"net/http"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

const sessionUnavailable outcome = "503 session_unavailable"

// apiRows are about the API of the user pool, which refreshes sessions and signs
// users in.
func apiRows() []row {
	api := cognitolocal.EndpointAPI
	down := func(signIn outcome) sights {
		return sights{browsers: sees(served, sessionUnavailable), signers: sees(signIn)}
	}
	return []row{
		row{name: "the user pool takes half a second longer"}.cognito(api, cognitolocal.FaultSlow(500*time.Millisecond)),
		row{name: "the user pool breaks connections", sees: down(unavailable)}.cognito(api, cognitolocal.FaultDown()),
		row{name: "the user pool answers 500", sees: down(unavailable)}.cognito(api, cognitolocal.FaultStatus(http.StatusInternalServerError)),
		row{name: "the user pool throttles", sees: down("503 throttled")}.cognito(api, cognitolocal.FaultThrottle()),
		row{name: "the user pool answers a page of HTML with status 200", sees: down("502 answer")}.cognito(api, cognitolocal.FaultHandler(htmlPage)),
	}
}

// otherAPIRows take the same time in a world of their own.
func otherAPIRows() []row {
	api := cognitolocal.EndpointAPI
	down := func(signIn outcome) sights {
		return sights{browsers: sees(served, sessionUnavailable), signers: sees(signIn)}
	}
	return []row{
		row{name: "the user pool answers truncated JSON", sees: down("502 answer")}.cognito(api, cognitolocal.FaultHandler(truncated)),
		row{name: "the user pool answers less than announced", sees: down("502 answer")}.cognito(api, cognitolocal.FaultHandler(shorter)),
		row{name: "the user pool answers nothing with status 200", sees: down("502 answer")}.cognito(api, cognitolocal.FaultHandler(empty)),
		row{name: "a firewall refuses requests to the user pool", sees: down("403 blocked")}.cognito(api, cognitolocal.FaultWAF()),
	}
}

// hostedRows are about the domain of the pool.
func hostedRows() []row {
	token := cognitolocal.EndpointToken
	return []row{
		row{name: "the token endpoint takes half a second longer"}.cognito(token, cognitolocal.FaultSlow(500*time.Millisecond)),
		row{name: "the token endpoint breaks connections", sees: sights{hosted: sees("503 page")}}.cognito(token, cognitolocal.FaultDown()),
		row{name: "the token endpoint throttles", sees: sights{hosted: sees("503 page")}}.cognito(token, cognitolocal.FaultThrottle()),
		row{name: "the token endpoint answers a page of HTML with status 200", sees: sights{hosted: sees("502 page")}}.cognito(token, cognitolocal.FaultHandler(htmlPage)),
		row{name: "the token endpoint answers truncated JSON", sees: sights{hosted: sees("502 page")}}.cognito(token, cognitolocal.FaultHandler(truncated)),
		row{name: "the token endpoint hangs", sees: sights{hosted: sees("503 page")}}.cognito(token, cognitolocal.FaultHang()),
	}
}

// hangRows are those in which everybody waits for time-outs.
func hangRows() []row {
	return []row{
		row{
			name: "the user pool hangs",
			sees: sights{browsers: sees(served, sessionUnavailable), signers: sees(unavailable)},
		}.cognito(cognitolocal.EndpointAPI, cognitolocal.FaultHang()),
		row{
			name: "the identity pool hangs",
			sees: sights{readers: sees(served, unavailable).or("401 token_rejected"), uploaders: sees(served, unavailable).or("401 token_rejected")},
			also: "Tokens that expire while their request waits are refused",
		}.cognito(cognitolocal.EndpointIdentityPool, cognitolocal.FaultHang()),
		allOfCognito(),
	}
}

// allOfCognito is an outage of everything at once, with refused connections. What
// was on its way is cut off in the middle.
func allOfCognito() row {
	return row{
		name:  "nobody can connect to Cognito at all",
		begin: func(w *world) { w.front.shut(w.T) },
		end:   func(w *world) { w.front.open(w.T) },
		sees: sights{
			browsers: sees(served, sessionUnavailable), readers: sees(served, unavailable).or("502 answer"), uploaders: sees(served, unavailable).or("502 answer"),
			signers: sees(unavailable).or("502 answer"), hosted: {may: []outcome{refused, cutOff, "502 page", "503 page"}},
		},
	}
}
