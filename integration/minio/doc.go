// Package minio runs MinIO, an S3 store with an STS of its own, for the
// interop tests: it shares nothing with this project or with Amazon's Go code,
// neither its signatures nor its verification of tokens.
//
// MinIO is under the AGPL. It is never imported, linked or shipped: [Build]
// compiles its command from the module proxy, into the user's cache directory,
// and [Start] runs it as a process of its own. It is also no longer
// maintained: the version is the last there is, for tests only.
//
// AssumeRoleWithWebIdentity takes ID tokens of the pool behind
// Options.DiscoveryURL and any well-formed role ARN, which it ignores: what
// the session may do is said by the policies of the names in the token's claim
// cognito:groups, set with [Server.AddPolicy]. In them, "${jwt:sub}" is the
// user.
//
// Where MinIO and Amazon's S3 differ: an expired ID token is
// InvalidParameterValue, a wrong session token is 403 InvalidTokenId, a missing
// key is 404 also for who may not list the bucket, and there are no keys with
// empty or dotted segments.
package minio
