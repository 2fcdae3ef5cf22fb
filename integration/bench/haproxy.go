package main

var haproxy = &program{
	name:        "HAProxy, jwt_verify",
	get:         func(k *kit) (executable, error) { return k.debian("usr/sbin/haproxy", "haproxy") },
	bare:        haproxyWith(""),
	authorizing: haproxyWith(haproxyRules),
	keyFile:     true,
}

const haproxyConfig = `global
	nbthread 1
	maxconn 1000
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
frontend site
	bind $ADDRESS
$RULES	default_backend upstream
backend upstream
	server upstream $UPSTREAM
`

// haproxyRules do what jwt_verify leaves to others: it checks the signature alone.
const haproxyRules = `	http-request set-var(txn.token) http_auth_bearer
	http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
	http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
	http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
	http-request set-var(txn.now) date()
	http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
	http-request deny deny_status 401 unless { var(txn.iss) -m str $ISSUER }
	http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
	http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"$PEM") -m int 1 }
	http-request set-header X-Sub %[var(txn.token),jwt_payload_query('$.sub')]
`

func haproxyWith(rules string) variant {
	return func(s site) ([]string, error) {
		file, err := s.write("haproxy.cfg", haproxyConfig, "$RULES", rules)
		return []string{"-db", "-f", file}, err
	}
}
