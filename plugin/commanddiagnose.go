package plugin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/certmagic"
	"github.com/spf13/cobra"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/diagnose"
)

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain --config <path> [--adapter <name>] [--pool <name>] [--jwks <file>]",
		Short: "Says why a token is accepted or refused",
		Long: `
Reads one token from standard input and says which of the checks it passes, which
one it fails and why, and what each cognito_auth of the configuration makes of it.
Nothing is run and no network call is made: keys are those of --jwks, or else those
that Caddy keeps in its storage, or else those of jwks_file.

The token is never an argument, since other users of a machine can see those, and
nothing of it is printed that names a user. Sign-outs are not looked at.

The exit code is 0 when a cognito_auth accepts the token, 1 when none does, and 2
when nothing can be said.`,
		Args: cobra.ArbitraryArgs, // refused by runExplain: cobra would repeat them
		RunE: func(cmd *cobra.Command, args []string) error { return exitWith(cmd, runExplain(cmd, args)) },
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, _ error) error {
		return exitWith(cmd, unjudged(errors.New("unknown or incomplete flag; see caddy cognito explain --help (the token is read from standard input)")))
	})
	addConfigFlags(cmd)
	cmd.Flags().String("pool", "", "The name of the user pool to try, if not that of the token's issuer")
	cmd.Flags().String("jwks", "", "A file with the key set of the pool")
	return cmd
}

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor --config <path> [--adapter <name>] [--timeout <duration>]",
		Short: "Checks a configuration against the real user pools",
		Long: `
Loads the configuration as caddy validate does, looks whether its handlers fit
together, and asks the services that it names: the keys of the user pools, their app
clients, domains with callback and sign-out URLs, the storage, identity pools, STS
and buckets. Each check is one line, with what to do where something is wrong.
Nothing is changed anywhere, no check counts against a user, and no secret is
printed.

Of the handlers it says when

- cognito_auth comes before cognito_signin, or a route keeps visitors from its
  paths, or another one answers there
- no cognito_auth takes the sessions of a cognito_signin, or a cognito_auth is to
  take sessions that nobody makes
- cognito_s3, cognito_credentials or transport cognito_aws is behind a cognito_auth
  that takes access tokens, or behind none, or behind one for other paths
- an upstream that a cognito_auth protects is reached without one elsewhere, or on
  other paths, so that clients can send it identity headers of their own
- the matcher cognito is asked before any cognito_auth
- a cognito_auth requires or forwards what its kind of tokens does not have
- a site with sign-in is plain http, or inject sends credentials in the clear
- two things of sign-in have one cookie, or hosted has no use beside page

The exit code is 1 when a check fails. Run it on the machine of the edge, as the user
that Caddy runs as.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return exitWith(cmd, runDoctor(cmd)) },
	}
	addConfigFlags(cmd)
	cmd.Flags().Duration("timeout", 5*time.Second, "How long to wait for each answer")
	return cmd
}

func addConfigFlags(cmd *cobra.Command) {
	cmd.Flags().StringP("config", "c", "", "The configuration file")
	cmd.Flags().StringP("adapter", "a", "", "The name of the adapter of the configuration file")
}

// exit is an error with an exit code.
type exit struct {
	code int
	error
}

// Outcomes of the commands.
var (
	errNotAccepted = exit{1, errors.New("no handler of the configuration accepts the token")}
	errUnhealthy   = exit{1, errors.New("a check failed")}
)

// unjudged is an error for which nothing can be said.
func unjudged(err error) error { return exit{2, err} }

// exitWith lets Caddy end with the code of the error, in Caddy's own way.
func exitWith(cmd *cobra.Command, err error) error {
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) {
		if code, ok := errors.AsType[exit](err); ok {
			return code.code, code.error
		}
		return caddy.ExitCodeFailedStartup, err
	})(cmd, nil)
}

func runExplain(cmd *cobra.Command, args []string) error {
	flags := caddycmd.Flags{FlagSet: cmd.Flags()}
	switch {
	case len(args) > 0:
		return unjudged(errors.New("the token is read from standard input, not from an argument: others can see those; what was given as one, such as in the history of the shell, should not be used any more"))
	case flags.String("config") == "-":
		return unjudged(errors.New("--config: expected a file, since the token is read from standard input"))
	}
	document, site, err := readConfig(flags)
	if err != nil {
		return unjudged(err)
	}
	storage, err := storageOf(document)
	if err != nil {
		return unjudged(err)
	}
	token, err := readToken(os.Stdin, os.Stderr)
	if err != nil {
		return unjudged(err)
	}
	accepted, err := site.Explain(cmd.Context(), os.Stdout, diagnose.Question{
		Token: token, Pool: flags.String("pool"), KeysFile: flags.String("jwks"), Store: storedKeys{storage},
	})
	switch {
	case err != nil:
		return unjudged(err)
	case !accepted:
		return errNotAccepted
	}
	return nil
}

// readToken reads one token, and asks for it where somebody types.
func readToken(in *os.File, prompt io.Writer) (string, error) {
	limited := io.LimitReader(in, diagnose.MaxInput)
	var input string
	if about, err := in.Stat(); err == nil && about.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(prompt, "Token: ")
		if input, err = bufio.NewReader(limited).ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
	} else {
		all, err := io.ReadAll(limited)
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		input = string(all)
	}
	token := diagnose.CleanToken(input)
	if token == "" {
		return "", errors.New("expected a token on standard input, got nothing")
	}
	return token, nil
}

func runDoctor(cmd *cobra.Command) error {
	flags := caddycmd.Flags{FlagSet: cmd.Flags()}
	document, site, err := readConfig(flags)
	if err == nil {
		err = validateConfig(document)
	}
	if err != nil {
		diagnose.Finding{Level: diagnose.Fail, What: "configuration", Text: err.Error()}.Print(os.Stdout)
		return errUnhealthy
	}
	diagnose.Finding{Level: diagnose.OK, What: "configuration", Text: "can be loaded"}.Print(os.Stdout)
	storage, err := storageOf(document)
	if err != nil {
		return err
	}
	timeout, err := cmd.Flags().GetDuration("timeout")
	if err != nil {
		return err
	}
	if !site.Examine(cmd.Context(), os.Stdout, diagnose.Examiner{Timeout: timeout, Storage: storage}) {
		return errUnhealthy
	}
	return nil
}

// readConfig adapts and reads a configuration, and runs nothing of it.
func readConfig(flags caddycmd.Flags) (document []byte, site *diagnose.Site, err error) {
	document, _, _, err = caddycmd.LoadConfig(flags.String("config"), flags.String("adapter"))
	if err != nil {
		return nil, nil, err
	}
	if len(document) == 0 {
		return nil, nil, errors.New("which configuration: give --config <path>")
	}
	if site, err = diagnose.Read(document); err != nil {
		return nil, nil, err
	}
	if !site.HasPools() {
		return nil, nil, diagnose.ErrNoPools
	}
	return document, site, nil
}

// validateConfig provisions a configuration, as `caddy validate` does.
func validateConfig(document []byte) error {
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(document, &cfg); err != nil {
		return err
	}
	return caddy.Validate(&cfg)
}

// storageOf is the storage of a configuration of which nothing else is provisioned.
func storageOf(document []byte) (certmagic.Storage, error) {
	var cfg struct {
		Storage json.RawMessage `json:"storage"`
	}
	if err := json.Unmarshal(document, &cfg); err != nil {
		return nil, err
	}
	ctx, err := caddy.ProvisionContext(&caddy.Config{StorageRaw: cfg.Storage})
	if err != nil {
		return nil, err
	}
	return newBoundedStorage(ctx.Storage()), nil // a check ends in time, also where a mount hangs
}

// storedKeys implements [verifier.Store] with Caddy's storage.
type storedKeys struct{ certmagic.Storage }

// Load implements [verifier.Store].
func (s storedKeys) Load(ctx context.Context, url string) ([]byte, error) {
	return s.Storage.Load(ctx, storageKey(url))
}

// Save implements [verifier.Store].
func (s storedKeys) Save(ctx context.Context, url string, data []byte) error {
	return s.Store(ctx, storageKey(url), data)
}
