package e2e

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestPictures looks at every view of a large fleet in light and dark, and what
// axe-core says of it. With DROVER_PICTURES the pictures go into that folder:
// those of the documentation are made so.
func TestPictures(t *testing.T) {
	into := os.Getenv("DROVER_PICTURES")
	if into == "" {
		into = t.TempDir()
	}
	t.Parallel()
	p := open(t, serve(t, large))
	for _, theme := range []string{"light", "dark"} {
		p.dark(theme == "dark")
		for _, v := range views {
			query := "?fleet=large"
			if v.name == "time" {
				query += "&at=2026-03-12T09:20:00Z"
			}
			p.visit("/" + v.name + query)
			p.until(v.name, v.ready)
			if v.name == "graph" {
				p.act("window.first = droverPainter")
				p.press("Namespace")
				p.until("the graph is drawn", "droverPainter !== first && droverPainter.drawn > 0")
			}
			p.until("the theme", `document.documentElement.dataset.theme === "`+theme+`"`)
			path := filepath.Join(into, v.name+"-"+theme+".png")
			p.picture(path)
			for _, finding := range p.axe(theme == "dark") {
				t.Errorf("%s, %s: %s", v.name, theme, line(finding))
			}
			if n := colours(t, path); n < 20 {
				t.Errorf("%s, %s: a picture of %d colours shows nothing", v.name, theme, n)
			}
		}
	}
}

// colours counts the colours of a picture.
func colours(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
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
