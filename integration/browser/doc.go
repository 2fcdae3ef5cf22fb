// Package browser signs in with Chromium, as a person does: through every page
// of sign-in, with and without scripts, in several tabs, and through the pages
// of the user pool's domain.
//
// Its tests need Chromium, and axe-core beside the templates of the pages:
//
//	apt-get install chromium
//	(cd plugin/internal/page/testdata/axe && npm install --package-lock=false)
//	go test -tags interop ./integration/browser
//
// BROWSER_ARTIFACTS names a folder for a picture of every page that they see.
package browser
