// Package caddycognito brings the Caddy modules for Amazon Cognito into a build:
// import it for its side effects, as xcaddy and caddy add-package do.
package caddycognito

import _ "github.com/caddy-cognito/caddy-cognito/plugin" // registers the modules
