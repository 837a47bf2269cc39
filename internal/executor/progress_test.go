package executor

import (
	"testing"
	"time"

	"drover/internal/model"
)

func TestSimulatedCopiesTellHowFarTheyAre(t *testing.T) {
	const size = 80 << 20
	slow := func(step model.Step, move model.Move) (time.Duration, string) {
		if step.Kind == model.StepReplicate {
			return 200 * time.Second, ""
		}
		return time.Second, ""
	}
	s := newScript(t, testConfig(slow))
	p := plan("p-1", 600*second, "db/0", "web/0")
	p.Moves[0].DataBytes = size
	s.minute(600*second, p)
	for tick := model.Instant(660 * second); tick < 1200*second; tick += 60 * second {
		s.minute(tick)
	}
	if got := s.ends()["p-1"]; got != model.PlanSucceeded {
		t.Fatalf("plan ended %q", got)
	}
	last := map[int]model.Progress{}
	told := 0
	for _, e := range s.out {
		o, ok := e.Event.(model.Outcome)
		if !ok || o.Kind != model.OutcomeProgress {
			continue
		}
		now, before := o.Progress, last[o.MoveIndex]
		if now.DoneBytes <= before.DoneBytes || now.DoneBytes >= size || now.TotalBytes != size {
			t.Errorf("move %d: %+v after %+v", o.MoveIndex, now, before)
		}
		if now.BytesPerSecond != size/200 {
			t.Errorf("move %d: %d bytes a second, want %d", o.MoveIndex, now.BytesPerSecond, size/200)
		}
		left := time.Duration(float64(size-now.DoneBytes) / float64(size) * float64(200*time.Second))
		if off := now.TimeLeft - left; off < -time.Second || off > time.Second {
			t.Errorf("move %d: %v left of %+v, want %v", o.MoveIndex, now.TimeLeft, now, left)
		}
		if o.MoveIndex == 0 && o.Replica != "db/0" {
			t.Errorf("%+v", o)
		}
		last[o.MoveIndex] = now
		told++
	}
	if told < 6 || len(last) != 2 { // the move and the plan, several times
		t.Errorf("told %d times of %d subjects", told, len(last))
	}
}
