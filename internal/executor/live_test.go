package executor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

func TestDriversCarryAPlanOut(t *testing.T) {
	driver := newFake()
	h := newHouse(t, liveConfig(), driver)
	h.feed(stream.Plans, plan("p-1", 1, "web/0", "api/0"))
	h.awaitEnd("p-1", model.PlanSucceeded)
	for _, id := range []string{"p-1/0/f/1/admit", "p-1/1/f/7/retire"} {
		if n := driver.count("perform " + id); n != 1 {
			t.Errorf("%s was performed %d times", id, n)
		}
	}
	for _, s := range h.steps(model.PhaseIntent) {
		if s.Epoch != 1 {
			t.Errorf("%s has epoch %d, want the owner's", s.ID, s.Epoch)
		}
	}
}

func TestNothingIsPerformedBeforeItsIntentIsDurable(t *testing.T) {
	driver := newFake()
	durable := map[model.StepID]bool{}
	var early atomic.Int32
	h := newHouse(t, liveConfig(), driver)
	h.mu.Lock()
	h.observed = func(e stage.Emission) { // called before the performer is told
		if s, ok := e.Event.(model.Step); ok && s.Phase == model.PhaseIntent {
			driver.mu.Lock()
			durable[s.ID] = true
			driver.mu.Unlock()
		}
	}
	h.mu.Unlock()
	driver.perform = func(_ context.Context, c actuator.Command) error {
		driver.mu.Lock()
		defer driver.mu.Unlock()
		if !durable[c.Step.ID] {
			early.Add(1)
		}
		return nil
	}
	h.feed(stream.Plans, plan("p-1", 1, "web/0"))
	h.awaitEnd("p-1", model.PlanSucceeded)
	if early.Load() > 0 {
		t.Errorf("%d commands were performed before their intent", early.Load())
	}
}

func TestFailuresComeBackAsEvents(t *testing.T) {
	driver := newFake()
	driver.perform = func(_ context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepCutOver {
			return errors.New("connection refused")
		}
		return nil
	}
	h := newHouse(t, liveConfig(), driver)
	h.feed(stream.Plans, plan("p-1", 1, "web/0"))
	h.awaitEnd("p-1", model.PlanRolledBack)
	reported := false
	for _, rec := range h.logs[stream.Reports] {
		if r, ok := rec.Event.(model.Report); ok && r.Kind == model.ReportFailed && r.Reason == "connection refused" {
			reported = true
		}
	}
	if !reported {
		t.Error("the failure isn't in the log")
	}
}

func TestACommandThatHangsFailsAtItsDeadline(t *testing.T) {
	config := liveConfig()
	config.Saga.Attempts, config.Saga.Deadlines = 1, map[model.StepKind]time.Duration{model.StepProvision: 30 * time.Millisecond}
	driver := newFake()
	driver.perform = func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepProvision {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	}
	h := newHouse(t, config, driver)
	h.feed(stream.Plans, plan("p-1", 1, "web/0"))
	h.awaitEnd("p-1", model.PlanRolledBack)
}

// replayed folds the logs anew, so many records of a topic at a turn, with a
// restart after every hundredth turn.
func (h *house) replayed(turn int) []stage.Emission {
	h.t.Helper()
	var out []stage.Emission
	task := stage.Task(NewLive(h.config, 0, nil))
	topics := h.config.Topics()
	read := map[string]int{}
	for left, n := true, 0; left; n++ {
		left = false
		for i := range topics {
			topic := topics[(i+n)%len(topics)] // another interleaving than before
			log := h.logs[topic]
			for range turn {
				if read[topic] >= len(log) {
					break
				}
				left = true
				emissions, err := task.Handle(log[read[topic]])
				if err != nil {
					h.t.Fatal(err)
				}
				read[topic]++
				out = append(out, emissions...)
			}
		}
		if n%100 != 99 {
			continue
		}
		snapshot, err := task.AppendSnapshot(nil)
		if err != nil {
			h.t.Fatal(err)
		}
		task = NewLive(h.config, 0, nil)
		if err := task.Restore(snapshot); err != nil {
			h.t.Fatal(err)
		}
		for _, topic := range topics {
			at, _ := task.Position(topic)
			read[topic] = int(at)
		}
		if n > 100_000 {
			h.t.Fatal("the replay does not get on")
		}
	}
	return out
}

func TestAReplayDecidesTheSame(t *testing.T) {
	driver := newFake()
	var n atomic.Int32
	driver.perform = func(_ context.Context, c actuator.Command) error {
		c.Tell(1<<20, 4<<20)
		if c.Step.Kind == model.StepReplicate {
			time.Sleep(10 * time.Millisecond)
		}
		if n.Add(1)%7 == 0 {
			return errors.New("by chance")
		}
		return nil
	}
	driver.reading = func(actuator.Command) (model.Reading, error) {
		return model.Reading{Requests: 10, ResponseMicros: 900, SaturationPPM: 200_000}, nil
	}
	config := liveConfig()
	config.Saga.Watch = 20 * time.Millisecond
	h := newHouse(t, config, driver)
	for i := range 5 {
		h.feed(stream.Plans, plan(model.PlanID(fmt.Sprintf("p-%d", i)), 1, model.ReplicaID(fmt.Sprintf("a%d/0", i)), model.ReplicaID(fmt.Sprintf("b%d/0", i))))
		h.feed(stream.Control, model.Heartbeat{Producer: "i", At: model.Instant(1000 * (i + 1))})
	}
	h.feed(stream.Control, model.Control{Fleet: "f", ID: "x", Kind: model.ControlPause, Plan: "p-3", At: 1}, model.Control{Fleet: "f", ID: "y", Kind: model.ControlResume, Plan: "p-3", At: 1})
	h.takeOver(driver)
	for i := range 5 {
		id := model.PlanID(fmt.Sprintf("p-%d", i))
		h.await("end of "+string(id), func() bool { s, _ := h.end(id); return s != "" })
	}
	h.owner.Revoked(0)
	h.mu.Lock()
	defer h.mu.Unlock()
	want := fmt.Sprintf("%+v", h.out)
	for _, turn := range []int{1, 3, 1000} {
		if got := fmt.Sprintf("%+v", h.replayed(turn)); got != want {
			t.Errorf("in turns of %d the replay decides otherwise", turn)
		}
	}
}

func TestATakeOverAsksBeforeItActs(t *testing.T) {
	first, second := newFake(), newFake()
	block := make(chan struct{})
	first.perform = func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepReplicate {
			select {
			case <-block:
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		return nil
	}
	second.status = func(c actuator.Command) actuator.Status { return actuator.Status{State: actuator.Done} }
	h := newHouse(t, liveConfig(), first)
	h.feed(stream.Plans, plan("p-1", 1, "db/0"))
	h.await("the copy", func() bool { return first.count("perform p-1/0/f/3/replicate") == 1 })
	h.takeOver(second)
	h.awaitEnd("p-1", model.PlanSucceeded)
	close(block)
	if second.count("status p-1/0/f/3/replicate") != 1 || second.count("perform p-1/0/f/3/replicate") != 0 {
		t.Errorf("the new owner did %v", second.asked)
	}
	if len(h.steps(model.PhaseResume)) != 1 || h.steps(model.PhaseResume)[0].Epoch != 2 {
		t.Errorf("resumed: %+v", h.steps(model.PhaseResume))
	}
}

func TestATargetThatCannotRefuseIsWaitedOut(t *testing.T) {
	config := liveConfig()
	config.Saga.Deadlines = map[model.StepKind]time.Duration{model.StepReplicate: 300 * time.Millisecond}
	first, second := newFake(), newFake()
	second.caps.Fences = false
	hang := func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepReplicate {
			<-ctx.Done()
		}
		return ctx.Err()
	}
	first.perform = hang
	var begun atomic.Int64
	second.perform = func(_ context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepReplicate {
			begun.CompareAndSwap(0, time.Now().UnixMilli())
		}
		return nil
	}
	h := newHouse(t, config, first)
	h.feed(stream.Plans, plan("p-1", 1, "db/0"))
	h.await("the copy", func() bool { return first.count("perform p-1/0/f/3/replicate") == 1 })
	var deadline model.Instant
	for _, s := range h.steps(model.PhaseIntent) {
		if s.Kind == model.StepReplicate {
			deadline = s.Deadline
		}
	}
	h.takeOver(second)
	h.awaitEnd("p-1", model.PlanSucceeded)
	if model.Instant(begun.Load()) < deadline {
		t.Errorf("the new owner acted %d ms before the old one's deadline", deadline-model.Instant(begun.Load()))
	}
}

func TestAZombieChangesNothing(t *testing.T) {
	zombie, driver := newFake(), newFake()
	release := make(chan struct{})
	zombie.perform = func(_ context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepProvision {
			<-release // as if it were stopped: it doesn't hear of anything
		}
		return errors.New("what a zombie says")
	}
	zombie.perform = wrapAdmit(zombie.perform)
	driver.perform = func(_ context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepProvision {
			close(release)
			time.Sleep(20 * time.Millisecond) // the zombie speaks meanwhile
		}
		return nil
	}
	h := newHouse(t, liveConfig(), zombie)
	old := h.owner
	h.feed(stream.Plans, plan("p-1", 1, "db/0"))
	h.await("the zombie's command", func() bool { return zombie.count("perform p-1/0/f/2/provision") == 1 })
	h.takeOver(driver)
	h.awaitEnd("p-1", model.PlanSucceeded)
	old.Revoked(0)
	if failed := h.steps(model.PhaseFailed); len(failed) > 0 {
		t.Errorf("failed: %+v", failed)
	}
	// Its clock still ran into the log; the task took no notice.
	beats := map[int64]int{}
	for _, rec := range h.logs[stream.Reports] {
		if b, ok := rec.Event.(model.Beat); ok {
			beats[b.Epoch]++
		}
	}
	if beats[1] == 0 || beats[2] == 0 {
		t.Errorf("beats by epoch: %v", beats)
	}
}

// wrapAdmit lets admissions through.
func wrapAdmit(perform func(context.Context, actuator.Command) error) func(context.Context, actuator.Command) error {
	return func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepAdmit {
			return nil
		}
		return perform(ctx, c)
	}
}

func TestTheSameProcessGoesOnWithWhatItHasUnderWay(t *testing.T) {
	driver := newFake()
	release := make(chan struct{})
	driver.perform = func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind == model.StepReplicate {
			<-release
		}
		return ctx.Err()
	}
	h := newHouse(t, liveConfig(), driver)
	h.feed(stream.Plans, plan("p-1", 1, "db/0"))
	h.await("the copy", func() bool { return driver.count("perform p-1/0/f/3/replicate") == 1 })
	h.mu.Lock()
	h.owner.Assigned(t.Context(), stream.Assignment{Partition: 0, Epoch: 1, Task: h.task}) // its transaction's end was not known
	h.mu.Unlock()
	h.await("the take-over", func() bool { return len(h.steps(model.PhaseResume)) == 1 })
	close(release)
	h.awaitEnd("p-1", model.PlanSucceeded)
	if n := driver.count("perform p-1/0/f/3/replicate"); n != 1 || driver.count("status p-1/0/f/3/replicate") != 0 {
		t.Errorf("the copy was begun %d times: %v", n, driver.asked)
	}
	if epoch := h.task.(*Live).Epoch(); epoch != 2 {
		t.Errorf("epoch %d, want one more than before", epoch)
	}
}

func TestNoStepIsDelayedByAnotherPlansSlowStep(t *testing.T) {
	config := liveConfig()
	config.Saga.Limits.PerServer, config.Saga.Limits.PerLink = 0, 0
	driver := newFake()
	release := make(chan struct{})
	driver.perform = func(ctx context.Context, c actuator.Command) error {
		if c.Step.Plan == "slow" && c.Step.Kind == model.StepReplicate {
			<-release
		}
		return nil
	}
	h := newHouse(t, config, driver)
	slow := plan("slow", 1)
	for i := range 20 {
		r := model.ReplicaID(fmt.Sprintf("slow%d/0", i))
		app, _, _ := r.Split()
		slow.Moves = append(slow.Moves, model.Move{Index: i, Replica: r, Application: app, From: "s1", To: "s2", Wave: 1})
	}
	h.feed(stream.Plans, slow)
	h.await("the slow copies", func() bool {
		driver.mu.Lock()
		defer driver.mu.Unlock()
		return driver.inFlight == 20
	})
	for i := range 40 { // every one of them ends while all slow steps still hang
		id := model.PlanID(fmt.Sprintf("p-%d", i))
		h.feed(stream.Plans, plan(id, 1, model.ReplicaID(fmt.Sprintf("quick%d/0", i))))
		h.awaitEnd(id, model.PlanSucceeded)
	}
	close(release)
	h.awaitEnd("slow", model.PlanSucceeded)
}

func TestOutcomesAreMarkedByEventTime(t *testing.T) {
	h := newHouse(t, liveConfig(), newFake())
	h.feed(stream.Control, model.Heartbeat{Producer: "i", At: 61_500})
	var marks []model.Instant
	h.await("a marker", func() bool {
		marks = nil
		for _, e := range h.emissions() {
			if m, ok := e.Event.(model.Marker); ok && e.Topic == stream.Outcomes && e.Partition == 0 {
				marks = append(marks, m.At)
			}
		}
		return len(marks) > 0
	})
	if !reflect.DeepEqual(marks, []model.Instant{61_000}) {
		t.Errorf("marked %v, want the beat before the heartbeat once", marks)
	}
}

func TestAStateOfSimulatedCommandsIsRefused(t *testing.T) {
	snapshot, err := NewTask(testConfig(quick), 0).AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewLive(liveConfig(), 0, nil).Restore(snapshot); err == nil || !strings.Contains(err.Error(), "simulated") {
		t.Errorf("error %v", err)
	}
	if err := NewLive(liveConfig(), 0, nil).Restore([]byte("{")); err == nil {
		t.Error("a torn state is taken")
	}
}

func TestTheClockOfASpedUpFleet(t *testing.T) {
	began := time.Now().Add(-time.Second)
	c := Clock{Start: 1000_000, Began: began, Speed: 60}
	if now := c.Now(); now < 1060_000 || now > 1360_000 {
		t.Errorf("a second after the beginning it is %d", now)
	}
	if wall := c.Wall(1120_000); wall.Sub(began).Round(time.Millisecond) != 2*time.Second {
		t.Errorf("two minutes later is %v after the beginning", wall.Sub(began))
	}
	var plain Clock
	if at := model.Instant(12_345); plain.Wall(at) != at.Time() {
		t.Errorf("%v", plain.Wall(at))
	}
}
