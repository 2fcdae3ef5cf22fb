package verifier_test

import (
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/verifier"
)

func TestUserPools(t *testing.T) {
	for _, row := range []struct{ id, region, suffix string }{
		{"eu-west-1_AbCdEfGhI", "eu-west-1", "amazonaws.com"},
		{"us-east-1_x", "us-east-1", "amazonaws.com"},
		{"us-gov-west-1_AbC123", "us-gov-west-1", "amazonaws.com"},
		{"cn-north-1_AbC", "cn-north-1", "amazonaws.com.cn"},
		{"eusc-de-east-1_AbC", "eusc-de-east-1", "amazonaws.eu"},
		{"us-iso-east-1_AbC", "us-iso-east-1", "c2s.ic.gov"},
		{"us-isob-east-1_AbC", "us-isob-east-1", "sc2s.sgov.gov"},
		{"eu-isoe-west-1_AbC", "eu-isoe-west-1", "cloud.adc-e.uk"},
		{"us-isof-south-1_AbC", "us-isof-south-1", "csp.hci.ic.gov"},
	} {
		t.Run(row.id, func(t *testing.T) {
			pool, err := verifier.ParseUserPool(row.id)
			if err != nil {
				t.Fatal(err)
			}
			host := row.region + "." + row.suffix
			for _, pair := range [][2]string{
				{pool.ID, row.id},
				{pool.Region, row.region},
				{pool.Endpoint(), "https://cognito-idp." + host},
				{pool.Issuer(), "https://cognito-idp." + host + "/" + row.id},
				{pool.UpdatedIssuer(), "https://issuer-cognito-idp." + host + "/" + row.id},
				{verifier.JWKSURL(pool.Issuer()), "https://cognito-idp." + host + "/" + row.id + "/.well-known/jwks.json"},
			} {
				if pair[0] != pair[1] {
					t.Errorf("expected %q, got %q", pair[1], pair[0])
				}
			}
		})
	}
}

func TestJWKSURLOfAnEmulator(t *testing.T) {
	if got, want := verifier.JWKSURL("http://localhost:9229/local_1/"), "http://localhost:9229/local_1/.well-known/jwks.json"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestPoolIDsThatMakeNoSense(t *testing.T) {
	for _, id := range []string{
		"", "_", "eu-west-1", "eu-west-1_", "_AbC", "eu-west-1_Ab-C", "eu-west-1_AbC/", "eu-west-1_AbC\n", "eu west-1_AbC",
		"eu-west-1.attacker.example/_AbC", "https://x_AbC", "eu-west-1_AbC?x", "eu-west-1_AbC#", "\u00e9u-west-1_AbC", "a@b_C",
		"eu-west-1_" + strings.Repeat("A", 46),
	} {
		if pool, err := verifier.ParseUserPool(id); err == nil {
			t.Errorf("expected an error for %q, got %+v", id, pool)
		}
	}
	if _, err := verifier.ParseUserPool("eu-west-1_" + strings.Repeat("A", 45)); err != nil {
		t.Errorf("expected 55 characters to pass, got %v", err)
	}
}
