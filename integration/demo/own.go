package main

import (
	"bytes"
	_ "embed"
	"net"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed own.Caddyfile
var ownText string

var ownCaddyfile = template.Must(template.New("own").Parse(ownText))

// own is a Caddyfile for a Caddy of the visitor, beside that of the demo.
type own struct{ Path, Port, Admin string }

// writeOwn writes it, with ports that the demo does not use: Caddy would share
// them without an error.
func (w *world) writeOwn() (err error) {
	w.own.Path = filepath.Join(w.dir, "own.Caddyfile")
	if w.own.Port, err = freePort("8081"); err != nil {
		return err
	}
	if w.own.Admin, err = freePort("2020"); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := ownCaddyfile.Execute(&text, map[string]string{
		"Port": w.own.Port, "Admin": w.own.Admin, "Pool": w.cognitoURL, "PoolID": w.cognito.Pool().ID(), "Client": clientID,
		"Issuer": w.cognito.Pool().Issuer(), "IdentityPool": w.media.ID(), "Bucket": bucket, "Store": w.store.url(),
	}); err != nil {
		return err
	}
	return os.WriteFile(w.own.Path, text.Bytes(), 0o644)
}

func freePort(wanted string) (string, error) {
	_, port, err := net.SplitHostPort(freeAddress("127.0.0.1:" + wanted))
	return port, err
}
