// Package session keeps users signed in. A session is one sealed cookie that
// holds the tokens of Cognito; nothing of it stands on the server.
//
//   - [Codec] packs a [Session] into a cookie and opens it again; [Box] does the
//     same for the small state of a sign-in flow.
//   - [Secrets] and [Keyring] are the keys for both: configured ones, or keys
//     that several instances share through a [Storage] and rotate unseen.
//   - [Refresher] renews tokens ahead of their expiry and never signs anybody
//     out for less than a definite refusal.
//   - [DenyList] carries sign-outs to all instances.
//
// The package knows neither Caddy nor a logger: it reports through Observe hooks
// in its options. Its errors are safe to show to anybody.
package session
