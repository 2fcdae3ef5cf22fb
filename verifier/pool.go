package verifier

import (
	"fmt"
	"regexp"
	"strings"
)

// UserPool is the identity of a Cognito user pool: what follows from its ID.
type UserPool struct {
	// ID is the pool ID, such as "eu-west-1_AbCdEfGhI".
	ID string
	// Region is the part of the ID before the last underscore.
	Region string
}

// poolID is the pattern that Cognito's API model gives, at most 55 characters.
var poolID = regexp.MustCompile(`^[\w-]+_[0-9A-Za-z]+$`)

// ParseUserPool reads a pool ID.
func ParseUserPool(id string) (UserPool, error) {
	if len(id) > 55 || !poolID.MatchString(id) {
		return UserPool{}, fmt.Errorf("expected a user pool ID such as eu-west-1_AbCdEfGhI, got %q", id)
	}
	return UserPool{ID: id, Region: id[:strings.LastIndexByte(id, '_')]}, nil
}

// Issuer is the original form of the issuer, which pools use unless told
// otherwise: https://cognito-idp.<region>.<suffix>/<id>.
func (p UserPool) Issuer() string { return p.Endpoint() + "/" + p.ID }

// UpdatedIssuer is the form that a pool uses whose IssuerConfiguration is
// UPDATED (2026): https://issuer-cognito-idp.<region>.<suffix>/<id>.
func (p UserPool) UpdatedIssuer() string {
	return "https://issuer-cognito-idp." + p.host() + "/" + p.ID
}

// Endpoint is the base URL of the user pool API in the pool's region.
func (p UserPool) Endpoint() string { return "https://cognito-idp." + p.host() }

// JWKSURL is where an issuer publishes its keys.
func JWKSURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json"
}

func (p UserPool) host() string { return p.Region + "." + DNSSuffix(p.Region) }

// partitions maps the start of a region's name to the DNS suffix of its AWS
// partition. GovCloud (us-gov-) shares the suffix of the commercial partition.
var partitions = []struct{ prefix, suffix string }{
	{"cn-", "amazonaws.com.cn"},
	{"eusc-", "amazonaws.eu"},
	{"us-iso-", "c2s.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov"},
}

// DNSSuffix is the suffix of host names in the AWS partition of region, such as
// "amazonaws.com".
func DNSSuffix(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.suffix
		}
	}
	return "amazonaws.com"
}
