package config_test

import (
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const role = `"role_arn":"arn:aws:iam::111122223333:role/readers"`

// fragments makes rows of documents that differ in one place.
func fragments(before, after string, wants map[string]string) []row {
	var rows []row
	for fragment, want := range wants {
		rows = append(rows, row{fragment, before + fragment + after, want})
	}
	return rows
}

// What both kinds of exchanges have in common is refused in both, in the same
// words.
func TestExchangesRefuse(t *testing.T) {
	wants := map[string]string{
		`"user_pool":[""]`:                                                     `user_pool: must not be empty`,
		`"user_pool":["main","main"]`:                                          `user_pool: "main" stands here twice; remove one of them`,
		`"user_pool":["eu-west-1_a"]`:                                          `user_pool: expected the name of a user_pool, got the pool ID "eu-west-1_a"; configure it as a user_pool and use that name`,
		`"user_pool":["{env.A}"]`:                                              `user_pool: expected the name of a user_pool, got "{env.A}"`,
		`"user_pool":["https://x"]`:                                            `user_pool: expected the name of a user_pool, got "https://x"`,
		`"role_arn":"readers"`:                                                 `role_arn: ` + badARN + `"readers"`,
		`"role_arn":"arn:aws:iam::1:"`:                                         `role_arn: ` + badARN + `"arn:aws:iam::1:"`,
		`"role_arn":"arn:aws:iam:role/a"`:                                      `role_arn: ` + badARN + `"arn:aws:iam:role/a"`,
		`"role_arn":"arn::iam::1:role/a"`:                                      `role_arn: ` + badARN + `"arn::iam::1:role/a"`,
		`"role_arn":"arn:aws:iam::1:role/a b"`:                                 `role_arn: ` + badARN + `"arn:aws:iam::1:role/a b"`,
		`"role_arn":" arn:aws:iam::1:role/a"`:                                  `role_arn: ` + badARN + `" arn:aws:iam::1:role/a"`,
		`"role_arn":"{env.A}"`:                                                 `role_arn: ` + badARN + `"{env.A}"`,
		`"group_role":[{}]`:                                                    `group_role: expected the name of a group and the ARN of a role, got "" and ""`,
		`"group_role":[{"group":"a"}]`:                                         `group_role: expected the name of a group and the ARN of a role, got "a" and ""`,
		`"group_role":[{` + role + `}]`:                                        `group_role: expected the name of a group and the ARN of a role, got "" and "arn:aws:iam::111122223333:role/readers"`,
		`"group_role":[{"group":"a","role_arn":"readers"}]`:                    `group_role: ` + badARN + `"readers"`,
		`"group_role":[{"group":"a",` + role + `},{"group":"a",` + role + `}]`: `group_role: group "a" stands here twice; remove one of them`,
		`"cache_size":-1`:                                                      `cache_size: expected 0 or more, got -1`,
	}
	const common = `,"preferred_role":true,`
	validateAll[config.IdentityPool](t, fragments(`{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","user_pool":["main"]`+common, `}`, wants))
	validateAll[config.WebIdentity](t, fragments(`{"region":"eu-west-1","user_pool":["main"]`+common, `}`, wants))
}

// So is what the STS of both has in common.
func TestSTSRefuses(t *testing.T) {
	long := `{"Statement":"` + strings.Repeat("a", 2048) + `"}`
	wants := map[string]string{
		`"region":"EU-WEST-1"`:                       `region: expected a region such as eu-west-1, got "EU-WEST-1"`,
		`"region":"eu-west-1."`:                      `region: expected a region such as eu-west-1, got "eu-west-1."`,
		`"region":"-"`:                               `region: expected a region such as eu-west-1, got "-"`,
		`"region":"x/y"`:                             `region: expected a region such as eu-west-1, got "x/y"`,
		`"region":"{env.A}"`:                         `region: expected a region such as eu-west-1, got "{env.A}"`,
		`"endpoint":"sts.amazonaws.com"`:             `endpoint: ` + badURL + `"sts.amazonaws.com"`,
		`"endpoint":"https://x/?a"`:                  `endpoint: ` + badURL + `"https://x/?a"`,
		`"endpoint":"{env.A}"`:                       `endpoint: ` + badURL + `"{env.A}"`,
		`"endpoint":"https://u:secret@x"`:            `endpoint: expected a URL without user and password`,
		`"endpoint":"http://minio:9000"`:             `endpoint: http is for this machine only, got "http://minio:9000"; use https, or set insecure_http in a test network`,
		`"duration":1`:                               `duration: expected 15m to 12h, got 1ns`,
		`"duration":"-1h"`:                           `duration: expected 15m to 12h, got -1h0m0s`,
		`"duration":"14m59s"`:                        `duration: expected 15m to 12h, got 14m59s`,
		`"duration":"12h1s"`:                         `duration: expected 15m to 12h, got 12h0m1s`,
		`"policy":"{"`:                               `policy: expected a JSON object: unexpected end of JSON input; in a Caddyfile, put it between backticks`,
		`"policy":"{Version:1}"`:                     `policy: expected a JSON object: invalid character 'V' looking for beginning of object key string; in a Caddyfile, put it between backticks`,
		`"policy":"{} {}"`:                           `policy: expected a JSON object: invalid character '{' after top-level value; in a Caddyfile, put it between backticks`,
		`"policy":"{env.A}"`:                         `policy: expected a JSON object: invalid character 'e' looking for beginning of object key string; in a Caddyfile, put it between backticks`,
		`"policy":" "`:                               `policy: expected a JSON object: unexpected end of JSON input; in a Caddyfile, put it between backticks`,
		`"policy":"null"`:                            `policy: expected a JSON object, got "null"`,
		`"policy":"[]"`:                              `policy: expected a JSON object, got "[]"`,
		`"policy":"\"{}\""`:                          `policy: expected a JSON object, got "\"{}\""`,
		`"policy":` + quote(long):                    `policy: expected at most 2048 bytes, got 2064; shorten it, or name managed policies with policy_arn`,
		`"policy_arn":[""]`:                          `policy_arn: must not be empty`,
		`"policy_arn":["read-only"]`:                 `policy_arn: expected an ARN such as arn:aws:iam::111122223333:policy/read-only, got "read-only"`,
		`"policy_arn":["arn:a:b:::c","arn:a:b:::c"]`: `policy_arn: "arn:a:b:::c" stands here twice; remove one of them`,
		`"policy_arn":["arn:a:b:::0","arn:a:b:::1","arn:a:b:::2","arn:a:b:::3","arn:a:b:::4","arn:a:b:::5","arn:a:b:::6","arn:a:b:::7","arn:a:b:::8","arn:a:b:::9","arn:a:b:::10"]`: `policy_arn: expected at most 10, got 11`,
	}
	validateAll[config.WebIdentity](t, fragments(`{"region":"eu-west-1","user_pool":["main"],`+role+`,`, `}`, wants))
	for fragment, want := range wants {
		wants[fragment] = "basic: " + want
	}
	validateAll[config.IdentityPool](t, fragments(`{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000","user_pool":["main"],`+role+`,"basic":{`, `}}`, wants))
}

func quote(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

func TestWebIdentityValidate(t *testing.T) {
	const noRole = `role_arn: required, unless group_role or preferred_role says the role; ` +
		`stores that map claims to policies take any, such as arn:aws:iam::000000000000:role/any`
	validateAll[config.WebIdentity](t, []row{
		{"the STS of a region", `{"region":"eu-west-1","user_pool":["main"],` + role + `}`, ``},
		{"a store, which needs no region", `{"endpoint":"https://minio:9000","user_pool":["main"],` + role + `}`, ``},
		{"a store on this machine", `{"endpoint":"http://localhost:9000","user_pool":["main"],` + role + `}`, ``},
		{"a store in a test network", `{"endpoint":"http://minio:9000","insecure_http":true,"user_pool":["main"],` + role + `}`, ``},
		{"a role of MinIO", `{"region":"a","user_pool":["main"],"role_arn":"arn:minio:iam:us-east-1::role/x_y-z"}`, ``},
		{"roles of groups only", `{"region":"a","user_pool":["main"],"group_role":[{"group":"a b",` + role + `}]}`, ``},
		{"the preferred role only", `{"region":"a","user_pool":["main"],"preferred_role":true}`, ``},
		{"every key", `{"endpoint":"https://sts","region":"us-gov-west-1","duration":"12h","policy":" {\"Version\":\"2012-10-17\"} ","policy_arn":["arn:aws:iam::aws:policy/ReadOnlyAccess"],
			"user_pool":["main","other"],` + role + `,"group_role":[{"group":"a",` + role + `},{"group":"A",` + role + `}],"preferred_role":true,"outlive_token":true,"cache_size":1}`, ``},
		{"the shortest duration", `{"region":"a","user_pool":["main"],` + role + `,"duration":"15m"}`, ``},

		{"nothing", `{}`, noUserPool},
		{"no user pool", `{"region":"a",` + role + `,"user_pool":[]}`, noUserPool},
		{"neither region nor endpoint", `{"user_pool":["main"],` + role + `}`, `region: required without an endpoint; name the AWS region, or the URL of the store`},
		{"no role", `{"region":"a","user_pool":["main"]}`, noRole},
		{"no role but an empty list", `{"region":"a","user_pool":["main"],"group_role":[]}`, noRole},
	})
}

func TestIdentityPoolValidate(t *testing.T) {
	const (
		id       = `"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000"`
		noPool   = `user_pool: required, unless only guests are let in; name the user pools whose tokens are exchanged`
		noRole   = `role_arn: required in the basic flow, unless group_role or preferred_role says the role`
		provider = `login: expected a provider name such as cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI, without https://, got `
	)
	validateAll[config.IdentityPool](t, []row{
		{"a user pool", `{` + id + `,"user_pool":["main"]}`, ``},
		{"only guests", `{` + id + `,"guests":true}`, ``},
		{"every key", `{"id":"us-gov-west-1:0a0a0a0a-0000-0000-0000-000000000000","user_pool":["main","other"],` + role + `,"group_role":[{"group":"a",` + role + `}],"preferred_role":true,
			"outlive_token":true,"cache_size":5,"insecure_http":true,"login":[{"user_pool":"other","provider":"auth.example.com"}],"guests":true,
			"endpoint":"http://cognito:1","basic":{"endpoint":"http://sts:1","region":"eu-west-1","duration":"1h","policy":"{}","policy_arn":["arn:a:b:::c"]}}`, ``},
		{"the basic flow with its defaults", `{` + id + `,"user_pool":["main"],"basic":{},` + role + `}`, ``},
		{"the basic flow with roles of groups", `{` + id + `,"user_pool":["main"],"basic":{},"group_role":[{"group":"a",` + role + `}]}`, ``},

		{"nothing", `{}`, `id: ` + badIdentityPool + `""`},
		{"a user pool ID", `{"id":"eu-west-1_AbCdEfGhI","user_pool":["main"]}`, `id: ` + badIdentityPool + `"eu-west-1_AbCdEfGhI"`},
		{"an ID without region", `{"id":"1d2c3b4a-0000-0000-0000-000000000000"}`, `id: ` + badIdentityPool + `"1d2c3b4a-0000-0000-0000-000000000000"`},
		{"an ID in upper case", `{"id":"EU-WEST-1:1D2C"}`, `id: ` + badIdentityPool + `"EU-WEST-1:1D2C"`},
		{"an ID that is cut off", `{"id":"eu-west-1:5f3e79b2"}`, `id: ` + badIdentityPool + `"eu-west-1:5f3e79b2"`},
		{"an ID that is cut off in its last part", `{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-00000000000"}`, `id: ` + badIdentityPool + `"eu-west-1:1d2c3b4a-0000-0000-0000-00000000000"`},
		{"an ID with a line break", `{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000\n"}`, `id: ` + badIdentityPool + `"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000\n"`},
		{"an identity ID and a slash", `{"id":"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000/"}`, `id: ` + badIdentityPool + `"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000/"`},
		{"a placeholder, which must have been replaced", `{"id":"{env.A}","user_pool":["main"]}`, `id: ` + badIdentityPool + `"{env.A}"`},
		{"neither user pool nor guests", `{` + id + `}`, noPool},
		{"the basic flow without a role", `{` + id + `,"user_pool":["main"],"basic":{}}`, noRole},
		{"the basic flow for guests without a role", `{` + id + `,"guests":true,"basic":{}}`, noRole},
		{"an endpoint that is no URL", `{` + id + `,"guests":true,"endpoint":"cognito"}`, `endpoint: ` + badURL + `"cognito"`},
		{"an http endpoint", `{` + id + `,"guests":true,"endpoint":"http://cognito"}`, `endpoint: http is for this machine only, got "http://cognito"; use https, or set insecure_http in a test network`},
		{"a login without a provider", `{` + id + `,"user_pool":["main"],"login":[{"user_pool":"main"}]}`, provider + `""`},
		{"a login with a URL", `{` + id + `,"user_pool":["main"],"login":[{"user_pool":"main","provider":"https://x/y"}]}`, provider + `"https://x/y"`},
		{"a login of another pool", `{` + id + `,"user_pool":["main"],"login":[{"user_pool":"other","provider":"x"}]}`, `login: "other" is not a user_pool of this identity_pool; name it in user_pool, too`},
		{"a login of no pool", `{` + id + `,"guests":true,"login":[{"provider":"x"}]}`, `login: "" is not a user_pool of this identity_pool; name it in user_pool, too`},
		{"two logins of a pool", `{` + id + `,"user_pool":["main"],"login":[{"user_pool":"main","provider":"x"},{"user_pool":"main","provider":"y"}]}`, `login: user_pool "main" stands here twice; remove one of them`},
	})
}

func TestIdentityPoolRegion(t *testing.T) {
	for id, want := range map[string]string{"eu-west-1:1d2c3b4a-0000-0000-0000-000000000000": "eu-west-1", "us-gov-west-1:0:1": "us-gov-west-1", "": ""} {
		if got := config.IdentityPoolRegion(id); got != want {
			t.Errorf("expected %q for %q, got %q", want, id, got)
		}
	}
}
