//go:build interop

package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is for a step of a test, startup for Chromium: far more than either
// takes, since whoever builds may build other things, too.
const (
	patience = 40 * time.Second
	startup  = 2 * time.Minute
)

// chromium is the one browser of all tests. Each has a profile of its own in it.
var chromium context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	browser, stop, err := startChromium()
	if err != nil {
		fmt.Fprintf(os.Stderr, "Chromium does not start: %v; apt-get install chromium\n", err)
		return 1
	}
	defer stop()
	chromium = browser
	return m.Run()
}

// startChromium starts a browser with an empty tab. Stop waits for its end.
func startChromium(options ...chromedp.ExecAllocatorOption) (context.Context, func(), error) {
	flags := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.NoSandbox, chromedp.WindowSize(windowWidth, windowHeight), chromedp.WSURLReadTimeout(startup),
		chromedp.Flag("headless", "new"), chromedp.Flag("lang", "en-US"), chromedp.Flag("disable-features", "Translate,BackForwardCache"), // chromedp loses sight of a page that comes back whole
	}, options)
	allocator, release := chromedp.NewExecAllocator(context.Background(), flags...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	stop := func() {
		closeBrowser()
		release()
		chromedp.FromContext(browser).Allocator.Wait()
	}
	if err := chromedp.Run(browser); err != nil {
		stop()
		return nil, nil, err
	}
	return browser, stop, nil
}

// withoutCookies is a browser whose user has forbidden all cookies.
func withoutCookies(t *testing.T) context.Context {
	t.Helper()
	profile, err := os.MkdirTemp("", "profile")
	check(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // as far as children of the browser write no more
	check(t, os.MkdirAll(filepath.Join(profile, "Default"), 0o700))
	settings := `{"profile":{"default_content_setting_values":{"cookies":2}}}`
	check(t, os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(settings), 0o600))
	browser, stop, err := startChromium(chromedp.UserDataDir(profile))
	check(t, err)
	t.Cleanup(stop)
	return browser
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
