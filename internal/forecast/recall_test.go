package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"drover/internal/model"
)

// monday is a midnight at which working days begin.
const monday = model.Instant(1_700_438_400_000)

// working is a made-up load that falls by a part on Saturdays and Sundays, from
// midnight to midnight.
func working(rng *rand.Rand, at model.Instant, drop, noise float64) float64 {
	day := float64(at%86_400_000) / 86_400_000
	load := 100 + 30*math.Sin(2*math.Pi*day)
	if d := at.Time().Weekday(); d == time.Saturday || d == time.Sunday {
		load *= 1 - drop
	}
	return load + noise*rng.NormFloat64()
}

// fedUpTo returns a series of so many weeks of working days that ends at an
// instant.
func fedUpTo(end model.Instant, weeks int, drop float64) *Series {
	cfg := DefaultConfig()
	cfg.Blocks = 28 * 24
	s, rng := NewSeries(cfg), rand.New(rand.NewPCG(3, 4))
	for at := end.Add(-time.Duration(weeks) * 168 * time.Hour); at < end; at = at.Add(cfg.Bin) {
		s.Observe(at, working(rng, at, drop, 2), nil)
	}
	return s
}

func TestTheStepIntoTheWeekIsForeseen(t *testing.T) {
	quiet := rand.New(rand.NewPCG(1, 1))
	for _, weeks := range []int{3, 4} {
		tick := monday.Add(-30 * time.Minute)
		q, _ := fedUpTo(tick, weeks, 0.3).Forecast(tick, 36, nil)
		for h := range 36 {
			want := working(quiet, tick.Add(time.Duration(h)*5*time.Minute), 0.3, 0)
			if got := q.At(h, 0.5); math.Abs(got-want) > 0.12*want {
				t.Errorf("%d weeks: %v ahead the median is %.1f, want about %.1f", weeks, time.Duration(h)*5*time.Minute, got, want)
			}
		}
	}
}

func TestTheStepIntoTheWeekendIsForeseen(t *testing.T) {
	tick := monday.Add(-48*time.Hour - 20*time.Minute)
	q, _ := fedUpTo(tick, 3, 0.3).Forecast(tick, 24, nil)
	before, after := q.At(2, 0.5), q.At(6, 0.5)
	if after > 0.8*before {
		t.Errorf("from %.1f before midnight to %.1f after it: want a fall by nearly a third", before, after)
	}
}

func TestAStepThatHasComeIsBelievedAtOnce(t *testing.T) {
	tick := monday.Add(10 * time.Minute)
	q, _ := fedUpTo(tick, 3, 0.3).Forecast(tick, 12, nil)
	want := working(rand.New(rand.NewPCG(1, 1)), tick, 0.3, 0)
	if got := q.At(0, 0.5); math.Abs(got-want) > 0.08*want {
		t.Errorf("ten minutes into the week the median is %.1f, want about %.1f", got, want)
	}
}

func TestWithoutStepsNothingIsRecalled(t *testing.T) {
	for hour := range 24 {
		tick := monday.Add(time.Duration(hour) * time.Hour)
		s := fedUpTo(tick, 3, 0)
		r := s.recall()
		if r == nil {
			t.Fatal("three weeks are kept, but nothing looks steps up")
		}
		if jump := r.step(tick.Add(4 * time.Hour)); jump != 0 {
			t.Errorf("hour %d: a step of %.1f out of noise", hour, jump)
		}
	}
}

func TestOneWeekIsNoEvidence(t *testing.T) {
	tick := monday.Add(-30 * time.Minute)
	s := fedUpTo(tick, 1, 0.3)
	if s.recall() != nil {
		t.Error("a single week is taken for a habit")
	}
	// A weekend that was different takes the step back.
	const nineDays = 9 * 24 * time.Hour
	s = fedUpTo(tick.Add(-nineDays), 2, 0.3)
	rng := rand.New(rand.NewPCG(5, 6))
	for at := tick.Add(-nineDays); at < tick; at = at.Add(5 * time.Minute) {
		s.Observe(at, working(rng, at, 0, 2), nil)
	}
	if jump := s.recall().step(monday); jump != 0 {
		t.Errorf("a step of %.1f, though last week had none", jump)
	}
}

// A fleet of two weeks knows one Monday: its rise is expected again, while a fall
// is believed only after two, and noise of one week is no step.
func TestARiseSeenOnceIsExpectedAgainAFallIsNot(t *testing.T) {
	tick := monday.Add(-10 * time.Minute)
	quiet := rand.New(rand.NewPCG(1, 1))
	s := fedUpTo(tick, 2, 0.3)
	q, _ := s.Forecast(tick, 24, nil)
	for h := 2; h < 24; h++ {
		want := working(quiet, tick.Add(time.Duration(h)*5*time.Minute), 0.3, 0)
		if got := q.At(h, 0.5); math.Abs(got-want) > 0.15*want {
			t.Errorf("%v ahead the median is %.1f, want about %.1f", time.Duration(h)*5*time.Minute, got, want)
		}
	}
	saturday := monday.Add(-48 * time.Hour)
	s = NewSeries(s.cfg)
	rng := rand.New(rand.NewPCG(3, 4))
	for at := saturday.Add(-9 * 24 * time.Hour); at < saturday.Add(-10*time.Minute); at = at.Add(5 * time.Minute) {
		s.Observe(at, working(rng, at, 0.3, 2), nil)
	}
	r := s.recall()
	if r == nil {
		t.Fatal("a week and two days are kept, but nothing looks steps up")
	}
	if jump := r.step(saturday.Add(time.Hour)); jump != 0 {
		t.Errorf("a fall of %.1f, seen once", jump)
	}
	for hour := range 24 {
		tick := monday.Add(time.Duration(hour) * time.Hour)
		if jump := fedUpTo(tick, 2, 0).recall().step(tick.Add(4 * time.Hour)); jump != 0 {
			t.Errorf("hour %d: a step of %.1f out of the noise of one week", hour, jump)
		}
	}
}

func TestALongSilenceIsNoStep(t *testing.T) {
	tick := monday.Add(-30 * time.Minute)
	s := fedUpTo(tick, 3, 0.3)
	fast := s.fast
	s.meet(tick.Add(50*365*24*time.Hour), tick.Add(50*365*24*time.Hour), 30)
	if s.fast != fast {
		t.Error("an hour after fifty years of silence counts as a step of the week")
	}
	q, _ := s.Forecast(tick.Add(365*24*time.Hour), 12, nil)
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
}
