package plugin

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	cfile "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-cognito/caddy-cognito/caddyfile"
)

func init() {
	caddy.RegisterModule(App{})
	caddy.RegisterModule(Auth{})
	caddy.RegisterModule(Signin{})
	caddy.RegisterModule(Strip{})
	caddy.RegisterModule(Match{})
	caddy.RegisterModule(Provider{})
	caddy.RegisterModule(Transport{})
	caddy.RegisterModule(S3{})
	caddy.RegisterModule(CredentialsEndpoint{})
	caddy.RegisterModule(adminAPI{})
	caddycmd.RegisterCommand(command)

	httpcaddyfile.RegisterGlobalOption("cognito", parseGlobalOption)
	httpcaddyfile.RegisterHandlerDirective("cognito_auth", parseHandler[Auth])
	httpcaddyfile.RegisterHandlerDirective("cognito_signin", parseHandler[Signin])
	httpcaddyfile.RegisterHandlerDirective("cognito_strip", parseHandler[Strip])
	httpcaddyfile.RegisterHandlerDirective("cognito_credentials", parseHandler[CredentialsEndpoint])
	httpcaddyfile.RegisterHandlerDirective("cognito_s3", parseHandler[S3])
	httpcaddyfile.RegisterDirectiveOrder("cognito_s3", httpcaddyfile.Before, "file_server")
	// Each lands directly behind basic_auth, so the last comes first.
	httpcaddyfile.RegisterDirectiveOrder("cognito_credentials", httpcaddyfile.After, "basic_auth")
	httpcaddyfile.RegisterDirectiveOrder("cognito_auth", httpcaddyfile.After, "basic_auth")
	httpcaddyfile.RegisterDirectiveOrder("cognito_strip", httpcaddyfile.After, "basic_auth")
	httpcaddyfile.RegisterDirectiveOrder("cognito_signin", httpcaddyfile.After, "basic_auth")
}

func parseGlobalOption(d *cfile.Dispenser, previous any) (any, error) {
	app := new(App)
	if previous, ok := previous.(httpcaddyfile.App); ok { // an earlier block of the same Caddyfile
		if err := caddy.StrictUnmarshalJSON(previous.Value, app); err != nil {
			return nil, err
		}
	}
	if err := caddyfile.ParseApp(d, &app.App); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "cognito", Value: caddyconfig.JSON(app, nil)}, nil
}

// parseHandler parses the directive of a handler module.
func parseHandler[T any, H interface {
	*T
	caddyhttp.MiddlewareHandler
	cfile.Unmarshaler
}](h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := H(new(T))
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}
