//go:build interop

package browser_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeFile is axe-core, where the tests of the pages have it.
const axeFile = "../../plugin/internal/page/testdata/axe/node_modules/axe-core/axe.min.js"

// axe is its source.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(axeFile)
	if err != nil {
		err = fmt.Errorf("axe-core is missing: (cd plugin/internal/page/testdata/axe && npm install --package-lock=false): %w", err)
	}
	return string(source), err
})

// axeTags are the rules that pages are held to.
var axeTags = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"}

// judge has axe-core look at the page in both colour schemes, and takes a picture
// of each. Without scripts it takes the picture alone.
func (p *person) judge(name string) {
	p.T.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		p.shoot(name + "-" + scheme)
		if p.scripts {
			p.accessible(name + " (" + scheme + ")")
		}
	}
}

func (p *person) accessible(name string) {
	p.T.Helper()
	source, err := axe()
	check(p.T, err)
	if !js[bool](p, `"axe" in window`) {
		p.do(chromedp.Evaluate(source, nil))
	}
	tags, err := json.Marshal(axeTags)
	check(p.T, err)
	for _, violation := range js[[]string](p, fmt.Sprintf(`axe.run(document, {runOnly: %s}).then(({violations}) =>
		violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html).join(" ")))`, tags)) {
		p.T.Errorf("%s: %s", name, violation)
	}
}

// pictures numbers the pictures of a test, in the order of what happened.
type pictures struct {
	dir  string
	mu   sync.Mutex
	next int // guarded by mu
}

func newPictures(t *testing.T) *pictures {
	t.Helper()
	dir := os.Getenv("BROWSER_ARTIFACTS")
	if dir == "" {
		dir = t.TempDir()
	}
	dir = filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-"))
	check(t, os.MkdirAll(dir, 0o755))
	return &pictures{dir: dir}
}

func (p *pictures) path(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return filepath.Join(p.dir, fmt.Sprintf("%02d-%s.png", p.next, name))
}

// shoot takes a picture of the window. One beyond it would change the layout for a
// moment, in which clicks miss.
func (p *person) shoot(name string) {
	p.T.Helper()
	var png []byte
	p.do(chromedp.CaptureScreenshot(&png))
	check(p.T, os.WriteFile(p.pictures.path(name), png, 0o644))
}

// console is what the browser complains about.
type console struct {
	mu    sync.Mutex
	lines []string // guarded by mu
}

// listen is called for each event of a tab.
func (c *console) listen(event any) {
	switch event := event.(type) {
	case *log.EventEntryAdded:
		if event.Entry.Source != log.SourceNetwork { // of statuses we know
			c.add("%s: %s: %s", event.Entry.Source, event.Entry.Level, event.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		for _, argument := range event.Args {
			c.add("console.%s: %s", event.Type, argument.Value)
		}
	case *runtime.EventExceptionThrown:
		c.add("exception: %s", event.ExceptionDetails.Error())
	case *audits.EventIssueAdded:
		if details := event.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			c.add("policy: %s blocks %q", details.ViolatedDirective, details.BlockedURL)
		}
	}
}

func (c *console) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

// take empties the console.
func (c *console) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
}

// check expects that the browser had nothing to complain about.
func (c *console) check(t *testing.T) {
	t.Helper()
	for _, line := range c.take() {
		t.Errorf("the browser says: %s", line)
	}
}
