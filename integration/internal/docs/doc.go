// Package docs writes the pages of caddyfile/docs: short introductions, which are
// files beside it, and what the doc comments of the code say. Its tests compare
// the pages, and what is written by hand beside them, with the code, so that they
// cannot drift:
//
//	go test ./integration/internal/docs -update
//
// rewrites the pages. The go command does not see when files of another module
// change: add -count=1 to test what was written by hand.
package docs
