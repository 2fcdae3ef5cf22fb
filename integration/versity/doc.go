// Package versity runs the S3 gateway of Versity in this process, for tests
// and the demo: a store that keeps objects as files, verifies signatures, and
// enforces bucket policies for temporary credentials that somebody else, such
// as a local STS, has issued.
//
// What it does as S3 does: it answers InvalidAccessKeyId, InvalidToken,
// ExpiredToken, SignatureDoesNotMatch, RequestTimeTooSkewed and
// AuthorizationHeaderMalformed for what deserves it, and a bucket policy may
// name roles ("arn:aws:iam::<account>:role/<name>") and single sessions
// ("arn:aws:sts::<account>:assumed-role/<role>/<session>").
//
// What it does not: a role has no policy of its own, only what buckets grant
// it; a missing key is 404 also for who may not list the bucket, where S3
// says 403; there are no redirects between Regions; If-Range is ignored; and
// a ".." in a key is resolved.
//
// The gateway lives on state of the process. There can be one at a time, and
// the working directory is the data directory while it runs: use absolute
// paths, and give the programs you run a directory.
package versity
