package e2e

import (
	"context"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// TestALargeFleetIsQuick measures the console over 1,000 servers, 10,000
// applications and 50,000 edges: when something is first painted, when the whole
// fleet is drawn, and how long the main thread works on a frame while the graph
// is panned. The figures are logged; limits are wide, since the machine may be
// busy.
func TestALargeFleetIsQuick(t *testing.T) {
	p := open(t, serve(t, largeFleet()))
	p.call("Performance.enable", performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	paint := p.cold()
	p.visit("/graph?fleet=large")
	p.until("the graph", views[1].ready)
	p.until("the graph is drawn", "droverPainter.drawn > 0")
	before := p.mainThread()
	// 240 frames of a hand that moves the graph, zoomed out and in; the time of a
	// frame is what the page's own code takes in it.
	p.act(`window.frames_ = []; window.panned = false
		const q = droverPainter; let n = 0; const began = () => {
			if (n === 120) q.zoom(4, 400, 300)
			if (n++ >= 240) { window.panned = true; return }
			const t = performance.now(); q.pan(n % 60 < 30 ? 9 : -9, n % 40 < 20 ? 5 : -5); const used = performance.now() - t
			const before = q.spent.length; requestAnimationFrame(() => { window.frames_.push(used + (q.spent.length ? q.spent.at(-1) : 0)); began() })
		}; began()`)
	p.until("the panning", "panned")
	mean := 1000 * (p.mainThread() - before) / 240
	frames := evaluate[[]float64](p, "frames_")
	slices.Sort(frames)
	at := func(q float64) float64 { return frames[int(q*float64(len(frames)-1))] }
	t.Logf("first contentful paint %.0f ms; main thread per frame while panning: median %.1f ms, p95 %.1f ms, most %.1f ms over %d frames; all tasks of the main thread %.1f ms of CPU a frame", paint, at(0.5), at(0.95), at(1), len(frames), mean)
	if len(frames) < 200 {
		t.Errorf("%d frames, want 240", len(frames))
	}
	if at(0.5) > 100 || paint > 30_000 {
		t.Errorf("a median frame of %.0f ms, first paint after %.0f ms: that is no matter of a busy machine", at(0.5), paint)
	}
}

// cold opens the fleet as a browser does that has nothing kept, and returns when
// it first painted something, in milliseconds.
func (p *page) cold() float64 {
	p.t.Helper()
	p.visit("/fleet?fleet=large")
	p.until("the fleet", views[0].ready)
	p.until("the first paint and the drawn fleet", `performance.getEntriesByName('first-contentful-paint')[0] && performance.getEntriesByName('fleet-drawn')[0]`)
	paint := evaluate[float64](p, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)
	drawn := evaluate[float64](p, `performance.getEntriesByName('fleet-drawn')[0].startTime`)
	p.t.Logf("first contentful paint %.0f ms; all servers drawn %.0f ms; main thread %.0f ms of CPU", paint, drawn, 1000*p.mainThread())
	for _, line := range evaluate[[]string](p, `performance.getEntriesByType('resource').map(r =>
		[r.name.replace(location.origin, ''), r.startTime.toFixed(0) + ' to ' + r.responseEnd.toFixed(0) + ' ms', r.encodedBodySize + ' of ' + r.decodedBodySize + ' B'].join(', '))`) {
		p.t.Log(line)
	}
	return paint
}

// mainThread returns how many seconds of CPU the main thread has used so far, by
// Chromium's own count of all its tasks.
func (p *page) mainThread() float64 {
	p.t.Helper()
	ask := func(ctx context.Context, t *chromedp.Target) (out performance.GetMetricsResult, err error) {
		return out, t.Call(ctx, "Performance.getMetrics", nil, &out)
	}
	got, err := chromedp.Run(p.ctx, chromedp.Action[performance.GetMetricsResult](ask))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range got.Metrics {
		if m.Name == "TaskDuration" {
			return m.Value
		}
	}
	p.t.Fatal("Chromium does not tell TaskDuration")
	return 0
}
