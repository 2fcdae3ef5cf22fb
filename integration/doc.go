// Package integration holds everything that needs a world around the product: a
// local user pool, Caddy in process, real clients and peers. Nothing in it is
// imported by the product.
package integration
