// Package page renders the pages of the sign-in: what a person sees of the
// challenges of package signin, and what goes wrong around them. It knows neither
// Caddy nor HTTP handlers.
//
// [New] checks everything that can be wrong with a theme, so that [Pages.Render]
// fails only for a [View] that cannot be. All pages work without JavaScript, save
// the one that asks for a passkey, and need nothing from another host. Each goes
// out with the headers of [Pages.Headers], without which it is not safe.
//
// A page has one main form. Its inputs are named like the [signin.Field] that they
// fill; an attribute's has [AttributePrefix] before its name. The words of the pages
// reveal no accounts, as long as the caller gives the same View for those that
// exist and those that do not.
package page
