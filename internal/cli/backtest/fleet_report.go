package backtest

import (
	"fmt"
	"io"

	"drover/internal/pipeline/trial"
)

// reportPage is what the template shows.
type reportPage struct {
	Title                string
	Servers, Days, Seeds int
	CPUSeconds           float64
	Verdict              []string
	Rows                 []reportRow
	Charts               []chart
	Worst                []reportWorst
	Reasons              []reportReasons
}

type reportRow struct {
	trial.Summary
	Colour        string
	SharePerCent  float64
	ViolatedRatio string // against the yardstick
	EnergyRatio   string
	MovesPerDay   float64
	EnergyPerDay  float64
}

type reportWorst struct {
	Policy, Colour string
	Seed           uint64
	Violated       int64
	Applications   []trial.Worst
}

// reportReasons are a policy's violated minutes as bars.
type reportReasons struct {
	Policy string
	Bars   []bar
	Total  int64
}

type bar struct {
	Name   string
	Value  int64
	Width  float64 // per cent
	Colour string
}

// html writes the report.
func (r *fleetResult) html(w io.Writer) error { return writePage(w, "fleet.html", r.page()) }

func (r *fleetResult) page() reportPage {
	page := reportPage{Servers: r.Servers, Days: r.Days, Seeds: r.Policies[0].Seeds, CPUSeconds: r.CPUSeconds,
		Title: fmt.Sprintf("%d servers, %d days, %d fleets", r.Servers, r.Days, r.Policies[0].Seeds)}
	yardstick := r.policy("threshold")
	for i, s := range r.Policies {
		row := reportRow{Summary: s, Colour: colours[i%len(colours)],
			SharePerCent: 100 * float64(s.Violated) / float64(max(1, s.Application)),
			MovesPerDay:  float64(s.Moves) / float64(s.Seeds*r.Days), EnergyPerDay: s.EnergyKWh / float64(s.Seeds*r.Days)}
		if yardstick != nil {
			row.ViolatedRatio = ratio(float64(s.Violated), float64(yardstick.Violated))
			row.EnergyRatio = ratio(s.EnergyKWh, yardstick.EnergyKWh)
		}
		page.Rows = append(page.Rows, row)
		page.Worst = append(page.Worst, r.worst(s, row.Colour))
		page.Reasons = append(page.Reasons, reasonsOf(s, r.most()))
	}
	page.Verdict = r.verdict(yardstick)
	page.Charts = r.charts()
	return page
}

// policy returns the summary of a policy that was played.
func (r *fleetResult) policy(name string) *trial.Summary {
	for i := range r.Policies {
		if r.Policies[i].Policy == name {
			return &r.Policies[i]
		}
	}
	return nil
}

// most is the greatest number of violated minutes of a policy.
func (r *fleetResult) most() int64 {
	var most int64 = 1
	for _, s := range r.Policies {
		most = max(most, s.Violated)
	}
	return most
}

// verdict says in sentences what the figures come to.
func (r *fleetResult) verdict(yardstick *trial.Summary) []string {
	drover := r.policy("drover")
	if drover == nil {
		return nil
	}
	var out []string
	if yardstick != nil && yardstick.Violated > 0 {
		out = append(out, fmt.Sprintf("Drover broke promises for %s application minutes, reacting at 80 %% for %s: %.2f of it, at %.2f of its energy and %.2f of its moves.",
			thousands(drover.Violated), thousands(yardstick.Violated), float64(drover.Violated)/float64(yardstick.Violated),
			drover.EnergyKWh/yardstick.EnergyKWh, float64(drover.Moves)/float64(max(1, yardstick.Moves))))
	}
	out = append(out, fmt.Sprintf("Maintenance caused %s violated minutes under Drover.", thousands(drover.Minutes.Maintenance)))
	if drover.RepeatsUnsaid == 0 {
		return append(out, fmt.Sprintf("%s moves followed another plan's move of the same application within the hour; each says why.", thousands(drover.Repeats)))
	}
	return append(out, fmt.Sprintf("%s moves of an application within an hour of another do not say why.", thousands(drover.RepeatsUnsaid)))
}

// worst is the seed with most violated minutes and its applications.
func (r *fleetResult) worst(s trial.Summary, colour string) reportWorst {
	out := reportWorst{Policy: s.Policy, Colour: colour, Seed: s.WorstSeed, Violated: s.WorstViolated}
	for _, t := range r.Trials[s.Policy] {
		if t.Seed == s.WorstSeed {
			out.Applications = t.Worst
		}
	}
	return out
}

func reasonsOf(s trial.Summary, most int64) reportReasons {
	out := reportReasons{Policy: s.Policy, Total: s.Violated}
	for i, b := range []bar{{Name: "maintenance", Value: s.Minutes.Maintenance}, {Name: "overload", Value: s.Minutes.Overload},
		{Name: "headroom", Value: s.Minutes.Headroom}, {Name: "response", Value: s.Minutes.Response}} {
		b.Width = 100 * float64(b.Value) / float64(most)
		b.Colour = []string{"#7b2d8b", "#b3261e", "#e0a100", "#4a7fb5"}[i]
		out.Bars = append(out.Bars, b)
	}
	return out
}

// charts are means over the seeds, hour by hour.
func (r *fleetResult) charts() []chart {
	views := []struct {
		title, unit string
		value       func(trial.Hour) float64
		sum         bool
	}{
		{"Violated application minutes, added up", "minutes", func(h trial.Hour) float64 { return float64(h.Violated) }, true},
		{"Power", "kW", func(h trial.Hour) float64 { return h.EnergyKWh }, false},
		{"Servers on", "servers", func(h trial.Hour) float64 { return h.ServersOn }, false},
		{"Moves, added up", "moves", func(h trial.Hour) float64 { return float64(h.Moves) }, true},
	}
	var out []chart
	for _, v := range views {
		c := chart{Title: v.title, Unit: v.unit, PointsPerLabel: hoursPerDay}
		for i, s := range r.Policies {
			c.Lines = append(c.Lines, line{Name: s.Policy, Colour: colours[i%len(colours)], values: meanHours(r.Trials[s.Policy], v.value, v.sum)})
		}
		c.draw()
		out = append(out, c)
	}
	return out
}

func meanHours(trials []*trial.Result, value func(trial.Hour) float64, sum bool) []float64 {
	var out []float64
	for _, t := range trials {
		for h, hour := range t.Hours {
			if h >= len(out) {
				out = append(out, 0)
			}
			out[h] += value(hour) / float64(len(trials))
		}
	}
	for h := 1; sum && h < len(out); h++ {
		out[h] += out[h-1]
	}
	return out
}
