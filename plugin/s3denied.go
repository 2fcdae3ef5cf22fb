package plugin

import (
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// reportMissing tells why the client gets no object. The key may hold the user's
// name, so all of it is for DEBUG only.
func (v *visit) reportMissing(o *objectWriter) {
	v.problems.logger.Debug("the store gives no object for a request", v.problems.with(
		zap.String("key", o.key), zap.Int("status", o.status), zap.String("code", o.code()))...)
}

// reportDenied tells operators of an object that the configuration names and the
// store does not show: users then see an empty site, for which neither they nor
// their requests are to blame. The key is the one of the configuration, with its
// placeholders.
func (v *visit) reportDenied(o *objectWriter, key string) {
	if o.status != http.StatusForbidden || identityOf(v.r.Context()).refused != nil || !v.problems.due("denied "+key) {
		return
	}
	v.problems.logger.Warn("the store denies an object that the configuration names; check the role of the credentials, the policy of the bucket, and whether the object is there",
		v.problems.with(zap.String("key", key), zap.Int("status", o.status), zap.String("code", o.code()),
			zap.String("credentials", v.Credentials), zap.String("role_arn", v.grant.Role))...)
}

// reportDeniedIndex does so for the index document of the whole site. Others are
// where a path of the user's says, and may well not be there.
func (v *visit) reportDeniedIndex(o *objectWriter, path string) {
	if path == "" {
		v.reportDenied(o, v.Prefix+strings.TrimPrefix(o.key, v.prefix))
	}
}

// maxSaid is how much of the store's error is kept: its code comes first.
const maxSaid = 4 << 10

// keepSaid keeps the beginning of an error that the client does not get.
func (o *objectWriter) keepSaid(p []byte) {
	if o.status >= http.StatusBadRequest {
		o.said = append(o.said, p[:min(len(p), maxSaid-len(o.said))]...)
	}
}

// code is the error code of the store; empty where it sent none, as to HEAD.
func (o *objectWriter) code() string { return credentials.ErrorCode(o.header, o.said) }
