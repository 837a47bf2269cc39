package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/protocol"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/move"
	"drover/tests/stream/servers"
)

// desk is a driver behind a webhook that does nothing until it is let.
type desk struct {
	*httptest.Server
	mu    sync.Mutex
	hold  map[string]chan struct{} // by plan and step: commands wait until it is closed
	begun []string
}

func newDesk(t *testing.T) *desk {
	d := &desk{hold: map[string]chan struct{}{}}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request protocol.Request
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(protocol.Answer(r.Context(), d, &request)) // the asker has gone
	}))
	t.Cleanup(d.Close)
	return d
}

// Capabilities implements actuator.Driver.
func (d *desk) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "desk", Steps: actuator.MoveSteps(), Fences: true}
}

// Perform implements actuator.Driver.
func (d *desk) Perform(ctx context.Context, c actuator.Command) error {
	d.mu.Lock()
	d.begun = append(d.begun, string(c.Step.ID))
	hold := d.hold[string(c.Step.Plan)+"/"+string(c.Step.Kind)]
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Status implements actuator.Driver.
func (d *desk) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// holdAt makes a plan's commands of a kind wait, and returns what lets them go.
func (d *desk) holdAt(plan string, kind model.StepKind) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, key := make(chan struct{}), plan+"/"+string(kind)
	d.hold[key] = c
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.hold, key)
		close(c)
	})
}

func (d *desk) hasBegun(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.begun, id)
}

// deskScene is a scene of which nothing but the desk's driver is needed.
type deskScene struct {
	move.Scene
	desk *desk
}

func (s deskScene) Drivers() *build.Config {
	return &build.Config{Default: "desk", Drivers: map[string]build.Driver{"desk": {Kind: "webhook", URL: s.desk.URL}}}
}

func (deskScene) Dial(context.Context) (move.Session, error) {
	return nil, errors.New("nothing to write to")
}
func (deskScene) Close() error { return nil }

// order gives an order about a plan, or the fleet.
func (s *stand) order(id string, c model.Control) {
	c.Fleet, c.ID, c.By, c.At = "test", id, "ada", model.InstantOf(time.Now())
	s.publish(stream.Control, id, c)
	s.orders++
}

// heard waits until the executor has taken every order in: its clock says how far
// it has read them.
func (s *stand) heard() {
	s.t.Helper()
	s.await("the executor to hear the orders", func() bool { return s.read >= s.orders })
}

// moves publishes a plan of moves, one a wave.
func (s *stand) moves(id string, n int, change func(*model.Plan)) model.PlanID {
	p := model.Plan{Fleet: "test", ID: model.PlanID(id), Tick: model.InstantOf(time.Now()), Waves: n}
	for i := range n {
		app := model.ApplicationID(fmt.Sprintf("%s%d", id, i))
		p.Moves = append(p.Moves, model.Move{Index: i, Replica: model.NewReplicaID(app, 0), Application: app, From: "a", To: "b", Wave: i})
	}
	if change != nil {
		change(&p)
	}
	s.publish(stream.Plans, id, p)
	return p.ID
}

// state waits for a plan's end.
func (s *stand) ended(id model.PlanID, want model.PlanState) {
	s.t.Helper()
	s.await("the end of plan "+string(id), func() bool { return s.ends[id] != "" })
	if s.ends[id] != want {
		s.t.Errorf("plan %s ended %s %v, want %s", id, s.ends[id], s.left, want)
	}
}

// taken waits until the executor has taken an order in: one more plan, ordered
// after it, has run to its end.
func (s *stand) taken(mark string) {
	s.t.Helper()
	s.ended(s.moves(mark, 1, nil), model.PlanSucceeded)
}

func ordersThroughTheService(t *testing.T, up *servers.Servers) {
	d := newDesk(t)
	st := newStand(t, up, "control.", deskScene{desk: d})
	st.job.start(t)
	begun := func(id string) { t.Helper(); st.await(id, func() bool { return d.hasBegun(id) }) }
	never := func(id string) {
		t.Helper()
		if d.hasBegun(id) {
			t.Errorf("%s was begun", id)
		}
	}

	t.Run("approve wave by wave", func(t *testing.T) {
		st.t = t
		p := st.moves("waves", 2, func(p *model.Plan) { p.NeedsApproval = true })
		st.taken("mark0")
		never("waves/0/f/1/admit")
		st.order("w1", model.Control{Kind: model.ControlApprove, Plan: p, Wave: 1})
		begun("waves/0/f/7/retire")
		st.taken("mark1")
		never("waves/1/f/1/admit")
		st.order("w2", model.Control{Kind: model.ControlApprove, Plan: p, Wave: 2})
		st.ended(p, model.PlanSucceeded)
	})
	t.Run("pause and resume", func(t *testing.T) {
		st.t = t
		release := d.holdAt("paused", model.StepReplicate)
		p := st.moves("paused", 1, nil)
		begun("paused/0/f/3/replicate")
		st.order("p1", model.Control{Kind: model.ControlPause, Plan: p})
		st.heard()
		release()
		st.taken("mark2")
		never("paused/0/f/4/catch-up")
		st.order("p2", model.Control{Kind: model.ControlResume, Plan: p})
		st.ended(p, model.PlanSucceeded)
	})
	for _, c := range []struct {
		mode model.StopMode
		want model.PlanState
	}{{model.StopFinish, model.PlanStopped}, {model.StopCompensate, model.PlanRolledBack}, {model.StopLeave, model.PlanParked}} {
		t.Run("stop "+string(c.mode), func(t *testing.T) {
			st.t = t
			release := d.holdAt("stop-"+string(c.mode), model.StepReplicate)
			defer release()
			p := st.moves("stop-"+string(c.mode), 2, nil)
			begun(string(p) + "/0/f/3/replicate")
			st.order("stop-"+string(c.mode), model.Control{Kind: model.ControlStop, Plan: p, Mode: c.mode})
			st.heard()
			release()
			st.ended(p, c.want)
			never(string(p) + "/1/f/1/admit")
			if c.mode == model.StopCompensate && !d.hasBegun(string(p)+"/0/f/4/discard-replica") {
				t.Error("the copy wasn't discarded")
			}
		})
	}
	t.Run("kill one plan, then everything", func(t *testing.T) {
		st.t = t
		st.order("kill1", model.Control{Kind: model.ControlKill, Plan: "killed"})
		st.heard()
		p := st.moves("killed", 1, nil)
		st.taken("mark3")
		never("killed/0/f/1/admit")
		st.order("kill2", model.Control{Kind: model.ControlKill})
		st.heard()
		q := st.moves("all", 1, nil)
		time.Sleep(time.Second) // for it to begin what it must not, if it does
		never("all/0/f/1/admit")
		st.order("revive2", model.Control{Kind: model.ControlRevive})
		st.ended(q, model.PlanSucceeded)
		never("killed/0/f/1/admit")
		st.order("revive1", model.Control{Kind: model.ControlRevive, Plan: "killed"})
		st.ended(p, model.PlanSucceeded)
	})
	t.Run("limits and windows", func(t *testing.T) {
		st.t = t
		hour := time.Now().UTC().Add(3 * time.Hour)
		closed := fmt.Sprintf("%02d:00-%02d:30", hour.Hour(), hour.Hour())
		st.order("limit1", model.Control{Kind: model.ControlLimit, Moves: 1, BytesPerSecond: 1 << 20, Windows: []string{closed}})
		st.heard()
		together := st.moves("together", 3, func(p *model.Plan) {
			for i := range p.Moves {
				p.Moves[i].Wave, p.Moves[i].To = 0, model.ServerID(fmt.Sprintf("c%d", i))
				p.Moves[i].From = model.ServerID(fmt.Sprintf("d%d", i))
			}
		})
		time.Sleep(time.Second) // for it to begin what it must not, if it does
		never("together/0/f/1/admit")
		release := d.holdAt("together", model.StepReplicate)
		st.order("limit2", model.Control{Kind: model.ControlLimit, Windows: []string{"always"}})
		begun("together/0/f/3/replicate")
		never("together/1/f/1/admit")
		release()
		st.ended(together, model.PlanSucceeded)
		st.mu.Lock()
		defer st.mu.Unlock()
		bounded := false
		for _, s := range st.steps {
			bounded = bounded || s.ID == "together/0/f/3/replicate" && s.BytesPerSecond == 1<<20
		}
		if !bounded {
			t.Error("the copy has no bound")
		}
	})
}
