package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
)

// newPages makes the pages of the theme that is configured. Hosted sign-in shows
// some of them, too.
func newPages(cfg *config.Signin, pool *config.UserPool) (*page.Pages, error) {
	theme := cfg.Page
	if theme == nil {
		theme = new(config.Page)
	}
	opts := page.Options{
		Title: theme.Title, Languages: theme.Languages, Login: page.Login(theme.Login),
		Attributes: theme.Inputs, Custom: customOf(theme.Challenges), FormOrigins: formOrigins(cfg, pool),
		InsecureHTTP: pool.InsecureHTTP,
	}
	if len(theme.Accent) == 2 {
		opts.Accent = page.Accent{Light: theme.Accent[0], Dark: theme.Accent[1]}
	}
	if rules := theme.PasswordRules; rules != nil {
		opts.Password = passwordRules(rules)
	}
	if theme.Templates != "" {
		if err := canRead(theme.Templates); err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		opts.Overrides = os.DirFS(theme.Templates)
	}
	if file, ok := strings.CutPrefix(theme.Logo, "file:"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("logo: %w", err)
		}
		opts.Logo.Data = data
	} else {
		opts.Logo.URL = theme.Logo
	}
	return page.New(opts)
}

// canRead refuses a folder that cannot be read. All files of a theme may be missing,
// so that a misspelt folder would have no effect, without a word.
func canRead(folder string) error {
	_, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: no such folder; make it or correct the path, which starts where Caddy was started unless it begins with a slash", folder)
	}
	return err
}

// formOrigins are where a form can lead: to the hosted logout, and back to other
// origins.
func formOrigins(cfg *config.Signin, pool *config.UserPool) []string {
	origins := append([]string(nil), cfg.ReturnTo...)
	if base := pool.HostedURL(); base != "" {
		origins = append(origins, base)
	}
	return origins
}

func passwordRules(rules *config.PasswordRules) page.PasswordRules {
	out := page.PasswordRules{MinLength: rules.MinLength}
	for _, kind := range rules.Require {
		switch kind {
		case "lower":
			out.Lower = true
		case "upper":
			out.Upper = true
		case "digit":
			out.Digit = true
		case "symbol":
			out.Symbol = true
		}
	}
	return out
}

func customOf(cfg *config.CustomChallenges) page.Custom {
	if cfg == nil {
		return page.Custom{}
	}
	custom := page.Custom{Template: cfg.Template, Question: cfg.Question, Image: cfg.Image, ImageOrigins: cfg.ImageOrigins}
	for _, allow := range cfg.Allow {
		if custom.Sources == nil {
			custom.Sources = make(map[string]page.Sources)
		}
		sources := custom.Sources[allow.Template]
		grant(&sources, allow)
		custom.Sources[allow.Template] = sources
	}
	return custom
}

func grant(sources *page.Sources, allow config.Source) {
	origins := make([]string, len(allow.Origins))
	for i, origin := range allow.Origins {
		if origins[i] = origin; origin == "self" {
			origins[i] = "'self'"
		}
	}
	target := map[string]*[]string{
		"script": &sources.Script, "frame": &sources.Frame, "style": &sources.Style, "image": &sources.Image, "connect": &sources.Connect,
	}[allow.Kind]
	*target = append(*target, origins...)
}
