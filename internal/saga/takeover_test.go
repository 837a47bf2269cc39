package saga_test

import (
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/saga"
)

func TestATakeOverResumesWhatIsUnderWay(t *testing.T) {
	f := saga.NewFleet("f", saga.DefaultConfig())
	effects := f.Submit(plan("p1", 1), start)
	var intent model.Step
	for _, e := range effects {
		if e.Step != nil {
			intent = *e.Step
		}
	}
	later := intent.Deadline.Add(time.Hour)
	resumed := f.TakeOver(later)
	if len(resumed) != 1 || resumed[0].Step == nil {
		t.Fatalf("effects %+v", resumed)
	}
	s := *resumed[0].Step
	if s.ID != intent.ID || s.Phase != model.PhaseResume || s.Lost != intent.Deadline || s.Deadline <= later {
		t.Errorf("resumed %+v of %+v", s, intent)
	}
	for _, e := range f.Advance(later) {
		t.Errorf("the resumed command was given up: %+v", e)
	}
	s.Phase, s.At = model.PhaseDone, later
	if done := f.Outcome(s); len(done) == 0 {
		t.Error("its outcome counts for nothing")
	}
	if under, ok := f.Under("p1", 0, intent.ID); ok {
		t.Errorf("%+v is still under way", under)
	}
}

func TestWindows(t *testing.T) {
	monday := model.InstantOf(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		windows []string
		at      time.Duration
		begins  bool
		opens   time.Duration // from monday; 0: not asked
	}{
		{nil, 3 * time.Hour, true, 0},
		{[]string{"22:00-06:00"}, 3 * time.Hour, true, 0},
		{[]string{"22:00-06:00"}, 12 * time.Hour, false, 22 * time.Hour},
		{[]string{"sat,sun 00:00-24:00"}, 12 * time.Hour, false, 5 * 24 * time.Hour},
		{[]string{"sun 22:00-02:00"}, time.Hour, true, 0},
		{[]string{"fri-mon 01:00-02:00"}, 90 * time.Minute, true, 0},
		{[]string{"fri-mon 01:00-02:00"}, 2 * time.Hour, false, 4*24*time.Hour + time.Hour},
		{[]string{"always"}, 12 * time.Hour, true, 0},
	} {
		config := saga.DefaultConfig()
		f := saga.NewFleet("f", config)
		now := monday.Add(c.at)
		f.Control(model.Control{Fleet: "f", ID: "w", Kind: model.ControlLimit, Windows: c.windows, At: now})
		began := false
		for _, e := range f.Submit(plan("p1", 1), now) {
			began = began || e.Step != nil
		}
		if began != c.begins {
			t.Errorf("%v at %v: began %t", c.windows, c.at, began)
		}
		if at, ok := f.NextTimer(); c.opens > 0 && (!ok || at != monday.Add(c.opens)) {
			t.Errorf("%v at %v: opens at %v, want %v", c.windows, c.at, at, monday.Add(c.opens))
		}
	}
	for _, bad := range []string{"", "22-06", "noday 10:00-11:00", "25:00-26:00", "mon 10:00"} {
		if _, err := saga.ParseWindows([]string{bad}); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestOrdersSetLimits(t *testing.T) {
	config := saga.DefaultConfig()
	config.Limits = saga.Limits{BytesPerSecond: 100}
	f := saga.NewFleet("f", config)
	limit := func(id string, moves int, rate int64) {
		f.Control(model.Control{Fleet: "f", ID: id, Kind: model.ControlLimit, Moves: moves, BytesPerSecond: rate, At: start})
	}
	limit("a", 2, 50)
	p := plan("p1", 5)
	begun := 0
	for _, e := range f.Submit(p, start) {
		if e.Step != nil {
			begun++
		}
	}
	if begun != 2 {
		t.Errorf("%d moves begun, want 2", begun)
	}
	if got := f.Bandwidth(&model.Move{}); got != 50 {
		t.Errorf("bandwidth %d", got)
	}
	if got := f.Bandwidth(&model.Move{BandwidthBytesPerSecond: 20}); got != 20 {
		t.Errorf("bandwidth of a move with its own %d", got)
	}
	b, err := f.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := saga.NewFleet("", config)
	if err := again.UnmarshalBinary(b); err != nil || again.Bandwidth(&model.Move{}) != 50 {
		t.Errorf("restored: %v, %d", err, again.Bandwidth(&model.Move{}))
	}
	limit("b", 0, -1)
	if got := f.Bandwidth(&model.Move{}); got != 100 {
		t.Errorf("given back: %d", got)
	}
}
