package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/web/api"
)

// more lists the kinds that are not lists of the API: parts of one answer, or
// what belongs to no fleet.
func more() []kind {
	return []kind{
		{name: "fleets", aliases: []string{"fleet"}, fetch: (*session).fleets, show: rows(fleetTable), anyFleet: true},
		{name: "scenarios", aliases: []string{"scenario", "futures"}, fetch: (*session).scenarios, show: rows(scenarioTable)},
		{name: "series", fetch: (*session).series, show: rows(pointTable), named: "an entity such as server:s01"},
	}
}

// one fetches a single thing of a kind by its name; the answer is a list of one.
func (s *session) one(ctx context.Context, k *kind, q url.Values, name string) ([]json.RawMessage, error) {
	switch {
	case k.fetch != nil:
		return k.fetch(s, ctx, q, name)
	case k.name == "forecasts":
		return s.steps(ctx, q, name)
	case !k.single:
		return nil, cli.Usage(fmt.Errorf("%s have no names: use --contains %s", k.name, name))
	}
	parts := []string{k.path, name}
	if k.name == "deadletters" { // its id is a path: topic/partition/offset
		parts = append([]string{k.path}, strings.Split(name, "/")...)
	}
	var item json.RawMessage
	if err := s.Get(ctx, s.Path(parts...), q, &item); err != nil {
		return nil, err
	}
	return []json.RawMessage{item}, nil
}

func (s *session) fleets(ctx context.Context, _ url.Values, name string) ([]json.RawMessage, error) {
	if name != "" {
		var item json.RawMessage
		err := s.Get(ctx, "/fleets/"+url.PathEscape(name), nil, &item)
		return []json.RawMessage{item}, err
	}
	var page api.Page[json.RawMessage]
	err := s.Get(ctx, "/fleets", nil, &page)
	return page.Items, err
}

// scenarios are the futures of one decision: the last, or the one at a tick.
func (s *session) scenarios(ctx context.Context, q url.Values, tick string) ([]json.RawMessage, error) {
	if tick == "" {
		q.Set("limit", "1")
		var page api.Page[api.EvaluationRow]
		if err := s.Get(ctx, s.Path("evaluations"), q, &page); err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			return []json.RawMessage{}, nil
		}
		tick = page.Items[0].Tick.Time().UTC().Format(time.RFC3339)
	}
	var e struct {
		Scenarios []json.RawMessage `json:"scenarios"`
	}
	err := s.Get(ctx, s.Path("evaluations", tick), nil, &e)
	return e.Scenarios, err
}

// point is one value of a series, or one step of a forecast.
type point struct {
	At   model.Instant `json:"at"`
	Unit string        `json:"unit"`
	// Value is measured, or the median of what is expected.
	Value float64 `json:"value"`
	// Low and High are the 80 % band's.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

// series are the values of one entity's resource that were measured.
func (s *session) series(ctx context.Context, q url.Values, entity string) ([]json.RawMessage, error) {
	s.about(q, entity)
	var measured api.Series
	if err := s.Get(ctx, s.Path("series"), q, &measured); err != nil {
		return nil, err
	}
	var points []point
	for i, v := range measured.Values {
		if v != nil {
			points = append(points, point{At: stepAt(measured.Start, measured.Step, i), Unit: measured.Unit, Value: *v})
		}
	}
	return encoded(points)
}

// steps are the steps of one forecast.
func (s *session) steps(ctx context.Context, q url.Values, entity string) ([]json.RawMessage, error) {
	s.about(q, entity)
	var f api.Forecast
	if err := s.Get(ctx, s.Path("forecast"), q, &f); err != nil {
		return nil, err
	}
	near := func(level float64) int {
		best := 0
		for i, l := range f.Levels {
			if math.Abs(l-level) < math.Abs(f.Levels[best]-level) {
				best = i
			}
		}
		return best
	}
	low, middle, high := near(0.1), near(0.5), near(0.9)
	var points []point
	for h, at := range f.Quantiles {
		if high < len(at) {
			points = append(points, point{At: stepAt(f.Start, f.Step, h), Unit: f.Unit, Value: at[middle], Low: &at[low], High: &at[high]})
		}
	}
	return encoded(points)
}

// stepAt is the end of a step.
func stepAt(start model.Instant, seconds float64, i int) model.Instant {
	return start.Add(time.Duration(float64(i) * seconds * float64(time.Second)))
}

// about names the series in a query.
func (s *session) about(q url.Values, entity string) {
	q.Set("entity", entity)
	if s.resource != "" {
		q.Set("resource", s.resource)
	}
	if s.hours > 0 {
		q.Set("hours", strconv.Itoa(s.hours))
	}
}

func encoded(points []point) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, 0, len(points))
	for _, p := range points {
		text, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		out = append(out, text)
	}
	return out, nil
}

func fleetTable(w io.Writer, items []api.Fleet, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "FLEET", "NOW", "SERVERS", "APPS", "TRUSTED", "WAITING", "RUNNING", "PARKED", "STATE")
	for _, f := range items {
		state := "live"
		switch {
		case f.Killed:
			state = "kill switch on"
		case f.Paused:
			state = "paused"
		}
		t.Add(string(f.ID), clock(f.Now), fmt.Sprint(f.Servers), fmt.Sprint(f.Applications), fmt.Sprintf("%d/%d", f.Trusted, f.Forecasts),
			fmt.Sprint(f.Waiting), fmt.Sprint(f.Running), fmt.Sprint(f.Parked), state)
	}
	return t
}

func scenarioTable(w io.Writer, items []api.Scenario, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "WEIGHT", "BROKEN", "COST", "TIGHTEST THEN", "FUTURE")
	for _, sc := range items {
		tight := "-"
		if len(sc.Worst) > 0 {
			tight = string(sc.Worst[0].Application) + " " + marginText(&sc.Worst[0])
		}
		t.Add(fmt.Sprintf("%.2f", sc.Weight), fmt.Sprintf("%d>%d", sc.ViolationsBefore, sc.ViolationsAfter), fmt.Sprintf("%.2f>%.2f", sc.CostBefore, sc.CostAfter), tight, sc.Name)
	}
	return t
}

func pointTable(w io.Writer, items []point, wide bool) *cli.Table {
	most := 0.0
	bands := false
	for _, p := range items {
		most = max(most, p.Value)
		bands = bands || p.High != nil
	}
	header := []string{"AT", "VALUE", ""}
	if bands {
		header = []string{"AT", "MEDIAN", "10 %", "90 %", ""}
	}
	t := cli.NewTable(w, wide, header...)
	for _, p := range items {
		cells := []string{clock(p.At), amountOf(p.Value, p.Unit)}
		if bands {
			cells = append(cells, amountOf(*p.Low, p.Unit), amountOf(*p.High, p.Unit))
		}
		t.Add(append(cells, strings.Repeat("#", int(math.Round(30*p.Value/max(most, 1)))))...)
	}
	return t
}

// amountOf writes an amount of a resource as people say it.
func amountOf(v float64, unit string) string {
	switch unit {
	case "millicores":
		return fmt.Sprintf("%.2f cores", v/1000)
	case "bytes":
		return bytesOf(int64(v))
	case "bytes/s":
		return bytesOf(int64(v)) + "/s"
	}
	return fmt.Sprintf("%.4g %s", v, unit)
}

// errNoName says that a kind is only shown of something.
func errNoName(k *kind) error {
	return cli.Usage(errors.New(k.name + ": name " + k.named + ", for example `drover get " + k.name + " server:s01`"))
}
