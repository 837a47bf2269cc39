package backtest

import (
	"strings"
	"testing"
)

func TestAChartIsScaledToItsGreatestValue(t *testing.T) {
	c := chart{PointsPerLabel: 2, Lines: []line{{values: []float64{0, 10, 40, 20, 30}}}}
	c.draw()
	if want := "64.0,208.0 224.0,159.0 384.0,12.0 544.0,110.0 704.0,61.0"; c.Lines[0].Points != want || c.Cut != "" {
		t.Errorf("points %q, cut %q; want %q and nothing cut", c.Lines[0].Points, c.Cut, want)
	}
	if n := len(c.XTicks); n != 3 || c.XTicks[2].Text != "2" || c.XTicks[2].At != plotRight {
		t.Errorf("labels of time %v, want 0, 1, 2 to the right end", c.XTicks)
	}
	if last := c.YTicks[len(c.YTicks)-1]; last.Text != "40" || last.At != plotTop {
		t.Errorf("highest label %v, want 40 at the top", last)
	}
}

// A start that is far above all else must not flatten it, and is told.
func TestASettlingStartIsCutOff(t *testing.T) {
	c := chart{PointsPerLabel: 12, Settling: 2,
		Lines: []line{{values: []float64{800, 90, 40, 20}}, {values: []float64{5, 5, 5, 5}}}}
	c.draw()
	if c.Cut != "800" || !strings.HasPrefix(c.Lines[0].Points, "64.0,12.0 277.3,12.0 490.7,12.0 704.0,110.0") {
		t.Errorf("cut %q, points %q", c.Cut, c.Lines[0].Points)
	}
	steady := chart{PointsPerLabel: 12, Settling: 2, Lines: []line{{values: []float64{75, 60, 40, 20}}}}
	steady.draw()
	if steady.Cut != "" {
		t.Errorf("cut %q of a chart that is readable", steady.Cut)
	}
	short := chart{PointsPerLabel: 12, Settling: 12, Lines: []line{{values: []float64{7, 7}}}}
	short.draw()
	if short.Cut != "" || !strings.HasPrefix(short.Lines[0].Points, "64.0,") {
		t.Errorf("a day shorter than its settling: %q, cut %q", short.Lines[0].Points, short.Cut)
	}
}

func TestLabelsOfTimeAreFew(t *testing.T) {
	for points, want := range map[int]int{24: 13, 14: 15, 90: 16} {
		c := chart{PointsPerLabel: 12, Lines: []line{{values: make([]float64, 12*points+1)}}}
		c.draw()
		if len(c.XTicks) != want {
			t.Errorf("%d units of time: %d labels, want %d", points, len(c.XTicks), want)
		}
	}
}

func TestAChartOfNothingLiesAtTheBottom(t *testing.T) {
	c := chart{PointsPerLabel: 12, Lines: []line{{values: []float64{0, 0}}}}
	c.draw()
	if want := "64.0,208.0 704.0,208.0"; c.Lines[0].Points != want {
		t.Errorf("points %q, want %q", c.Lines[0].Points, want)
	}
}
