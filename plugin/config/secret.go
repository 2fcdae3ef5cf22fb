package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2"
)

// distinctSecrets names secrets by their position, since errors end up in logs.
// Empty ones are not known yet.
func distinctSecrets(secrets []string) error {
	for i, secret := range secrets {
		if before := slices.Index(secrets[:i], secret); secret != "" && before >= 0 {
			return fmt.Errorf("secret %d: is the same as secret %d; remove one of them", i+1, before+1)
		}
	}
	return nil
}

func filledSecrets(secrets []string) error {
	if i := slices.Index(secrets, ""); i >= 0 {
		return fmt.Errorf("secret %d: must not be empty", i+1)
	}
	return nil
}

// replaceSecrets replaces them one by one, so that they keep their positions.
func replaceSecrets(secrets []string) []replaceable {
	fields := make([]replaceable, len(secrets))
	for i := range secrets {
		fields[i] = replaceable{key: fmt.Sprintf("secret %d", i+1), value: &secrets[i], secret: true}
	}
	return fields
}

// secretClients are the app clients that have secrets.
func (p *UserPool) secretClients() []string { return slices.Sorted(maps.Keys(p.ClientSecrets)) }

func keyOfSecrets(client string) string { return fmt.Sprintf("client_secret: client %q", client) }

// validateSecrets leaves out the names of the clients, which may be placeholders.
func (p *UserPool) validateSecrets() error {
	for _, client := range p.secretClients() {
		secrets := p.ClientSecrets[client]
		if len(secrets) < 1 || len(secrets) > 2 {
			return fmt.Errorf("%s: expected one secret, or two while they are exchanged, got %d", keyOfSecrets(client), len(secrets))
		}
		if err := distinctSecrets(secrets); err != nil {
			return fmt.Errorf("%s: %w", keyOfSecrets(client), err)
		}
	}
	return nil
}

func (p *UserPool) validateFilledSecrets() error {
	for _, client := range p.secretClients() {
		if client == "" {
			return fmt.Errorf("client_secret: expected the ID of an app client, got %q", client)
		}
		if err := p.validateMember("client_secret", client); err != nil {
			return err
		}
		if err := filledSecrets(p.ClientSecrets[client]); err != nil {
			return fmt.Errorf("%s: %w", keyOfSecrets(client), err)
		}
	}
	return nil
}

// validateMember checks the name of an app client of the pool.
func (p *UserPool) validateMember(key, client string) error {
	if client == "" || p.AnyClient || slices.Contains(p.Clients, client) {
		return nil
	}
	return fmt.Errorf("%s: %q is not an app client of the pool; name it in client, too", key, client)
}

// replaceableSecrets makes the secrets the pool's own. The names of clients are
// replaced by resolveSecretClients.
func (p *UserPool) replaceableSecrets() (fields []replaceable) {
	p.ClientSecrets = maps.Clone(p.ClientSecrets)
	for _, client := range p.secretClients() {
		secrets := slices.Clone(p.ClientSecrets[client])
		p.ClientSecrets[client] = secrets
		fields = append(fields, within(keyOfSecrets(client), replaceSecrets(secrets))...)
	}
	return fields
}

func (p *UserPool) hasOpenSecretClient() bool {
	return p != nil && slices.ContainsFunc(p.secretClients(), isOpen)
}

func (p *UserPool) resolveSecretClients(repl *caddy.Replacer) error {
	for _, client := range p.secretClients() {
		resolved, err := repl.ReplaceOrErr(client, true, true)
		if err != nil {
			return replaceable{key: "client_secret"}.unresolved(client, err)
		}
		if resolved == client {
			continue
		}
		if _, ok := p.ClientSecrets[resolved]; ok {
			return fmt.Errorf("client_secret: client %q stands here twice; remove one of them", resolved)
		}
		p.ClientSecrets[resolved] = p.ClientSecrets[client]
		delete(p.ClientSecrets, client)
	}
	return nil
}
