// Command demo shows the whole product on one machine, offline: a local Cognito
// user pool, a small application with an API, a private bucket, and Caddy with the
// plugin between all of them and you.
//
//	go run ./integration/demo
//
// It prints a URL to open, who can sign in there, and commands to try. Ctrl-C ends
// it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := noArguments(os.Args[1:])
	if err == nil {
		err = run(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// noArguments keeps the demo from starting for somebody who asks for help.
func noArguments(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("expected no arguments, got %q\nusage: go run ./integration/demo    (prints what to open and what to try; Ctrl-C ends it)", args[0])
}
