package move

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// idle is a driver with two points that does nothing well.
type idle struct{ trace actuator.Tracer }

func (idle) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "idle", Steps: actuator.MoveSteps()}
}

func (d idle) Perform(ctx context.Context, _ actuator.Command) error {
	d.trace.At("begin")
	d.trace.At("end")
	return ctx.Err()
}

func (idle) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// play runs a plan on a driver that does nothing, with one fault.
func play(t *testing.T, f *Fault) (*Executor, model.PlanState) {
	t.Helper()
	config := QuickConfig()
	config.BackOff, config.Grace, config.DefaultDeadline = time.Millisecond, 10*time.Millisecond, 50*time.Millisecond
	e := NewExecutor(config, func() actuator.Driver { return f.Before(idle{f.At}) })
	f.Crash, f.KillTarget = e.Crash, func(model.Move) {}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	state, err := e.Run(ctx, planFor("p", "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	return e, state
}

func TestFaultsGoOff(t *testing.T) {
	for _, c := range []struct {
		kind      FaultKind
		want      model.PlanState
		takeOvers int
		tries     int // commands of the step
	}{
		{FaultNone, model.PlanSucceeded, 0, 1},
		{FaultError, model.PlanRolledBack, 0, 3},
		{FaultTimeout, model.PlanSucceeded, 0, 2},
		{FaultLost, model.PlanSucceeded, 0, 2},
		{FaultDuplicate, model.PlanSucceeded, 0, 1},
		{FaultCrashExecutor, model.PlanSucceeded, 1, 1},
		{FaultCrashTarget, model.PlanSucceeded, 0, 1},
	} {
		f := &Fault{Kind: c.kind, Step: model.StepProvision, Point: 1}
		e, state := play(t, f)
		tries := 0
		for _, s := range e.Log {
			if s.Kind == model.StepProvision && s.Phase == model.PhaseIntent {
				tries++
			}
		}
		if state != c.want || e.TakeOvers != c.takeOvers || tries != c.tries || f.Fired() != (c.kind != FaultNone) {
			t.Errorf("%s: %s after %d take-overs and %d tries, fired %t", c.kind, state, e.TakeOvers, tries, f.Fired())
		}
		if wrong := once(e.Log); wrong != "" {
			t.Errorf("%s: %s", c.kind, wrong)
		}
	}
}

func TestOnceFindsRepeats(t *testing.T) {
	a, b := model.Step{ID: "p/0/f/1/admit", Phase: model.PhaseIntent}, model.Step{ID: "p/0/f/2/admit", Phase: model.PhaseIntent}
	done := a
	done.Phase = model.PhaseDone
	for name, c := range map[string]struct {
		log  []model.Step
		good bool
	}{"in order": {[]model.Step{a, done, b}, true}, "over another": {[]model.Step{a, b}, false}, "again": {[]model.Step{a, done, a}, false}} {
		if got := once(c.log) == ""; got != c.good {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// forgetful acknowledges writes and keeps every second one.
type forgetful struct{ kept map[int]bool }

func (s forgetful) Write(_ context.Context, _, number int) error {
	time.Sleep(100 * time.Microsecond)
	switch number % 3 {
	case 0:
		s.kept[number] = true
	case 1:
		return errors.New("refused")
	}
	return nil
}

func (forgetful) Close() error { return nil }

func TestLoadCountsWhatIsLost(t *testing.T) {
	s := forgetful{make(map[int]bool)}
	l := &Load{Dial: func(context.Context) (Session, error) { return s, nil }}
	l.Start(t.Context(), 1)
	err := actuator.Poll(t.Context(), time.Millisecond, func() (bool, error) { return l.Acked() >= 20, nil })
	if err != nil {
		t.Fatal(err)
	}
	acked := l.Stop()
	lost := Lost(acked, func(_, n int) bool { return s.kept[n] })
	if want := l.Acked() / 2; lost < want-1 || lost > want+1 || l.failed == 0 {
		t.Errorf("%d of %d lost, %d failed", lost, l.Acked(), l.failed)
	}
	if p := l.Pause(); p <= 0 || l.Pause() != 0 {
		t.Errorf("pause %v, and then %v", p, l.Pause())
	}
}

func TestMedianAndHolds(t *testing.T) {
	if m := Median([]time.Duration{3e6, 1e6, 2e6}); m != 2 || Median(nil) != 0 {
		t.Errorf("median %v", m)
	}
	for name, c := range map[string]struct {
		what   string
		result Result
		why    string
	}{
		"good":   {"redis", Result{Acked: 9, PauseMillis: 99}, ""},
		"lost":   {"redis", Result{Acked: 9, Lost: 1}, "1 of 9"},
		"failed": {"http", Result{Acked: 9, FailedRequests: 2}, "2 of 9"},
	} {
		if err := c.result.Holds(c.what); (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Prepare("nothing", &Options{}); err == nil {
		t.Error("there is nothing called nothing")
	}
}

func TestTableIsWritten(t *testing.T) {
	tables := Tables{
		{Driver: "redis", Acked: 7, Cells: []Cell{
			{Step: "admit", Kind: FaultError, Points: 1, Ends: []string{endRestored}, Slowest: 150 * time.Millisecond},
			{Step: "admit", Kind: FaultTimeout, Points: 3, Ends: []string{endMoved, endParked}, Slowest: time.Second, Wrong: "point 1: nobody serves"},
		}},
		{Driver: "update", Note: "By a program.", Cells: []Cell{{Step: model.StepUpdate, Kind: FaultError}, {Step: model.StepUpdate, Kind: FaultLost, Ends: []string{endUpdated}}}},
	}
	var b strings.Builder
	if err := tables.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### redis", "### update", "| admit | restored, 0.1 s |", "moved or parked, 1.0 s (3 points) **point 1: nobody serves**",
		"2 cells: 0 moved, 1 restored, 1 parked, 1 wrong; lost 0 of 7 ", "By a program. 2 cells: 1 updated"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	sums := tables.Sums()
	for what, want := range map[string]int{"cells": 4, "restored": 1, "parked": 1, "moved": 1, "wrong": 2, "acked": 7} {
		if sums[what] != want {
			t.Errorf("%s: %d, want %d", what, sums[what], want)
		}
	}
}

func TestTablesArePublished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	const page = "before\n<!-- table redis -->\nold\n<!-- end of table redis -->\nbetween\n<!-- table files -->\nkept\n<!-- end of table files -->\n"
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	tables := Tables{{Driver: "redis", Cells: []Cell{{Step: "admit", Kind: FaultError, Ends: []string{endRestored}}}}}
	for range 2 { // the second time changes nothing
		if err := tables.Publish(path); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{"before\n": 1, "old": 0, "| admit | restored": 1, "\nbetween\n": 1, "kept": 1, "<!-- table redis -->": 1} {
		if got := strings.Count(string(text), want); got != times {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, times, text)
		}
	}
	tables[0].Driver = "nobody"
	if err := tables.Publish(path); err == nil || !strings.Contains(err.Error(), "no marks") {
		t.Errorf("a page without a place: %v", err)
	}
}
