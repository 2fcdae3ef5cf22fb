package config

import (
	"fmt"
	"regexp"
)

// CredentialsEndpoint configures the handler that gives signed-in applications
// their own credentials.
type CredentialsEndpoint struct {
	// Credentials is the name of an identity_pool or web_identity. Required.
	Credentials string `json:"credentials,omitempty"`
	// Path is where the endpoint is. Default `/_cognito/credentials`.
	Path string `json:"path,omitempty"`
}

// DefaultCredentialsPath is where applications find their credentials.
const DefaultCredentialsPath = "/_cognito/credentials"

var endpointPathForm = regexp.MustCompile(`^/[^\s?#*%{}\\]*$`)

// Validate checks the configuration.
func (c *CredentialsEndpoint) Validate() error {
	if c.Credentials == "" {
		return errNoCredentials
	}
	if c.Path != "" && !endpointPathForm.MatchString(c.Path) {
		return fmt.Errorf("path: expected a path such as %s, without placeholders, wildcards and query, got %q", DefaultCredentialsPath, c.Path)
	}
	return validateCredentials(c.Credentials)
}
