package operator

import (
	"fmt"
	"io"
	"strings"
	"time"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/web/api"
)

// clock writes the day and time of an event, short.
func clock(at model.Instant) string {
	if at == 0 {
		return "-"
	}
	return at.Time().Format("01-02 15:04")
}

func share(percent float64) string {
	if percent < 0 {
		return "?"
	}
	return fmt.Sprintf("%.0f%%", percent)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func texts[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ",")
}

func serverTable(w io.Writer, items []api.Host, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "SERVER", "ZONE", "CPU", "MEM", "AHEAD", "AT", "SURE", "REPLICAS")
	for _, s := range items {
		ahead, at, sure := "-", "-", "-"
		if a := s.Ahead; a != nil {
			ahead, at, sure = share(a.HighPercent), clock(a.At), fmt.Sprintf("%.0f%%", 100*a.Chance)
		}
		name := string(s.ID)
		if s.Drained {
			name += " (drained)"
		}
		t.Add(name, s.Zone, share(s.CPUPercent), share(s.MemoryPercent), ahead, at, sure, texts(s.Replicas))
	}
	return t
}

func applicationTable(w io.Writer, items []api.ApplicationRow, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "APPLICATION", "GROUP", "REPLICAS", "ZONES", "TIGHTEST", "SERVERS")
	for _, a := range items {
		tight := "-"
		if m := a.Tightest; m != nil {
			tight = marginText(m)
		}
		t.Add(string(a.ID), a.Group, fmt.Sprint(a.Replicas), strings.Join(a.Zones, ","), tight, texts(a.Servers))
	}
	return t
}

func marginText(m *api.Margin) string {
	if !m.Valid {
		return string(m.Kind) + " overload"
	}
	return fmt.Sprintf("%s %+.0f%%", m.Kind, 100*m.Margin)
}

func edgeTable(w io.Writer, items []api.Edge, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "CALLER", "CALLEE", "CALLS/S", "ERRORS/S", "P95", "SEEN AS")
	for _, e := range items {
		t.Add(string(e.Caller), string(e.Callee), fmt.Sprintf("%.1f", e.CallsPerSecond), fmt.Sprintf("%.2f", e.ErrorsPerSecond), fmt.Sprintf("%.1f ms", e.P95Millis), strings.Join(e.Origins, ","))
	}
	return t
}

func linkTable(w io.Writer, items []api.Link, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "FROM", "TO", "RTT", "+-", "LOSS", "HOW KNOWN")
	for _, l := range items {
		how := "estimated"
		if l.Measured {
			how = "measured " + clock(l.At)
		}
		t.Add(string(l.From), string(l.To), fmt.Sprintf("%.2f ms", l.RTTMillis), fmt.Sprintf("%.2f", l.RTTError), fmt.Sprintf("%.2f%%", 100*l.Loss), how)
	}
	return t
}

func known(v *float64, format string) string {
	if v == nil {
		return "?"
	}
	return fmt.Sprintf(format, *v)
}

func forecastTable(w io.Writer, items []api.ForecastRow, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "ENTITY", "RESOURCE", "MADE", "TRUSTED", "VS NAIVE", "COVER80", "MODEL")
	for _, f := range items {
		t.Add(string(f.Entity), f.Resource, clock(f.Origin), yes(f.Trusted), known(f.MASE, "%.2f"), known(f.Coverage80, "%.2f"), f.Model)
	}
	return t
}

func outlookTable(w io.Writer, items []api.Tight, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "SERVER", "ZONE", "RESOURCE", "FROM", "TIGHTEST", "MEDIAN", "HIGH", "SAFE", "SURE")
	for _, o := range items {
		t.Add(string(o.Server), o.Zone, o.Resource, clock(o.From), clock(o.At), share(o.Percent), share(o.HighPercent), share(o.SafePercent), fmt.Sprintf("%.0f%%", 100*o.Chance))
	}
	return t
}

func marginTable(w io.Writer, items []api.Margin, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "APPLICATION", "PROMISE", "MARGIN", "SERVER", "IN")
	for _, m := range items {
		margin := "overload"
		if m.Valid {
			margin = fmt.Sprintf("%+.1f%%", 100*m.Margin)
		}
		t.Add(string(m.Application), string(m.Kind), margin, string(m.Server), m.Scenario)
	}
	return t
}

func decisionTable(w io.Writer, items []api.EvaluationRow, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "AT", "DECISION", "PLAN", "REASON")
	for _, e := range items {
		t.Add(clock(e.Tick), e.Decision, string(e.Plan), e.Reason)
	}
	return t
}

// stateOf writes how a plan stands as people say it.
func stateOf(p *api.PlanRow) string {
	switch {
	case p.Waiting:
		return "waits for you"
	case p.Killed:
		return p.State + ", killed"
	case p.Paused:
		return p.State + ", paused"
	case p.State == "rolled-back":
		return "rolled back"
	}
	return p.State
}

func planTable(w io.Writer, items []api.PlanRow, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "PLAN", "MADE", "STATE", "MOVED", "PROMISES", "REASON")
	for _, p := range items {
		why := p.Reason
		if p.Ending != "" {
			why = p.Ending
		}
		t.Add(string(p.ID), clock(p.Tick), stateOf(&p), fmt.Sprintf("%d/%d", p.Moved, p.Moves), fmt.Sprintf("%d>%d", p.ViolationsBefore, p.ViolationsAfter), why)
	}
	return t
}

func executionTable(w io.Writer, items []api.ExecutionRow, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "PLAN", "STATE", "BEGAN", "TOOK", "PROGRESS", "BYTES")
	for _, e := range items {
		took := "-"
		if e.Ended != 0 && e.Started != 0 {
			took = e.Ended.Sub(e.Started).Truncate(time.Second).String()
		}
		t.Add(string(e.ID), stateOf(&e.PlanRow), clock(e.Started), took, fmt.Sprintf("%s %.0f%%", cli.Bar(e.Progress, 10), 100*e.Progress), bytesOf(e.DoneBytes)+" of "+bytesOf(e.DataBytes))
	}
	return t
}

// bytesOf writes an amount of bytes with a binary unit.
func bytesOf(n int64) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < 4 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.4g %s", v, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

func calendarTable(w io.Writer, items []api.Event, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "KIND", "FROM", "TO", "LOAD", "SERVER", "NAME")
	for _, e := range items {
		uplift := "-"
		if e.Uplift != 0 {
			uplift = fmt.Sprintf("%+.0f%%", 100*e.Uplift)
		}
		t.Add(e.Kind, clock(e.Start), clock(e.End), uplift, string(e.Server), e.Name)
	}
	return t
}

func letterTable(w io.Writer, items []api.DeadLetter, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "RECORD", "AT", "STAGE", "CLASS", "MESSAGE")
	for _, l := range items {
		t.Add(l.ID, clock(l.At), l.Stage, l.Class, l.Message)
	}
	return t
}

func auditTable(w io.Writer, items []api.Audit, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "AT", "WHO", "DID", "TO", "BEFORE", "AFTER")
	for _, a := range items {
		t.Add(clock(a.At), a.Actor, a.Action, a.Object, a.Before, a.After)
	}
	return t
}

func lineTable(w io.Writer, items []api.Line, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "AT", "KIND", "WHAT")
	for _, l := range items {
		t.Add(l.At.Time().Format("01-02 15:04:05"), l.Kind, l.Text)
	}
	return t
}
