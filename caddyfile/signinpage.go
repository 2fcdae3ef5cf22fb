package caddyfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

func parsePage(d *caddyfile.Dispenser, signin *config.Signin, check func() error) error {
	signin.Page = new(config.Page)
	return subblock(d, pageWords(d, signin.Page, check), check, "input", "provider")
}

// pageWords needs the check of each line for the blocks of custom_challenge and
// sign_up.
func pageWords(d *caddyfile.Dispenser, page *config.Page, check func() error) map[string]func() error {
	return map[string]func() error{
		"flow":               text(d, &page.Flow),
		"preferred":          text(d, &page.Preferred),
		"passwordless":       flag(d, &page.Passwordless),
		"title":              text(d, &page.Title),
		"logo":               text(d, &page.Logo),
		"accent":             func() error { return parseAccent(d, page) },
		"language":           list(d, &page.Languages),
		"templates":          text(d, &page.Templates),
		"login":              text(d, &page.Login),
		"password_rules":     func() error { return parsePasswordRules(d, page) },
		"input":              func() error { return parseInput(d, page) },
		"custom_challenge":   func() error { return parseChallenges(d, page, check) },
		"provider":           func() error { return parseProvider(d, page) },
		"sign_up":            func() error { return parseSignUp(d, page, check) },
		"no_forgot_password": flag(d, &page.NoForgotPassword),
	}
}

// parseAccent has an error of its own: what starts with # is a comment.
func parseAccent(d *caddyfile.Dispenser, page *config.Page) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Errf("accent: expected two colours between quotes, such as \"#0b5fff\" \"#8ab4f8\", got %q; without quotes, # starts a comment", strings.Join(args, " "))
	}
	page.Accent = args
	return nil
}

// parsePasswordRules refuses the length 0, which would mean that none is shown.
func parsePasswordRules(d *caddyfile.Dispenser, page *config.Page) error {
	args := d.RemainingArgs()
	rules := new(config.PasswordRules)
	if len(args) > 0 {
		rules.MinLength, _ = strconv.Atoi(args[0])
	}
	if rules.MinLength == 0 {
		return d.Errf("password_rules: expected the least number of characters and, where they are required, lower, upper, digit and symbol, got %q", strings.Join(args, " "))
	}
	if len(args) > 1 {
		rules.Require = args[1:]
	}
	page.PasswordRules = rules
	return nil
}

func parseInput(d *caddyfile.Dispenser, page *config.Page) error {
	attribute, kind, err := pair(d, "the name of an attribute and email, tel, date, url or number")
	if err != nil {
		return err
	}
	if page.Inputs[attribute] != "" {
		return d.Errf("input: attribute %q stands here twice; remove one of the lines", attribute)
	}
	if page.Inputs == nil {
		page.Inputs = make(map[string]string)
	}
	page.Inputs[attribute] = kind
	return nil
}

func parseChallenges(d *caddyfile.Dispenser, page *config.Page, check func() error) error {
	page.Challenges = new(config.CustomChallenges)
	return subblock(d, challengeWords(d, page.Challenges), check, "image_origin", "allow")
}

func challengeWords(d *caddyfile.Dispenser, challenges *config.CustomChallenges) map[string]func() error {
	return map[string]func() error{
		"template":     text(d, &challenges.Template),
		"question":     list(d, &challenges.Question),
		"image":        list(d, &challenges.Image),
		"image_origin": list(d, &challenges.ImageOrigins),
		"allow":        func() error { return parseAllow(d, challenges) },
	}
}

func parseAllow(d *caddyfile.Dispenser, challenges *config.CustomChallenges) error {
	args := d.RemainingArgs()
	if len(args) < 3 {
		return d.Errf("allow: expected the name of a template, script, frame, style, image or connect, and origins or self, got %q", strings.Join(args, " "))
	}
	challenges.Allow = append(challenges.Allow, config.Source{Template: args[0], Kind: args[1], Origins: args[2:]})
	return nil
}

func parseProvider(d *caddyfile.Dispenser, page *config.Page) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 || slices.Contains(args, "") {
		return d.Errf("provider: expected the name of a provider and, if you like, how people know it, got %q", strings.Join(args, " "))
	}
	provider := config.Provider{Name: args[0]}
	if len(args) == 2 {
		provider.Label = args[1]
	}
	page.Providers = append(page.Providers, provider)
	return nil
}

// parseSignUp checks the attributes before the block, at their own line.
func parseSignUp(d *caddyfile.Dispenser, page *config.Page, check func() error) error {
	at, args := here(d), d.RemainingArgs()
	page.SignUp = &config.SignUp{Attributes: slices.Clip(args)}
	if err := at.wrap(check()); err != nil {
		return err
	}
	return block(d, signUpWords(d, page.SignUp), check)
}

func signUpWords(d *caddyfile.Dispenser, signUp *config.SignUp) map[string]func() error {
	return map[string]func() error{"passwordless": flag(d, &signUp.Passwordless)}
}
