package caddyfile

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

// ParseSignin parses the directive cognito_signin, without its matcher.
//
//	cognito_signin <user-pool> {
//		prefix      <path>
//		origin      <origin>
//		deliver     session|tokens
//		return_to   <origin>...
//		sign_out_to <path>|<url>
//		global_sign_out
//		claim       <name>...
//		limit       address|user|client|all <attempts-per-minute>
//		page {
//			flow               USER_SRP_AUTH|USER_PASSWORD_AUTH|USER_AUTH|CUSTOM_AUTH
//			preferred          PASSWORD|PASSWORD_SRP|EMAIL_OTP|SMS_OTP|WEB_AUTHN
//			passwordless
//			title              <text>
//			logo               <path>|<url>|file:<path>
//			accent             "#<light>" "#<dark>"
//			language           <tag>...
//			templates          <folder>
//			login              username|email|phone|any
//			password_rules     <min-length> [lower] [upper] [digit] [symbol]
//			input              <attribute> email|tel|date|url|number
//			custom_challenge {
//				template     <parameter>
//				question     <parameter>...
//				image        <parameter>...
//				image_origin <origin>...
//				allow        <template> script|frame|style|image|connect <origin>|self...
//			}
//			provider           <name> [<label>]
//			sign_up            [<attribute>...] {
//				passwordless
//			}
//			no_forgot_password
//		}
//		hosted {
//			scope             <scope>...
//			identity_provider <name>
//			idp_identifier    <id>
//			pass              lang|login_hint|identity_provider|idp_identifier...
//		}
//	}
//
// return_to, claim, limit, input, image_origin, allow and provider may be repeated.
// page, custom_challenge, sign_up and hosted need no block.
func ParseSignin(d *caddyfile.Dispenser) (config.Signin, error) {
	var signin config.Signin
	d.Next()
	args := d.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return signin, d.Errf("cognito_signin: expected the name of one user_pool, got %q", strings.Join(args, " "))
	}
	signin.Pool = args[0]
	err := judged(d, &signin, func(check func() error) error {
		return block(d, signinWords(d, &signin, check), check, "return_to", "claim", "limit")
	})
	return signin, err
}

// signinWords needs the check of each line for the blocks of page and hosted.
func signinWords(d *caddyfile.Dispenser, signin *config.Signin, check func() error) map[string]func() error {
	return map[string]func() error{
		"prefix":          text(d, &signin.Prefix),
		"origin":          text(d, &signin.Origin),
		"deliver":         text(d, &signin.Deliver),
		"return_to":       list(d, &signin.ReturnTo),
		"sign_out_to":     text(d, &signin.SignOutTo),
		"global_sign_out": flag(d, &signin.GlobalSignOut),
		"claim":           list(d, &signin.Claims),
		"limit":           func() error { return parseLimit(d, signin) },
		"page":            func() error { return parsePage(d, signin, check) },
		"hosted":          func() error { return parseHosted(d, signin, check) },
	}
}

func parseLimit(d *caddyfile.Dispenser, signin *config.Signin) error {
	per, number, err := pair(d, "address, user, client or all, and a number of attempts a minute")
	if err != nil {
		return err
	}
	perMinute, err := strconv.Atoi(number)
	if err != nil {
		return d.Errf("limit: %s: expected a whole number of attempts a minute, got %q", per, number)
	}
	signin.Limits = append(signin.Limits, config.Limit{Per: per, PerMinute: perMinute})
	return nil
}

func parseHosted(d *caddyfile.Dispenser, signin *config.Signin, check func() error) error {
	signin.Hosted = new(config.Hosted)
	return subblock(d, hostedWords(d, signin.Hosted), check)
}

func hostedWords(d *caddyfile.Dispenser, hosted *config.Hosted) map[string]func() error {
	return map[string]func() error{
		"scope":             list(d, &hosted.Scopes),
		"identity_provider": text(d, &hosted.IdentityProvider),
		"idp_identifier":    text(d, &hosted.IDPIdentifier),
		"pass":              list(d, &hosted.Pass),
	}
}
