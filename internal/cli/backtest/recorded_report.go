package backtest

import (
	"fmt"
	"io"
	"slices"
	"time"

	"drover/internal/pipeline/trial"
)

// recordedPage is what the report of a record shows: the same tables and pictures
// as generated fleets, and what is a fact and what is not.
type recordedPage struct {
	reportPage
	*recordedResult
	Hours, History float64
	Replicas       int
}

// hoursToLabel is up to how many hours pictures are labelled by hours.
const hoursToLabel = 72

// html writes the report.
func (r *recordedResult) html(w io.Writer) error { return writePage(w, "recorded.html", r.page()) }

func (r *recordedResult) page() recordedPage {
	a := &r.Record
	trials := map[string][]*trial.Result{}
	for p, t := range r.Trials {
		trials[p] = []*trial.Result{wholeHours(t, a.To.Sub(a.From))}
	}
	base := fleetResult{Servers: a.Servers, Days: 1, Policies: r.Policies, Trials: trials}
	page := recordedPage{reportPage: base.page(), recordedResult: r, Hours: a.To.Sub(a.From).Hours(),
		History: a.From.Sub(a.Begin).Hours()}
	page.Title = fmt.Sprintf("%s, fleet %s", r.Source, a.Fleet)
	load := chart{Title: "Recorded load of all applications", Unit: "cores",
		Lines: []line{{Name: "recorded", Colour: "#444", values: a.CoresByHour}}}
	page.Charts = append([]chart{load}, page.Charts...)
	for i := range page.Charts {
		c := &page.Charts[i]
		c.PointsPerLabel, c.XTicks, c.YTicks = hoursPerDay, nil, nil
		if page.Hours <= hoursToLabel {
			c.PointsPerLabel = 1
		}
		c.draw()
	}
	for _, app := range a.Applications {
		page.Replicas += app.Replicas
	}
	return page
}

// wholeHours returns a trial whose last hour, where it is not a whole one, has
// the power and the servers of one, as pictures draw them.
func wholeHours(t *trial.Result, length time.Duration) *trial.Result {
	part := length % time.Hour
	if part == 0 || len(t.Hours) == 0 {
		return t
	}
	out := *t
	out.Hours = slices.Clone(t.Hours)
	last := &out.Hours[len(out.Hours)-1]
	last.EnergyKWh /= part.Hours()
	last.ServersOn /= part.Hours()
	return &out
}
