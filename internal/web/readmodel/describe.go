package readmodel

import (
	"fmt"
	"time"

	"drover/internal/model"
)

// Line is one thing that happened, for people. Seq counts a fleet's lines.
type Line struct {
	Seq  uint64
	At   model.Instant
	Kind string
	Plan model.PlanID // empty: of no plan
	Text string
}

// describe tells in one line what an event means, where it is worth telling.
func describe(event any, f *Fleet) (Line, bool) {
	switch e := event.(type) {
	case model.CalendarEvent:
		if e.End < f.Now {
			return Line{}, false
		}
		return Line{At: e.At, Kind: "calendar", Text: fmt.Sprintf("%s %q %s%s", e.Kind, e.Name, span(e.Start, e.End, f.Now), uplift(e.UpliftPPM))}, true
	case model.Maintenance:
		return Line{At: e.At, Kind: "maintenance", Text: fmt.Sprintf("%s of %s %s", or(e.Reason, "maintenance"), e.Server, span(e.Start, e.End, f.Now))}, true
	case model.Evaluation:
		return Line{At: e.Tick, Kind: "decide", Plan: e.PlanID, Text: fmt.Sprintf("%s: %s", e.Decision, e.Reason)}, true
	case model.Plan:
		switch {
		case e.State == model.PlanSuperseded:
			return Line{At: f.Now, Kind: "plan", Plan: e.ID, Text: fmt.Sprintf("%s is being stopped: %s", e.ID, e.Reason)}, true
		case e.State == model.PlanRolledBack:
			return Line{At: f.Now, Kind: "plan", Plan: e.ID, Text: fmt.Sprintf("%s is being taken back: %s", e.ID, e.Reason)}, true
		case len(e.Dropped) > 0:
			return Line{At: f.Now, Kind: "plan", Plan: e.ID, Text: fmt.Sprintf("%s is amended: %d of its %d moves are dropped: %s",
				e.ID, len(e.Dropped), len(e.Moves), e.Dropped[len(e.Dropped)-1].Reason)}, true
		}
		return Line{At: e.Tick, Kind: "plan", Plan: e.ID, Text: fmt.Sprintf("%s: %s", e.ID, e.Reason)}, true
	case model.Outcome:
		return describeOutcome(&e)
	case model.Control:
		if e.Kind == model.ControlUpdate {
			return Line{At: e.At, Kind: "order", Text: fmt.Sprintf("update %s: %d servers by %q, ordered by %s", e.ID, len(e.Servers), e.Hook, or(e.By, "unknown"))}, true
		}
		if e.Roll != "" {
			return Line{At: e.At, Kind: "order", Text: fmt.Sprintf("%s %s by %s", e.Kind, e.Roll, or(e.By, "unknown"))}, true
		}
		return Line{At: e.At, Kind: "order", Plan: e.Plan, Text: fmt.Sprintf("%s %s by %s", e.Kind, or(string(e.Plan), string(e.Server)), or(e.By, "unknown"))}, true
	}
	return Line{}, false
}

func describeOutcome(o *model.Outcome) (Line, bool) {
	switch o.Kind {
	case model.OutcomeMove:
		return Line{At: o.At, Kind: "move", Plan: o.Plan, Text: fmt.Sprintf("%s: %s %s, runs on %s%s", o.Plan, o.Replica, Words(o.State), o.Server, because(o.Reason))}, true
	case model.OutcomePlan:
		return Line{At: o.At, Kind: "plan", Plan: o.Plan, Text: fmt.Sprintf("%s %s%s", o.Plan, Words(o.State), because(o.Reason))}, true
	case model.OutcomeStep:
		if !o.OK {
			return Line{At: o.At, Kind: "step", Plan: o.Plan, Text: fmt.Sprintf("%s: %s of %s failed%s", o.Plan, o.Step, o.Replica, because(o.Reason))}, true
		}
	}
	return Line{}, false
}

// Words writes a state as people say it.
func Words(s model.PlanState) string {
	switch s {
	case model.PlanRolledBack:
		return "rolled back"
	case model.PlanParked:
		return "parked: needs a person"
	}
	return string(s)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func uplift(ppm int64) string {
	if ppm == 0 {
		return ""
	}
	return fmt.Sprintf(", %+.0f %%", float64(ppm)/1e4)
}

// span writes two times, each with its day where that is not the one before's; the
// first one's is not today's, or today is not known yet.
func span(start, end, now model.Instant) string {
	return "from " + clock(start, now) + " to " + clock(end, start)
}

// clock writes the time of day, and the day where it is not that of another time.
func clock(at, near model.Instant) string {
	if near != 0 && at.Floor(24*time.Hour) == near.Floor(24*time.Hour) {
		return at.Time().Format("15:04")
	}
	return at.Time().Format("01-02 15:04")
}
