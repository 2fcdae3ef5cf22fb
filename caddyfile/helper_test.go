package caddyfile_test

import (
	"reflect"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	parse "github.com/caddy-cognito/caddy-cognito/caddyfile"
	"github.com/caddy-cognito/caddy-cognito/plugin/config"
)

const (
	poolID   = "eu-west-1_AbCdEfGhI"
	clientID = "1h57kf5cpq17m0eml12example"
)

// dispense reads input as Caddy does. NewTestDispenser would end the process
// when it cannot.
func dispense(t testing.TB, input string) *caddyfile.Dispenser {
	t.Helper()
	tokens, err := caddyfile.Tokenize([]byte(input), "Testfile")
	if err != nil {
		t.Fatal(err)
	}
	return caddyfile.NewDispenser(tokens)
}

func parseApp(d *caddyfile.Dispenser) (config.App, error) {
	var app config.App
	err := parse.ParseApp(d, &app)
	return app, err
}

// accepted is a row of a table of good Caddyfiles.
type accepted[T any] struct {
	name, input string
	want        T
}

func expectAll[T any](t *testing.T, parse func(*caddyfile.Dispenser) (T, error), rows []accepted[T]) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := dispense(t, row.input)
			got, err := parse(d)
			if err != nil {
				t.Fatalf("expected no error, got %v", err)
			}
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("expected %+v, got %+v", row.want, got)
			}
			if d.Next() {
				t.Errorf("expected all words to be read, got %q", d.Val())
			}
		})
	}
}

// refused is a row of a table of mistakes.
type refused struct{ name, input, want string }

func refuseAll[T any](t *testing.T, parse func(*caddyfile.Dispenser) (T, error), rows []refused) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := parse(dispense(t, row.input))
			if err == nil {
				t.Fatalf("expected %q, got no error", row.want)
			}
			if err.Error() != row.want {
				t.Errorf("expected %s\n     got %s", row.want, err)
			}
		})
	}
}
