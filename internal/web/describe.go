package web

import (
	"fmt"
	"time"

	"drover/internal/model"
)

// describe tells in one line what an event means, where it is worth telling.
func describe(event any, f *fleet) (Line, bool) {
	switch e := event.(type) {
	case model.CalendarEvent:
		if e.End < f.now {
			return Line{}, false
		}
		return Line{e.At, "calendar", fmt.Sprintf("%s %q from %s to %s%s", e.Kind, e.Name, clock(e.Start), clock(e.End), uplift(e.UpliftPPM))}, true
	case model.Maintenance:
		return Line{e.At, "maintenance", fmt.Sprintf("%s of %s from %s to %s", or(e.Reason, "maintenance"), e.Server, clock(e.Start), clock(e.End))}, true
	case model.Evaluation:
		return Line{e.Tick, "decide", fmt.Sprintf("%s: %s", e.Decision, e.Reason)}, true
	case model.Plan:
		if e.State == model.PlanSuperseded {
			return Line{f.now, "plan", fmt.Sprintf("%s is being stopped: %s", e.ID, e.Reason)}, true
		}
		return Line{e.Tick, "plan", fmt.Sprintf("%s: %s", e.ID, e.Reason)}, true
	case model.Outcome:
		return describeOutcome(e)
	case model.Control:
		return Line{e.At, "order", fmt.Sprintf("%s %s by %s", e.Kind, or(string(e.Plan), string(e.Server)), or(e.By, "unknown"))}, true
	}
	return Line{}, false
}

func describeOutcome(o model.Outcome) (Line, bool) {
	switch o.Kind {
	case model.OutcomeMove:
		return Line{o.At, "move", fmt.Sprintf("%s: %s %s, runs on %s%s", o.Plan, o.Replica, words(o.State), o.Server, because(o.Reason))}, true
	case model.OutcomePlan:
		return Line{o.At, "plan", fmt.Sprintf("%s %s%s", o.Plan, words(o.State), because(o.Reason))}, true
	case model.OutcomeStep:
		if !o.OK {
			return Line{o.At, "step", fmt.Sprintf("%s: %s of %s failed%s", o.Plan, o.Step, o.Replica, because(o.Reason))}, true
		}
	}
	return Line{}, false
}

// words writes a state as people say it.
func words(s model.PlanState) string {
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

// clock writes the time of day, and the day where it is another one.
func clock(at model.Instant) string { return at.Time().Format("15:04") }

// lasted writes how long something took.
func lasted(from, to model.Instant) string { return to.Sub(from).Truncate(time.Second).String() }
