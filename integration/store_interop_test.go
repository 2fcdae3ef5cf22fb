//go:build interop && linux

package integration_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/integration/minio"
)

// TestInteropRequestShapes has the same tables before a store that shares nothing
// with this project, and that exchanges the tokens itself.
func TestInteropRequestShapes(t *testing.T) { testShapes(t, newMinioWorld(t)) }

// newMinioWorld is a world whose store is MinIO. Its users' places are named after
// their subjects.
func newMinioWorld(t *testing.T) *storeWorld {
	t.Helper()
	w := &storeWorld{world: newWorld(t), tokens: make(map[string]string), refusesEmptySegments: true}
	w.places = map[string]string{"jo": "u/" + w.sub("jo") + "/", "mo": "u/" + w.sub("mo") + "/"}
	server, err := minio.Start(t.Context(), minio.Options{
		Dir: filepath.Join(w.dir, "minio"), ClientID: webClient, DiscoveryURL: w.pool.Issuer() + "/.well-known/openid-configuration",
	})
	check(t, err)
	t.Cleanup(func() { check(t, server.Close()) })
	w.store = server
	check(t, server.AddPolicy(t.Context(), "staff", fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::%[1]s/*.html", "arn:aws:s3:::%[1]s/app.js", "arn:aws:s3:::%[1]s/docs/*", "arn:aws:s3:::%[1]s/shapes/*"]},
		{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::%[1]s/u/${jwt:sub}/*"}]}`, siteBucket)))
	check(t, w.pool.SetGroups("mo", "staff"))
	w.tap = newTap(t, server.URL())
	w.fill()
	w.media = "web_identity media " + server.URL() + " {\nuser_pool main\nrole_arn arn:aws:iam::000000000000:role/any\n}\n"
	return w
}

func TestInteropAGibibyteNeedsNoMemory(t *testing.T) {
	w := newMinioWorld(t)
	site := strings.ReplaceAll(bucketSite("methods GET HEAD PUT"), "$STORE", w.store.URL()) // the tap would keep it all
	w.testMemory(t, setup{site: site, level: "ERROR"}, "/"+w.places["jo"]+"large")
}
