package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The plot's box within a drawing of 720 x 240.
const (
	plotLeft, plotRight  = 64.0, 704.0
	plotTop, plotBottom  = 12.0, 208.0
	chartTicks           = 4
	hoursPerDay, maxDays = 24, 16
)

// chart is a line chart over the hours of a trial.
type chart struct {
	Title, Unit string
	Days        int
	Lines       []line
	YTicks      []tick
	XTicks      []tick
}

type line struct {
	Name, Colour string
	Points       string // of an SVG polyline
	values       []float64
}

type tick struct {
	At   float64
	Text string
}

// draw works out the points and the ticks.
func (c *chart) draw() {
	top := 0.0
	hours := 1
	for _, l := range c.Lines {
		hours = max(hours, len(l.values)-1)
		for _, v := range l.values {
			top = max(top, v)
		}
	}
	step := niceStep(top / chartTicks)
	top = step * math.Ceil(top/step)
	x := func(h int) float64 { return plotLeft + (plotRight-plotLeft)*float64(h)/float64(hours) }
	y := func(v float64) float64 { return plotBottom - (plotBottom-plotTop)*v/top }
	for i := range c.Lines {
		var b strings.Builder
		for h, v := range c.Lines[i].values {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(h), y(v))
		}
		c.Lines[i].Points = strings.TrimSpace(b.String())
	}
	for v := 0.0; v <= top+step/2; v += step {
		c.YTicks = append(c.YTicks, tick{y(v), strconv.FormatFloat(v, 'g', 6, 64)})
	}
	every := max(1, (c.Days+maxDays-1)/maxDays)
	for d := 0; d*hoursPerDay <= hours; d += every {
		c.XTicks = append(c.XTicks, tick{x(d * hoursPerDay), strconv.Itoa(d)})
	}
}

// niceStep rounds a step up to 1, 2 or 5 times a power of ten.
func niceStep(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*base >= v {
			return m * base
		}
	}
	return 10 * base
}
