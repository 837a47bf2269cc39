package effects

import (
	"math"
	"testing"
	"time"

	"drover/internal/model"
)

const day = 24 * time.Hour

var grid = Grid{Start: model.Instant(1_700_006_400_000), Step: day, Season: 7}

func at(name string, d, length int) Event {
	return Event{Name: name, Start: grid.At(d), End: grid.At(d + length)}
}

// flat is a quiet series of tens, and the same with events of a kind added at
// some days: +4 on the day, +6 on the next.
func flat(n int, days ...int) (values, quiet []float64) {
	for range n {
		values, quiet = append(values, 10), append(quiet, 10)
	}
	for _, d := range days {
		if d < n {
			values[d] += 4
		}
		if d+1 < n {
			values[d+1] += 6
		}
	}
	return values, quiet
}

func TestEffectOfTheDayAndTheDayAfter(t *testing.T) {
	values, quiet := flat(100, 20, 50, 80)
	l := Learn(grid, []Event{at("match 1", 20, 1), at("match 2", 50, 1), at("match 3", 80, 1), at("match 4", 105, 1)}, values, quiet)
	forecast := []float64{10, 10, 10, 10, 10, 10, 10, 10}
	doubt := l.Apply(quiet, forecast)
	if math.Abs(forecast[5]-14) > 0.3 || math.Abs(forecast[6]-16) > 0.3 || math.Abs(forecast[7]-10) > 0.3 || forecast[3] != 10 {
		t.Errorf("forecast %v, want 14 on step 5 and 16 on step 6", forecast)
	}
	if doubt[0] != 0 || doubt[5] < 0 {
		t.Errorf("doubt %v", doubt)
	}
}

func TestOverlappingKindsAddUp(t *testing.T) {
	values, quiet := flat(120, 20, 50, 80)
	for _, d := range []int{35, 80, 95} {
		values[d] += 3
	}
	events := []Event{at("match", 20, 1), at("match", 50, 1), at("match", 80, 1), at("sale", 35, 1), at("sale", 80, 1), at("sale", 95, 1), at("sale", 122, 1), at("match", 122, 1)}
	forecast := []float64{10, 10, 10, 10, 10}
	Learn(grid, events, values, quiet).Apply(quiet, forecast)
	if math.Abs(forecast[2]-17) > 0.5 {
		t.Errorf("both at once give %.2f, want 17", forecast[2])
	}
}

func TestPartsOfAnHourlyEvent(t *testing.T) {
	g := Grid{Start: 0, Step: time.Hour, Season: 24}
	e := Event{Name: "x", Start: g.At(100), End: g.At(108)}
	for step, want := range map[int]int{92: 0, 99: 0, 100: 1, 101: 1, 102: 2, 107: 4, 108: 5, 115: 5, 116: 6, 131: 7} {
		if part, ok := g.part(&e, step); !ok || part != want {
			t.Errorf("step %d is part %d (%v), want %d", step, part, ok, want)
		}
	}
	for _, step := range []int{91, 132} {
		if _, ok := g.part(&e, step); ok {
			t.Errorf("step %d is part of the event", step)
		}
	}
	if from, to := g.Span(&e); from != 92 || to != 132 {
		t.Errorf("span %d to %d", from, to)
	}
}

func TestKindLeavesTheYearOut(t *testing.T) {
	for name, want := range map[string]string{"Sale 2025": "sale", "Black Friday": "black friday", "2024": "2024", "run #3": "run"} {
		e := Event{Name: name}
		if got := e.Kind(); got != want {
			t.Errorf("%q is of kind %q, want %q", name, got, want)
		}
	}
}

func TestUnknownKindChangesNothing(t *testing.T) {
	values, quiet := flat(60)
	forecast := []float64{10, 10, 10}
	Learn(grid, []Event{at("new", 61, 1)}, values, quiet).Apply(quiet, forecast)
	for _, v := range forecast {
		if v != 10 {
			t.Errorf("forecast %v", forecast)
		}
	}
}

func TestSmoothKeepsTheMean(t *testing.T) {
	out := Smooth([]float64{1, 2, 3, 1, 2, 3, 1, 2, 3}, 3)
	for i, v := range out {
		if math.Abs(v-2) > 1e-12 {
			t.Errorf("place %d: %v", i, v)
		}
	}
}
