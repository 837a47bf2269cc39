package forecast

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"drover/internal/model"
)

// picture is one forecast beside what came, as a reader of a document sees it.
type picture struct {
	title           string
	history, actual []float64
	quantiles       model.Quantiles
}

const (
	pictureWidth, pictureHeight = 760.0, 240.0
	pictureMargin               = 44.0
)

// svg draws the last of the history, the median, the bands between q0.1 and
// q0.9 and up to q0.99, and the values that came.
func (p *picture) svg(w io.Writer) error {
	shown := p.history[max(0, len(p.history)-5*len(p.actual)):]
	low, high := p.reach(shown)
	n := float64(len(shown) + len(p.actual))
	x := func(i int) float64 { return pictureMargin + (pictureWidth-pictureMargin-8)*float64(i)/max(1, n-1) }
	y := func(v float64) float64 {
		return pictureHeight - 24 - (pictureHeight-50)*(min(max(v, low), high)-low)/(high-low)
	}
	line := func(from int, values func(i int) float64, count int) string {
		var b strings.Builder
		for i := range count {
			if v := values(i); !math.IsNaN(v) {
				fmt.Fprintf(&b, "%.1f,%.1f ", x(from+i), y(v))
			}
		}
		return strings.TrimSpace(b.String())
	}
	at := func(level float64) func(int) float64 {
		return func(h int) float64 { return p.quantiles.At(h, level) }
	}
	band := func(lower, upper float64) string {
		var b strings.Builder
		b.WriteString(line(len(shown), at(upper), len(p.actual)))
		for h := len(p.actual) - 1; h >= 0; h-- {
			fmt.Fprintf(&b, " %.1f,%.1f", x(len(shown)+h), y(p.quantiles.At(h, lower)))
		}
		return b.String()
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="11" role="img">
<title>%s</title>
<rect width="100%%" height="100%%" fill="#ffffff"/>
<text x="%g" y="16" fill="#222222">%s</text>
<text x="4" y="%.1f" fill="#555555">%.4g</text>
<text x="4" y="%.1f" fill="#555555">%.4g</text>
<polygon points="%s" fill="#dbe7f5"/>
<polygon points="%s" fill="#a9c6e8"/>
<polyline points="%s" fill="none" stroke="#444444" stroke-width="1"/>
<polyline points="%s" fill="none" stroke="#1a56a0" stroke-width="1.6"/>
<polyline points="%s" fill="none" stroke="#c03a1d" stroke-width="1.2"/>
<text x="%g" y="%g" fill="#555555">grey: history, red: what came, blue: median with 0.1–0.9 (dark) and 0.01–0.99 as far as forecast (light)</text>
</svg>
`, pictureWidth, pictureHeight, html.EscapeString(p.title), pictureMargin, html.EscapeString(p.title),
		y(high)+4, high, y(low)+4, low, band(0.01, 0.99), band(0.1, 0.9),
		line(0, func(i int) float64 { return shown[i] }, len(shown)), line(len(shown), at(0.5), len(p.actual)),
		line(len(shown), func(h int) float64 { return p.actual[h] }, len(p.actual)), pictureMargin, pictureHeight-6)
	return err
}

// reach is the least and the greatest value that is drawn.
func (p *picture) reach(shown []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	add := func(v float64) {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, v := range shown {
		add(v)
	}
	for h, v := range p.actual {
		add(v)
		add(p.quantiles.At(h, 0.05))
		add(p.quantiles.At(h, 0.95))
	}
	if !(high > low) {
		low, high = low-1, low+1
	}
	return low, high
}
