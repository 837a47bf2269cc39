package backtest

import (
	"fmt"

	"drover/internal/planetlab"
)

const (
	framesPerHour = 3600 / planetlab.StepSeconds
	boundColour   = "#1c1c1c"
)

// dayPage is what planetlab.html shows.
type dayPage struct {
	Title, Day  string
	VMs, Hosts  int
	Hours       float64
	CPUSeconds  float64
	Verdict     []string
	Rows        []dayRow
	Charts      []chart
	BoundColour string
	boundWatts  []float64 // at the start of every frame
	wholeDemand float64   // MIPS x s
}

type dayRow struct {
	result
	Colour string
	Moves  int64
}

// dayPageOf makes the page of one or more policies on the same day.
func dayPageOf(name string, day *planetlab.Day, runs []dayRun) dayPage {
	end := runs[0].frames[len(runs[0].frames)-1]
	page := dayPage{Title: "PlanetLab, " + name, Day: name, VMs: len(day.Use), Hosts: planetlab.HostCount,
		Hours: end.Seconds / 3600, BoundColour: boundColour,
		boundWatts: planetlab.LowerBoundWatts(day, end.Seconds), wholeDemand: end.Requested}
	for i, r := range runs {
		page.Rows = append(page.Rows, dayRow{result: r.result, Colour: colours[i%len(colours)], Moves: int64(r.Migrations)})
		page.CPUSeconds += r.CPUSeconds
	}
	page.Verdict = dayVerdict(runs)
	page.draw(runs)
	return page
}

// dayVerdict says in sentences what the figures come to.
func dayVerdict(runs []dayRun) []string {
	named := map[string]*result{}
	for i := range runs {
		named[runs[i].Policy] = &runs[i].result
	}
	drover := named["drover"]
	if drover == nil || drover.EnergyKWh <= 0 {
		return nil
	}
	const used = "Drover used %.1f kWh, %.4f times the bound, with %s migrations; %s of the demand went unserved."
	out := []string{fmt.Sprintf(used,
		drover.EnergyKWh, drover.EnergyRatio, thousands(int64(drover.Migrations)), perCent(drover.Unserved))}
	if t := named["threshold"]; t != nil && t.EnergyKWh > 0 {
		out = append(out, fmt.Sprintf("Reacting at 80 %% took %.1f kWh and %s migrations, with %s unserved: "+
			"Drover needed %.2f of that energy and %.2f of those migrations.",
			t.EnergyKWh, thousands(int64(t.Migrations)), perCent(t.Unserved), drover.EnergyKWh/t.EnergyKWh,
			float64(drover.Migrations)/float64(max(1, t.Migrations))))
	}
	if o := named["oracle"]; o != nil {
		out = append(out, fmt.Sprintf("Knowing the true distribution of every VM's next two hours would have taken "+
			"%.4f times the bound, with %s unserved.",
			o.EnergyRatio, perCent(o.Unserved)))
	}
	return out
}

// draw makes the pictures.
func (p *dayPage) draw(runs []dayRun) {
	power := line{Name: "bound", Colour: boundColour}
	for _, w := range p.boundWatts[:min(len(p.boundWatts), len(runs[0].frames)+1)] {
		power.values = append(power.values, w/1000)
	}
	for _, view := range []struct {
		title, unit string
		under       []line
		value       func(before, now planetlab.Frame) float64
	}{
		{"Servers on", "servers", nil, func(a, b planetlab.Frame) float64 {
			return (b.HostSeconds - a.HostSeconds) / (b.Seconds - a.Seconds)
		}},
		{"Power", "kW", []line{power}, func(a, b planetlab.Frame) float64 {
			return (b.Joules - a.Joules) / (b.Seconds - a.Seconds) / 1000
		}},
		{"Migrations, added up", "migrations", nil, func(_, b planetlab.Frame) float64 { return float64(b.Migrations) }},
		{"Unserved, added up", "% of the whole demand", nil, func(_, b planetlab.Frame) float64 {
			return 100 * b.Unserved / max(1, p.wholeDemand)
		}},
	} {
		c := chart{Title: view.title, Unit: view.unit, PointsPerLabel: framesPerHour, Settling: framesPerHour, Lines: view.under}
		for i, r := range runs {
			values := overFrames(r.frames, view.value)
			c.Lines = append(c.Lines, line{Name: r.Policy, Colour: colours[i%len(colours)], values: values})
		}
		c.draw()
		p.Charts = append(p.Charts, c)
	}
}

// overFrames is a value at the end of every frame; the first stands at the start too.
func overFrames(frames []planetlab.Frame, value func(before, now planetlab.Frame) float64) (out []float64) {
	var before planetlab.Frame
	for _, now := range frames {
		if len(out) == 0 {
			out = append(out, value(before, now))
		}
		out = append(out, value(before, now))
		before = now
	}
	return out
}
