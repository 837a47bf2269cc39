package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The plot's box within a drawing of 720 x 240.
const (
	plotLeft, plotRight = 64.0, 704.0
	plotTop, plotBottom = 12.0, 208.0
	chartTicks          = 4
	maxLabels           = 16
	hoursPerDay         = 24
)

// chart is a line chart over time.
type chart struct {
	Title, Unit string
	// PointsPerLabel is how many points of a line make a unit of the axis of time.
	PointsPerLabel int
	// Settling is how many points at the start may be cut off where they would
	// flatten all others; Cut is what they reach then.
	Settling int
	Cut      string
	Lines    []line
	YTicks   []tick
	XTicks   []tick
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
	top := c.top()
	points := 1
	for _, l := range c.Lines {
		points = max(points, len(l.values)-1)
	}
	step := niceStep(top / chartTicks)
	top = step * max(1, math.Ceil(top/step))
	x := func(h int) float64 { return plotLeft + (plotRight-plotLeft)*float64(h)/float64(points) }
	y := func(v float64) float64 { return plotBottom - (plotBottom-plotTop)*min(v, top)/top }
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
	every := max(1, (points/c.PointsPerLabel+maxLabels-1)/maxLabels)
	for d := 0; d*c.PointsPerLabel <= points; d += every {
		c.XTicks = append(c.XTicks, tick{x(d * c.PointsPerLabel), strconv.Itoa(d)})
	}
}

// top is the greatest value to be drawn.
func (c *chart) top() float64 {
	var settled, all float64
	for _, l := range c.Lines {
		for i, v := range l.values {
			all = max(all, v)
			if i >= c.Settling {
				settled = max(settled, v)
			}
		}
	}
	if settled <= 0 || all <= 2*settled {
		return all
	}
	c.Cut = strconv.FormatFloat(all, 'f', 0, 64)
	return settled
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
