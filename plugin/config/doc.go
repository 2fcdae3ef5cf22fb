// Package config is the JSON schema of the modules: what a Caddyfile becomes and
// what a JSON configuration may hold. The words are the same in both.
//
// The structs are plain data. Validate judges them without touching the network
// or the disk; its errors name the key, the value and the fix.
package config
