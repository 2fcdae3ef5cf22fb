package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// command is `caddy cognito`: about a Caddy that runs, and about configurations.
var command = caddycmd.Command{
	Name:  "cognito",
	Usage: "<command>",
	Short: "Manages and examines user pools of Amazon Cognito",
	Long: `
Commands about the Cognito user pools of a Caddy. The commands status and sign-out
are about one that runs: they ask its admin API, at the address of --address, or else
at that of the configuration of --config, or else at Caddy's default address. The
commands explain and doctor are about a configuration, whether it runs or not.`,
	CobraFunc: func(cmd *cobra.Command) {
		cmd.AddCommand(statusCommand(), signOutCommand(), explainCommand(), doctorCommand())
		cmd.Args = cobra.ArbitraryArgs // refused by runCommand
		cmd.RunE = runCommand
	},
}

// runCommand helps whoever names no command. By itself, cobra would do so for a
// misspelt one, too, with success: `caddy cognito docter && deploy` went on.
func runCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	// What is longer than any command may be a token, which no log should have.
	return exitWith(cmd, fmt.Errorf("unknown command %.20q: expected one of %s", args[0], strings.Join(names, ", ")))
}

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Shows user pools, sessions and credentials in use",
		Long: `
Prints what GET /cognito/status of the admin API answers: the user pools with
their keys, the sessions, the credentials. There is no secret in it.`,
		Args: cobra.NoArgs,
		RunE: caddycmd.WrapCommandFuncForCobra(runStatus),
	}
	addAdminFlags(cmd)
	return cmd
}

func signOutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sign-out --pool <name> --sub <sub> [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Signs a user out at all instances",
		Long: `
Ends all sessions of a user, and refuses tokens that were issued to him up to now,
at all instances that share the storage, within seconds. The user can sign in
again: to keep him out, disable him in Cognito first.`,
		Args: cobra.NoArgs,
		RunE: caddycmd.WrapCommandFuncForCobra(runSignOut),
	}
	cmd.Flags().String("pool", "", "The name of the user pool in the configuration")
	cmd.Flags().String("sub", "", "The claim sub of the user's tokens")
	addAdminFlags(cmd)
	return cmd
}

// addAdminFlags adds the flags that `caddy reload` has, too.
func addAdminFlags(cmd *cobra.Command) {
	cmd.Flags().String("address", "", "The address of the admin API, if it is not that of the configuration")
	cmd.Flags().StringP("config", "c", "", "A configuration file that says where the admin API is")
	cmd.Flags().StringP("adapter", "a", "", "The name of the adapter of the configuration file")
}

func runStatus(flags caddycmd.Flags) (int, error) {
	answer, err := askAdmin(flags, http.MethodGet, "/cognito/status", nil)
	if err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, answer, "", "  "); err != nil {
		return caddy.ExitCodeFailedStartup, fmt.Errorf("the admin API did not answer with JSON: %w", err)
	}
	_, err = indented.WriteTo(os.Stdout)
	return caddy.ExitCodeSuccess, err
}

func runSignOut(flags caddycmd.Flags) (int, error) {
	who := signOutRequest{flags.String("pool"), flags.String("sub")}
	if who.Pool == "" || who.Subject == "" {
		return caddy.ExitCodeFailedStartup, errors.New("whom to sign out: give --pool <name> and --sub <sub>")
	}
	if err := who.validate(); err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	body, err := json.Marshal(who)
	if err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	answer, err := askAdmin(flags, http.MethodPost, "/cognito/sign-out", body)
	if err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	var done signOutAnswer
	if err := json.Unmarshal(answer, &done); err != nil {
		return caddy.ExitCodeFailedStartup, fmt.Errorf("the admin API did not answer as expected: %w", err)
	}
	fmt.Printf("%s is signed out of %s; tokens of earlier sign-ins are refused until %s\n", done.Subject, done.Pool, done.Until)
	return caddy.ExitCodeSuccess, nil
}

// askAdmin makes a request to the admin API that the flags name.
func askAdmin(flags caddycmd.Flags, method, path string, body []byte) ([]byte, error) {
	address, err := caddycmd.DetermineAdminAPIAddress(flags.String("address"), nil, flags.String("config"), flags.String("adapter"))
	if err != nil {
		return nil, fmt.Errorf("finding the admin API: %w", err)
	}
	var sent io.Reader
	if body != nil {
		sent = bytes.NewReader(body)
	}
	answer, err := caddycmd.AdminAPIRequest(address, method, path, nil, sent)
	if err != nil {
		return nil, adminError(err)
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// adminError is what the admin API says is wrong, without the document that it says
// it in.
func adminError(err error) error {
	_, document, _ := strings.Cut(err.Error(), "{")
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte("{"+document), &answer) != nil || answer.Error == "" {
		return err
	}
	return errors.New(answer.Error)
}
