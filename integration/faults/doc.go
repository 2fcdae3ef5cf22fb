// Package faults is the failure lab: Caddy runs in processes of its own, people
// and programs use it all the time, and one thing after the other fails around it
// or in it. What everybody sees meanwhile is a table, which the tests hold and which
// caddyfile/docs/failures.md shows.
//
//	go test ./integration/faults                      the table, and half a minute of faults drawn by chance
//	go test ./integration/faults -run Soak -soak 10m  ten minutes of them, with figures
//	go test ./integration/faults -run Page -update    writes the page
package faults
