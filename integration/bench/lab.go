package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

const (
	poolID = "eu-west-1_BenchPooL"
	issuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + poolID
	client = "1h57kf5cpq17m0eml12example"
)

// lab is everything that measurements need.
type lab struct {
	settings

	ctx        context.Context
	dir        string
	kit        *kit
	backends   *backends
	access, id *mint
	started    int // proxies, to name their folders
	broken     []error
}

func newLab(ctx context.Context, s settings) (*lab, error) {
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		return nil, err
	}
	l := &lab{
		settings: s, ctx: ctx, kit: &kit{ctx: ctx, dir: s.cache},
		access: &mint{ctx, signer, accessClaims, nil}, id: &mint{ctx, signer, idClaims, nil},
	}
	if l.dir, err = os.MkdirTemp("", "caddy-cognito-bench-"); err != nil {
		return nil, err
	}
	if l.backends, err = startBackends(verifiertest.JWKS(signer.JWK())); err == nil {
		err = writePublicKey(l.dir, signer)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *lab) close() error {
	var err error
	if l.backends != nil {
		err = l.backends.close()
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

// run prints both tables. What does not work is said in its row, and fails the
// run when all others are done.
func (l *lab) run() error {
	rows, floods := l.selected()
	if err := l.prepare(rows, floods); err != nil {
		return err
	}
	if err := pinSelf(); err != nil {
		return fmt.Errorf("taskset: %w", err)
	}
	fmt.Print(l.machine())
	if len(rows) > 0 {
		fmt.Print(costHeader)
	}
	for _, r := range rows {
		l.print(func() string { return l.costRow(r) })
	}
	if len(floods) > 0 {
		fmt.Print(refusalHeader)
	}
	for _, p := range floods {
		l.print(func() string { return l.refusalRow(p) })
	}
	if err := l.ctx.Err(); err != nil {
		return err
	}
	return errors.Join(l.broken...)
}

// print prints a row, unless the run was interrupted.
func (l *lab) print(row func() string) {
	if l.ctx.Err() != nil {
		return
	}
	if text := row(); l.ctx.Err() == nil {
		fmt.Println(text)
	}
}

// selected are the rows of both tables that -run matches.
func (l *lab) selected() (rows []row, floods []*program) {
	for _, r := range allRows() {
		if l.short {
			r.tokens = min(r.tokens, shortTokens)
		}
		if l.only.MatchString(r.title()) {
			rows = append(rows, r)
		}
	}
	for _, p := range programs {
		if p.authorizing != nil && l.only.MatchString(p.floodTitle()) {
			floods = append(floods, p)
		}
	}
	return rows, floods
}

// prepare does what needs all cores and disturbs measurements. Peers may be
// missing, but not what this repository builds.
func (l *lab) prepare(rows []row, floods []*program) error {
	for _, r := range rows {
		l.kit.get(r.program)
		r.mint(l).first(r.tokens)
	}
	for _, p := range floods {
		l.kit.get(p)
	}
	l.access.first(floodTokens)
	return l.kit.get(plugin).err
}

// fail keeps an error for the end and says it in the table.
func (l *lab) fail(title string, err error) string {
	l.broken = append(l.broken, fmt.Errorf("%s: %w", title, err))
	return "failed: " + oneLine(err)
}

// oneLine is an error for a cell of a table.
func oneLine(err error) string {
	return fmt.Sprintf("%.200s", strings.NewReplacer("\n", "; ", "|", `\|`).Replace(strings.TrimSpace(err.Error())))
}

// progress tells who waits what takes long, apart from the tables.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
