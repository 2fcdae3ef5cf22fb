package main

// caddyfile is what all Caddys share.
const caddyfile = `{
	admin $ADMIN
	persist_config off
	auto_https off
	storage file_system $DIR/storage
	log {
		level ERROR
	}
	$GLOBAL
}
http://:$PORT {
	bind 127.0.0.1
	$DIRECTIVES
}
`

// caddy is the limit that nothing in front of its reverse_proxy can pass.
var caddy = &program{name: "Caddy", get: (*kit).ourCaddy, bare: caddyWith("", passOn)}

const passOn = "\n\treverse_proxy $UPSTREAM"

// caddyWith is a Caddy with global options and the directives of its site.
func caddyWith(global, directives string) variant {
	return func(s site) ([]string, error) {
		file, err := s.write("Caddyfile", caddyfile, "$GLOBAL", global, "$DIRECTIVES", directives)
		return []string{"run", "--config", file, "--adapter", "caddyfile"}, err
	}
}
