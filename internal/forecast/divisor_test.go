package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

func TestSplitIsDivisionRoundedDown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 11))
	check := func(a, n int64) {
		t.Helper()
		d := divisorOf(n)
		q, r := d.split(a)
		if want := floorDiv(a, n); q != want || r != a-want*n {
			t.Fatalf("%d by %d: %d and %d, want %d and %d", a, n, q, r, want, a-want*n)
		}
	}
	for _, n := range []int64{1, 2, 3, 12, 300_000, 86_400_000, 604_800_000, 1 << 40} {
		for _, a := range []int64{0, 1, n - 1, n, n + 1, 1 << 52, 1<<52 + 1, -1 << 52, math.MaxInt64, math.MinInt64} {
			check(a, n)
			check(-a, n)
		}
		for range 2000 {
			a := int64(rng.Uint64()) >> rng.IntN(63)
			check(a, n)
			check(a-a%n, n) // where a guess falls on either side
			check(a-a%n-1, n)
		}
	}
}

// TestPlacesFollowTheirDefinition compares slots, parts and weights with what the
// phases say, before 1970 and around changes of the clock as well.
func TestPlacesFollowTheirDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 11))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, seasons := range [][]time.Duration{nil, {24 * time.Hour}, {24 * time.Hour, 168 * time.Hour}, {7 * time.Hour, 50 * time.Hour}, {10 * time.Minute}} {
		for _, bin := range []time.Duration{5 * time.Minute, 13 * time.Minute / 4} {
			cfg := DefaultConfig()
			cfg.Bin, cfg.Seasons, cfg.Zone = bin, seasons, wallclock.Of(berlin)
			l := newLayout(cfg)
			for range 3000 {
				at := model.Instant(rng.Int64N(1<<41) - 1<<39)
				p, wall := l.placeOf(at), l.zone.Wall(at)
				day, week := l.standingOn(wall)
				if p.wall != wall || p.day != day || p.week != week {
					t.Fatalf("%v, %v: %+v, standing %+v and %+v", bin, seasons, p, day, week)
				}
				if l.daySlots > 0 {
					phase := int64(wall) - floorDiv(int64(wall), l.day)*l.day
					if p.slot != int(phase*int64(l.daySlots)/l.day) || p.part != int(phase*int64(l.parts)/l.day) {
						t.Fatalf("%v, %v: slot %d and part %d at %d of %d", bin, seasons, p.slot, p.part, phase, l.day)
					}
					stands(t, p.day, int64(wall), l.bin, l.day, l.daySlots)
				}
				if l.weekSlots > 0 {
					stands(t, p.week, int64(wall), l.bin, l.week, l.weekSlots)
				}
			}
		}
	}
}

// stands checks that a bin's middle lies between the middles of two slots.
func stands(t *testing.T, s season, wall, bin, length int64, slots int) {
	t.Helper()
	middle := wall + bin/2
	x := float64(middle-floorDiv(middle, length)*length)/float64(length)*float64(slots) - 0.5
	i := (int(math.Floor(x)) + slots) % slots
	if s.i != i || s.j != (i+1)%slots || math.Abs(s.w-(x-math.Floor(x))) > 1e-12 {
		t.Fatalf("%+v where %v of %d slots are over", s, x, slots)
	}
}
