// Package caddyfile turns the tokens of a Caddyfile into values of package
// config. It knows no module. Each block has one parse function, whose doc
// comment is the syntax. Every mistake is an error with file, line, the word at
// fault and what was expected.
package caddyfile
