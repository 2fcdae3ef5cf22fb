package main

import (
	"strings"
	"text/template"
)

// guide is what a visitor reads. A test runs its commands.
var guide = template.Must(template.New("guide").Funcs(template.FuncMap{"moved": moved}).Parse(`Open http://{{.Site}}{{moved .Site "8080"}} and sign in as
{{range .People}}
  {{printf "%-6s %-16s %s" .Username .Password .Shows}}{{end}}

http://{{.Site}}/users says what to type; codes that are sent appear here, and at /messages.
Chromium and Firefox take Secure cookies on http://localhost; Safari does not.

  Caddy with the plugin   http://{{.Site}}     (configuration: integration/demo/Caddyfile)
  local user pool         {{.Pool}}{{moved .Pool "9229"}}
  local S3 store          {{.Store}}     a private bucket: a website, and a folder for each user
  admin API               http://{{.Admin}}{{moved .Admin "2019"}}

Or paste these into another terminal.

# 1. Tokens: InitiateAuth, as the AWS SDKs do it
# usage: token <user> [IdToken]
token() { curl -s {{.Pool}} -H 'Content-Type: application/x-amz-json-1.1' \
  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \
  -d '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"{{.Client}}","AuthParameters":{"USERNAME":"'$1'","PASSWORD":"{{.Password}}"}}' \
  | sed 's/.*"'${2:-AccessToken}'":"\([^"]*\)".*/\1/'; }

# 2. 200: the API is told who calls, and sees no token
curl -si http://{{.Site}}/api/orders -H "Authorization: Bearer $(token maria)"

# 3. 401: no token
curl -si http://{{.Site}}/api/orders

# 4. 403: jose is not in the group admins
curl -si http://{{.Site}}/admin/ -H "Authorization: Bearer $(token jose)"

# 5. Spoofed identity headers do not arrive, not even on a public page
curl -si http://{{.Site}}/public -H 'X-Cognito-Sub: maria' -H 'X-User-Groups: admins'

# 6. A website in a private bucket: the edge swaps the ID token for the user's own
#    temporary credentials and signs the request with them
curl -si http://{{.Site}}/files/ -H "Authorization: Bearer $(token jose IdToken)"

# 7. An upload into maria's own folder
curl -si -X PUT http://{{.Site}}/mine/hello.txt -H "Authorization: Bearer $(token maria IdToken)" \
  -H 'Content-Type: text/plain' --data-binary 'Hello from maria'

# 8. maria reads it; for jose the store denies it, and he is told 404
curl -si http://{{.Site}}/files/users/{{.Maria}}/hello.txt -H "Authorization: Bearer $(token maria IdToken)"
curl -si http://{{.Site}}/files/users/{{.Maria}}/hello.txt -H "Authorization: Bearer $(token jose IdToken)"

# 9. What the store saw: each user's own key, and no token
curl -s {{.Store}}/_seen

# 10. What the edge knows about keys and credentials
curl -s http://{{.Admin}}/cognito/status

# 11. Your own Caddyfile against this pool: one to copy, with the pool ID, the issuer,
#     the identity pool and the bucket. Run it beside the demo, from a clone, by
#       go build ./plugin/cmd/caddy && ./caddy run --config '{{.Own.Path}}'
#     and open http://localhost:{{.Own.Port}}. It keeps off the ports of the demo: a second Caddy on
#     those starts without an error, and each gets a part of the requests.
cat '{{.Own.Path}}'

Ctrl-C ends it.
`))

// moved says why an address does not have its usual port.
func moved(address, usual string) string {
	if strings.HasSuffix(address, ":"+usual) {
		return ""
	}
	return " (port " + usual + " is taken)"
}
