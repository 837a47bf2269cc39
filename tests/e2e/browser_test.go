package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"drover/tests/leaveout"
)

// patience is how long anything on a page may take on a busy machine.
const patience = 90 * time.Second

// page is one tab.
type page struct {
	t    testing.TB
	ctx  context.Context
	base string
}

// open starts a Chromium of its own; without one the test is left out, or fails
// where everything is demanded.
func open(t testing.TB, base string) *page {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		leaveout.Missing(t, "chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1440, 900), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	p := &page{t, ctx, base}
	p.size(1440, 900)
	return p
}

// call gives Chromium a command of its protocol.
func (p *page) call(method string, params any) {
	p.t.Helper()
	do := func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Void{}, t.Call(ctx, method, params, nil)
	}
	if _, err := chromedp.Run(p.ctx, chromedp.Action[chromedp.Void](do)); err != nil {
		p.t.Fatal(err)
	}
}

// evaluate runs a script on the page and returns what it gives.
func evaluate[T any](p *page, script string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		p.t.Fatalf("%v\nthe page says: %s", err, p.text())
	}
	return v
}

// act runs a script for what it does.
func (p *page) act(script string) {
	p.t.Helper()
	evaluate[bool](p, script+"\n;true")
}

// text returns what the page says, for errors.
func (p *page) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	s, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText.slice(0, 1500)`))
	return s
}

func (p *page) visit(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(p.base+path)); err != nil {
		p.t.Fatal(err)
	}
}

// turn goes to another place of the console as a link within it does: without
// loading the page anew. Elsewhere it is visit.
func (p *page) turn(path string) {
	p.t.Helper()
	if !evaluate[bool](p, fmt.Sprintf(`location.origin === %q && !!document.querySelector('main')`, p.base)) {
		p.visit(path)
		return
	}
	p.act(fmt.Sprintf(`history.pushState(null, '', %q); dispatchEvent(new PopStateEvent('popstate'))`, path))
}

// until waits until an expression of the page is true.
func (p *page) until(what, expression string) {
	p.t.Helper()
	p.within(patience, what, expression)
}

// within is until with a patience of its own, for what the fleet's time brings.
func (p *page) within(patience time.Duration, what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && ok {
			return
		}
		time.Sleep(150 * time.Millisecond)
	}
	p.t.Fatalf("waited in vain for: %s\nthe page says: %s", what, p.text())
}

// says waits until the page shows a text.
func (p *page) says(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%q on the page", text), fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// press presses the button with a name, as a person would find it.
func (p *page) press(name string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button')].find(b => b.innerText.trim().startsWith(%q) && !b.disabled && b.offsetParent !== null)`, name)
	p.until("button "+name, find)
	p.act(find + ".click()")
}

// write types a text into the last empty field of the view, as a person would.
func (p *page) write(text string) {
	p.t.Helper()
	p.act(fmt.Sprintf(`{ const field = [...document.querySelectorAll('fieldset input')].filter(f => !f.value).at(-1); field.value = %q; field.dispatchEvent(new Event('input', { bubbles: true })) }`, text))
}

// dark sets what the browser says of the person's taste.
func (p *page) dark(dark bool) {
	p.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	p.call("Emulation.setEmulatedMedia", emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// size makes the window so large.
func (p *page) size(width, height int64) {
	p.t.Helper()
	p.call("Emulation.setDeviceMetricsOverride", emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// still returns the first screenshot that is like the one before it.
func (p *page) still() []byte {
	p.t.Helper()
	var last []byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			p.t.Fatal(err)
		}
		if bytes.Equal(png, last) {
			return png
		}
		last = png
		time.Sleep(300 * time.Millisecond)
	}
	return last // it moves for ever; a picture of that is one too
}

// axe returns the serious findings of axe-core on the page as it stands: by every
// rule in the light theme, in the dark one by that about colours, the only one
// that a theme can change.
func (p *page) axe(dark bool) []string {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		leaveout.Missing(p.t, "axe-core (npm ci in web/)")
	}
	if !evaluate[bool](p, `'axe' in window`) {
		p.act(string(source))
	}
	// Without preload: it waits ten seconds a page for style sheets and media that
	// only rules about orientation and sound ask for.
	rules := ""
	if dark {
		rules = ", runOnly: ['color-contrast']"
	}
	p.act(`window.found = null; axe.run(document, { resultTypes: ['violations'], preload: false` + rules + ` }).then(r => { window.found = r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
		.map(v => v.id + ': ' + v.help + ' at ' + v.nodes.slice(0, 4).map(n => n.target.join(' ') + ' ' + n.any.map(a => a.message).join(' ')).join(' | ')) }).catch(e => { window.found = ['axe: ' + e] })`)
	p.until("axe-core to end", "window.found !== null")
	return evaluate[[]string](p, "window.found")
}

// view is one of the console's.
type view struct {
	name, ready string   // its path, and what tells that it is there
	picture     string   // the picture's name, where it is not the path
	query       string   // what a picture is of
	press       []string // buttons that are pressed for a picture
	write       string   // what is written into the last field
	shown       string   // what tells that they have acted
	calm        bool     // it shows a fleet with room to spare
}

var views = []view{
	{name: "fleet", ready: `document.querySelector('canvas') && document.querySelector('aside li')`},
	{name: "graph", ready: `window.droverPainter && document.querySelector('#graph-title').innerText.includes('dependencies')`},
	{name: "forecast", ready: `document.querySelector('.u-over') && document.querySelector('dl')`},
	{name: "decision", ready: `document.querySelector('.decide, dl') && document.querySelectorAll('tbody tr').length > 3`},
	{name: "decision", picture: "balance", query: "&chosen=p-31d8e0", ready: `document.querySelector('#balance-title')`},
	{name: "execution", ready: `document.querySelector('svg rect') && document.querySelector('tbody tr')`},
	{name: "execution", picture: "updates", query: "&chosen=p-0a91c7", ready: `document.querySelector('#updates-title')`, press: []string{"Server updates"}},
	{name: "time", ready: `document.querySelector('.mark') && document.querySelector('.u-over') && !document.body.innerText.includes('Reading')`, query: "&at=2026-03-12T09:20:00Z"},
	{name: "whatif", ready: `document.querySelectorAll('#q-zones option').length > 0`,
		calm: true, press: []string{"Lose zone", "Ask"},
		shown: `document.querySelector('.top h1') && document.querySelector('tr.asked')`},
	{name: "whatif", picture: "server", ready: `document.querySelectorAll('#q-zones option').length > 0`,
		calm: true, press: []string{"+ One more", "Ask"}, write: "s0001",
		shown: `document.body.innerText.includes('Stay broken with one more')`},
	{name: "letters", ready: `document.querySelector('#letters-title')?.innerText.match(/[0-9]/) && !document.body.innerText.includes('Reading')`},
	{name: "audit", ready: `document.querySelector('#audit-title')?.innerText.match(/[0-9]/) && !document.body.innerText.includes('Reading')`},
}

// line cuts findings to one line each.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }
