//go:build interop

package browser_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The window is high enough for every page.
const windowWidth, windowHeight = 1280, 1300

// person sits before a tab of the browser.
type person struct {
	*testing.T
	*site
	tab       context.Context
	profile   cdp.BrowserContextID
	console   *console
	documents *documents
	answer    *network.Response // to the last navigation
	scripts   bool              // the browser runs them
	pictures  *pictures
}

// visitor is a person with a profile of her own.
func (w *site) visitor() *person {
	w.Helper()
	profile, err := target.CreateBrowserContext().Do(commands(chromium))
	check(w.T, err)
	w.Cleanup(func() { check(w.T, target.DisposeBrowserContext(profile).Do(commands(chromium))) })
	return w.visitorIn(chromium, profile)
}

// visitorIn has the profile of a browser; "" is its first.
func (w *site) visitorIn(browser context.Context, profile cdp.BrowserContextID) *person {
	w.Helper()
	p := &person{T: w.T, site: w, profile: profile, console: new(console), scripts: true, pictures: newPictures(w.T)}
	p.open(browser)
	w.Cleanup(p.report)
	return p
}

// another is another tab of the same person.
func (p *person) another() *person {
	p.T.Helper()
	q := *p
	q.answer = nil
	q.open(p.tab)
	return &q
}

// commands is a context for commands to the browser and not to a tab.
func commands(browser context.Context) context.Context {
	return cdp.WithExecutor(browser, chromedp.FromContext(browser).Browser)
}

// open opens a tab in a window of its own, without which a new profile has none.
func (p *person) open(browser context.Context) {
	p.T.Helper()
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(p.profile).WithNewWindow(true).
		WithWidth(windowWidth).WithHeight(windowHeight).Do(commands(browser))
	check(p.T, err)
	tab, closeTab := chromedp.NewContext(browser, chromedp.WithTargetID(id))
	p.T.Cleanup(closeTab)
	p.tab = tab
	p.documents = new(documents)
	chromedp.ListenTarget(tab, p.console.listen)
	chromedp.ListenTarget(tab, p.documents.listen)
	// Without a deadline, with which the tab would end.
	check(p.T, chromedp.Run(tab, audits.Enable(), emulation.SetFocusEmulationEnabled(true)))
}

// report says what may explain a failure.
func (p *person) report() {
	p.console.check(p.T)
	if p.T.Failed() {
		p.shoot("failed")
		p.T.Logf("the last page:\n%s\nCaddy's log:\n%s", p.html(), p.site.log())
	}
}

// do runs actions, for a while.
func (p *person) do(actions ...chromedp.Action) {
	p.T.Helper()
	if err := p.try(actions...); err != nil {
		p.T.Fatalf("%v at %q: %s", err, p.url(), p.text("body"))
	}
}

func (p *person) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// load runs actions that lead to another page, and waits for it.
func (p *person) load(actions ...chromedp.Action) {
	p.T.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		p.T.Fatalf("waited for a page: %v at %q: %s\n%s", err, p.url(), p.text("body"), p.console)
	}
	p.answer = answer
	p.goOn()
}

// goOn waits for the page to which the one after sign-in leads by itself.
func (p *person) goOn() {
	p.T.Helper()
	if p.answer == nil || p.answer.Status != 200 || !strings.Contains(p.answer.URL, "/landing?") {
		return
	}
	landing := p.answer.URL
	p.until("the browser goes on", func() bool {
		p.answer = p.documents.last()
		return p.answer.URL != landing && js[bool](p, "document.readyState === 'complete' && !location.href.includes('/landing?')")
	})
}

// documents keeps the answer with the page that came last.
type documents struct {
	mu     sync.Mutex // guards answer
	answer *network.Response
}

func (d *documents) listen(event any) {
	if got, ok := event.(*network.EventResponseReceived); ok && got.Type == network.ResourceTypeDocument {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.answer = got.Response
	}
}

func (d *documents) last() *network.Response {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answer
}

// visit types a path of the site, or a URL, into the address bar.
func (p *person) visit(target string) {
	p.T.Helper()
	if strings.HasPrefix(target, "/") {
		target = p.origin + target
	}
	p.load(chromedp.Navigate(target))
}

// follow follows a link, press presses a button: both by what is written on them.
func (p *person) follow(text string) {
	p.T.Helper()
	p.load(chromedp.Click(fmt.Sprintf("//a[normalize-space()=%q]", text), chromedp.BySearch, chromedp.NodeVisible))
}

func (p *person) press(text string) {
	p.T.Helper()
	p.load(chromedp.Click(fmt.Sprintf("//button[normalize-space()=%q]", text), chromedp.BySearch, chromedp.NodeVisible))
}

// back goes back to a page by its heading.
func (p *person) back(heading string) {
	p.T.Helper()
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		now, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil {
			return err
		}
		return page.NavigateToHistoryEntry(entries[now-1].ID).Do(ctx)
	}))
	p.until("the page before is there", func() bool { return p.text("h1") == heading })
}

// enter presses Enter where the focus is.
func (p *person) enter() {
	p.T.Helper()
	p.load(chromedp.KeyEvent(kb.Enter))
}

// choose selects a radio button, fill types into the input of a label, in place
// of what is there.
func (p *person) choose(label string) {
	p.T.Helper()
	p.do(chromedp.Click(labelled(label), chromedp.BySearch, chromedp.NodeVisible))
}

func (p *person) fill(label, text string) {
	p.T.Helper()
	p.do(
		chromedp.Click(labelled(label), chromedp.BySearch, chromedp.NodeVisible),
		chromedp.WaitReady("input:focus", chromedp.ByQuery),
		input.DispatchKeyEvent(input.KeyRawDown).WithCommands([]string{"selectAll"}),
		chromedp.KeyEvent(text),
	)
}

func labelled(label string) string { return fmt.Sprintf("//label[normalize-space()=%q]", label) }

// typing types into the input that a page has put the focus on.
func (p *person) typing(text string) {
	p.T.Helper()
	p.do(chromedp.WaitReady("input:focus", chromedp.ByQuery), chromedp.KeyEvent(text))
}

// js evaluates an expression, also where the page may run no scripts.
func js[T any](p *person, expression string) (value T) {
	p.T.Helper()
	await := func(params *runtime.EvaluateParams) *runtime.EvaluateParams { return params.WithAwaitPromise(true) }
	p.do(chromedp.Evaluate(expression, &value, await))
	return value
}

// text is what is written in the first element of a selector.
func (p *person) text(selector string) (text string) {
	_ = p.try(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &text))
	return strings.Join(strings.Fields(text), " ")
}

func (p *person) html() (html string) {
	_ = p.try(chromedp.Evaluate("document.documentElement.outerHTML", &html))
	return html
}

func (p *person) url() (url string) {
	_ = p.try(chromedp.Location(&url))
	return url
}

// status is that of the answer to the last navigation.
func (p *person) status() int64 {
	if p.answer == nil {
		return 0
	}
	return p.answer.Status
}

// sees expects a page by its heading and its status, and judges it under a name.
func (p *person) sees(name, heading string, status int64) {
	p.T.Helper()
	if got := p.text("h1"); got != heading || p.status() != status {
		p.T.Fatalf("%s: expected %q with %d, got %q with %d at %s: %s", name, heading, status, got, p.status(), p.url(), p.text("body"))
	}
	p.judge(name)
}

// finds expects a text somewhere on the page.
func (p *person) finds(text string) {
	p.T.Helper()
	if got := p.text("body"); !strings.Contains(got, text) {
		p.T.Errorf("expected %q on the page, got %q", text, got)
	}
}

// isSignedIn expects the application at a path, for a user.
func (p *person) isSignedIn(user, target string) {
	p.T.Helper()
	if got := p.text("h1"); got != "Orders of "+user || p.text("#target") != target || p.url() != p.origin+target {
		p.T.Fatalf("expected the orders of %s at %s, got %q at %s: %s", user, target, got, p.url(), p.text("body"))
	}
}

// cookieNames are the cookies of the profile.
func (p *person) cookieNames() (names []string) {
	p.T.Helper()
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().WithURLs([]string{p.origin + "/_cognito/callback", p.pool.DomainURL()}).Do(ctx)
		for _, cookie := range cookies {
			names = append(names, cookie.Name)
		}
		return err
	}))
	return names
}

// signIn goes to a page of the application and signs in with the password.
func (p *person) signIn(user string) {
	p.T.Helper()
	p.visit("/orders?page=2")
	p.fill("Username", user)
	p.fill("Password", password)
	p.press("Sign in")
}

// typeDate types a date into an input that has a part for each number.
func typeDate(selector, digits string) chromedp.Action {
	return chromedp.SendKeys(selector, digits, chromedp.ByQuery)
}
