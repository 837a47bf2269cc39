package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestPictures looks at every view of a large fleet in light and dark, and what
// axe-core says of it; then in narrow windows, where nothing may be cut off at
// the right. With DROVER_PICTURES the pictures go into that folder: those of the
// documentation are made so.
func TestPictures(t *testing.T) {
	into := os.Getenv("DROVER_PICTURES")
	t.Parallel()
	busy, quiet := serve(t, largeFleet()), serve(t, generate(calm))
	p := open(t, busy)
	for _, v := range views {
		if p.base = busy; v.calm {
			p.base = quiet
		}
		p.dark(false)
		p.size(1440, 900)
		p.turn("/" + v.name + "?fleet=large" + v.query)
		p.until(v.name, v.ready)
		if v.name == "graph" {
			p.act("window.first = droverPainter")
			p.press("Namespace")
			p.until("the graph is drawn", "droverPainter !== first && droverPainter.drawn > 0")
		}
		for i, name := range v.press {
			if v.write != "" && i == len(v.press)-1 {
				p.write(v.write)
			}
			p.press(name)
		}
		if v.shown != "" {
			p.until("the answer of "+v.name, v.shown)
		}
		for _, theme := range []string{"light", "dark"} {
			p.dark(theme == "dark")
			p.until("the theme", `document.documentElement.dataset.theme === "`+theme+`"`)
			p.look(v.name+", "+theme, into, cmp.Or(v.picture, v.name)+"-"+theme+".png")
			for _, finding := range p.axe(theme == "dark") {
				t.Errorf("%s, %s: %s", v.name, theme, line(finding))
			}
		}
		for _, width := range []int64{1024, 390} {
			p.size(width, 900)
			p.fits(v.name, width)
			if os.Getenv("DROVER_PICTURES_NARROW") != "" {
				p.look(v.name, into, fmt.Sprintf("%s-%d.png", cmp.Or(v.picture, v.name), width))
			}
		}
	}
}

// look takes a picture, keeps it where pictures are wanted, and demands that
// there is something in it.
func (p *page) look(what, into, name string) {
	p.t.Helper()
	text := p.still()
	if n := colours(p.t, text); n < 20 {
		p.t.Errorf("%s: a picture of %d colours shows nothing", what, n)
	}
	if into == "" {
		return
	}
	text, err := small(text)
	if err == nil {
		err = os.WriteFile(filepath.Join(into, name), text, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// fits demands that the page is no wider than its window, and that the hand that
// stops everything is in it.
func (p *page) fits(what string, width int64) {
	p.t.Helper()
	wide := `(() => { const out = []
		if (document.scrollingElement.scrollWidth > innerWidth) out.push('the page is ' + document.scrollingElement.scrollWidth + ' wide')
		const main = document.querySelector('main'); if (main.scrollWidth > main.clientWidth) out.push('the view is ' + main.scrollWidth + ' wide, its room ' + main.clientWidth)
		for (const b of document.querySelectorAll('header button')) { const r = b.getBoundingClientRect(); if (r.right > innerWidth + 1 || r.left < 0) out.push(b.innerText + ' is cut off') }
		return out })()`
	p.until("the window to be "+fmt.Sprint(width), fmt.Sprintf("innerWidth === %d", width))
	for _, found := range evaluate[[]string](p, wide) {
		p.t.Errorf("%s at %d: %s", what, width, found)
	}
}

// colours counts the colours of a picture.
func colours(t testing.TB, text []byte) int {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := 0; y < picture.Bounds().Dy(); y += 3 {
		for x := 0; x < picture.Bounds().Dx(); x += 3 {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[[3]uint32{r >> 11, g >> 11, b >> 11}] = true
		}
	}
	return len(seen)
}
