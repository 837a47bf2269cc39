package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/tests/stream/servers"
)

// The story waits for what the fleet's time brings: a plan each five minutes of
// it, of which the first ones are taken back. Both stories wait side by side.
const (
	speed     = "30x"
	fleetTime = 5 * time.Minute
)

// told is what make e2e prints.
type told struct{ stories, failed, findings int }

// story plays one part of the story and counts it.
func (c *told) story(t *testing.T, name string, play func(*testing.T)) bool {
	c.stories++
	if !t.Run(name, play) {
		c.failed++
		return false
	}
	return true
}

// TestTheStory drives the running pipeline as a person would, from "a peak is
// coming" to "approved, moved, one rolled back".
func TestTheStory(t *testing.T) {
	t.Parallel()
	var c told
	if p := c.tell(t, up(t, "--approval", "--speed", speed)); p != nil {
		c.findings = c.accessible(p, false, true)
	}
	fmt.Printf("{\"stories\":%d,\"failed\":%d,\"serious_accessibility_findings\":%d}\n", c.stories, c.failed, c.findings)
}

// TestTheStoryOnKafka is the same on a real Kafka and a real Redis.
func TestTheStoryOnKafka(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	t.Parallel()
	s := servers.Start(t, 1)
	var c told
	if p := c.tell(t, up(t, "--approval", "--speed", speed, "--brokers", strings.Join(s.Brokers, ","), "--redis", s.Redis)); p != nil {
		c.accessible(p, false)
	}
	if c.failed > 0 {
		t.Errorf("%d of %d stories failed", c.failed, c.stories)
	}
}

// tell returns the page where the story has ended; nil: it stopped on the way.
func (c *told) tell(t *testing.T, address string) *page {
	p := open(t, address)
	here := func(t *testing.T) *page { return &page{t, p.ctx, p.base} }
	going := c.story(t, "a peak is coming", func(t *testing.T) { c.peak(here(t)) }) &&
		c.story(t, "approved, and taken back", func(t *testing.T) { c.decide(here(t), "rolled back") }) &&
		c.story(t, "approved, and moved", func(t *testing.T) { c.decide(here(t), "succeeded") }) &&
		c.story(t, "looked at again", func(t *testing.T) { c.again(here(t)) }) &&
		c.story(t, "asked what if", func(t *testing.T) { c.ask(here(t)) }) &&
		c.story(t, "the kill switch", func(t *testing.T) { c.kill(here(t)) })
	if !going {
		return nil
	}
	return here(t)
}

// peak sees what will be tight, when and how sure, and why: a campaign.
func (c *told) peak(p *page) {
	p.visit("/")
	p.until("a server that will be tight", `[...document.querySelectorAll('aside li button')].some(b => b.innerText.includes('sure'))`)
	server := evaluate[string](p, `document.querySelector('aside li button b').innerText`)
	p.act(`document.querySelector('aside li button').click()`)
	p.until("the server's card", fmt.Sprintf(`document.querySelector('#host-title')?.innerText === %q`, server))
	p.press("Forecast")
	p.until("the forecast of "+server, fmt.Sprintf(`document.querySelector('#forecast-title')?.innerText.includes(%q) && document.querySelector('.u-over')`, server))
	p.says("newsletter")
	p.says("of seasonal naive's")
}

// decide approves what waits until a plan has ended as wanted, and sees it
// carried out. The demo's first cut-overs fail.
func (c *told) decide(p *page, ending string) {
	for deadline := time.Now().Add(2 * fleetTime); time.Now().Before(deadline); {
		p.visit("/decision")
		p.within(fleetTime, "a plan that waits", `[...document.querySelectorAll('li button')].some(b => b.innerText.includes('waits for approval'))`)
		p.act(`[...document.querySelectorAll('li button')].find(b => b.innerText.includes('waits for approval')).click()`)
		p.until("its form", `document.querySelector('form.decide input')`)
		p.until("its futures", `document.querySelectorAll('tbody tr').length > 5`)
		plan := evaluate[string](p, `document.querySelector('h1 + .tag') ? document.querySelector('.top h1').innerText : ''`)
		p.act(`{ const i = document.querySelector('form.decide input'); i.value = 'before the newsletter'; i.dispatchEvent(new Event('input', { bubbles: true })) }`)
		p.press("Approve")
		p.until("an answer", `document.querySelector('[role=status].note')`)
		if said := evaluate[string](p, `document.querySelector('[role=status].note').innerText`); !strings.Contains(said, "Approved") {
			continue // a newer plan has taken its place meanwhile
		}
		p.visit("/execution?chosen=" + plan)
		ended := `document.querySelector('.top .tag')?.innerText ?? ''`
		p.within(fleetTime, "steps or an end of "+plan, `document.querySelectorAll('svg rect').length > 2 || (`+ended+`).startsWith('superseded')`)
		p.within(fleetTime, "the end of "+plan, fmt.Sprintf(`['rolled back', 'succeeded', 'stopped', 'superseded', 'expired', 'rejected'].some(s => (%s).startsWith(s)) || (%s).startsWith('parked')`, ended, ended))
		if got := evaluate[string](p, ended); got == ending {
			c.ended(p, ending)
			return
		}
	}
	p.t.Errorf("no plan %s; the page says %s", ending, p.text())
}

// ended looks at a plan that has ended.
func (c *told) ended(p *page, ending string) {
	p.t.Helper()
	if ending == "rolled back" {
		p.until("compensations in their own colour", `document.querySelector('svg rect[fill="url(#undo)"]')`)
		p.says("health check failed")
		return
	}
	p.until("all moves to have succeeded", `[...document.querySelectorAll('.moves tbody tr')].every(r => r.innerText.includes('succeeded'))`)
}

// again goes back to the moment before the first decision was approved.
func (c *told) again(p *page) {
	evaluate[string](p, `fetch('/api/v1/fleets/demo/plans?limit=1000').then(r => r.json()).then(j => { window.first = j.items.at(-1).tick }); ''`)
	p.until("the first plan's time", "window.first")
	first := evaluate[string](p, "window.first")
	p.visit("/time?at=" + first)
	p.until("that moment", `document.querySelector('#time-title')?.innerText.startsWith('As it was')`)
	p.until("what then happened", `document.querySelectorAll('.after li').length > 3 && document.querySelector('.after').innerText.includes('rolled back')`)
	p.until("the forecast of then beside what came", `document.querySelector('.u-over')`)
	p.press("Back to now")
	p.until("now again", `document.querySelector('#time-title')?.innerText.startsWith('Now')`)
}

// ask asks what the loss of a zone would do, and looks at the answer's futures.
func (c *told) ask(p *page) {
	p.visit("/whatif")
	p.press("Lose zone")
	p.press("Ask")
	p.until("the answer", `document.querySelector('.top h1')?.innerText.startsWith('Drover') && document.querySelector('tr.asked')`)
	p.until("margins in every future", `[...document.querySelectorAll('section.main tbody tr')].length > 3 && document.querySelector('tr.asked .tight')`)
}

// kill throws the switch and lifts it; the audit log knows who.
func (c *told) kill(p *page) {
	p.visit("/")
	p.press("Kill switch")
	p.press("Throw it")
	p.says("kill switch on")
	p.press("Lift kill switch")
	p.press("Lift it")
	p.until("the switch lifted", `!document.body.innerText.includes('kill switch on')`)
	p.visit("/audit")
	p.until("the orders in the audit view", `['kill', 'revive', 'approve'].every(k => [...document.querySelectorAll('[role=row] b')].some(b => b.innerText === k))`)
	p.act(`window.audit = null; fetch('/api/v1/fleets/demo/audit?limit=1000').then(r => r.json()).then(j => { window.audit = j.items })`)
	p.until("the audit log", "window.audit")
	for _, want := range []string{"kill", "revive", "approve"} {
		if !evaluate[bool](p, fmt.Sprintf("audit.some(a => a.action === %q && a.actor.startsWith('local'))", want)) {
			p.t.Errorf("the audit log does not know of %s", want)
		}
	}
}

// accessible looks at every view, light or dark, and returns how many serious
// findings there are.
func (c *told) accessible(p *page, themes ...bool) int {
	n := 0
	for _, v := range views {
		if v.picture != "" {
			continue // of the generated fleet's own story
		}
		p.dark(false)
		p.turn("/" + v.name)
		p.until(v.name, v.ready)
		for _, dark := range themes {
			p.dark(dark)
			p.until("the theme", fmt.Sprintf(`(document.documentElement.dataset.theme === "dark") === %v`, dark))
			for _, finding := range p.axe(dark) {
				n++
				p.t.Errorf("%s, dark %v: %s", v.name, dark, line(finding))
			}
		}
	}
	return n
}
