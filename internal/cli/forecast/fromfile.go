package forecast

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	streamed "drover/internal/forecast"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/guide"
	"drover/internal/forecast/panel"
	"drover/internal/forecaster"
	"drover/internal/model"
)

// fromFile takes a file in as the service would and explains one series.
func (e *explaining) fromFile(id string) ([]forecaster.Explained, error) {
	var o ensemble.Options
	p, err := e.read(&o)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(p.Series, func(s panel.Series) bool { return s.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("%s: no series %q among its %d", e.input, id, len(p.Series))
	}
	cfg := streamConfig(p)
	cfg.Zone = o.Zone
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", e.input, err)
	}
	all := make([]*streamed.Series, len(p.Series))
	var calendar []model.CalendarEvent // of the series asked for
	for i, s := range p.Series {
		var own []model.CalendarEvent
		for _, event := range o.Events {
			if event.Series == "" || event.Series == s.ID {
				own = append(own, model.CalendarEvent{Name: event.Name, Kind: event.Kind(), Start: event.Start, End: event.End})
			}
		}
		all[i] = streamed.NewSeries(cfg)
		for j, v := range s.Values {
			if !math.IsNaN(v) {
				all[i].Observe(s.Start.Add(time.Duration(j)*p.Step), v, own)
			}
		}
		if i == at {
			calendar = own
		}
	}
	if _, err := guide.Fit(all, cfg, 1, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", e.input, err)
	}
	s, values := all[at], p.Series[at].Values
	for len(values) > 1 && math.IsNaN(values[len(values)-1]) {
		values = values[:len(values)-1]
	}
	end := p.Series[at].Start.Add(time.Duration(len(values)) * p.Step)
	_, info := s.Forecast(end, 0, nil)
	return []forecaster.Explained{{Entity: model.EntityID(id), Observed: values[len(values)-1], ObservedAt: end,
		Explanation: s.Explain(end.Add(e.ahead), calendar), Fitted: guide.Shares(s), Accuracy: s.Accuracy(), Info: info}}, nil
}

// streamConfig is the service's configuration for a file's step and seasons.
func streamConfig(p *panel.Panel) *streamed.Config {
	cfg := streamed.DefaultConfig()
	cfg.Bin, cfg.Seasons, cfg.Lower, cfg.Upper = p.Step, nil, -math.MaxFloat32, math.MaxFloat32
	for _, s := range p.Seasons {
		if s >= 2 {
			cfg.Seasons = append(cfg.Seasons, time.Duration(s)*p.Step)
		}
	}
	cfg.Horizon = max(1, p.Season())
	most := 0
	for _, s := range p.Series {
		most = max(most, len(s.Values))
	}
	cfg.Blocks = min(9000, max(1, int(time.Duration(most)*p.Step/cfg.Block())+1))
	return cfg
}

// shares lists weights, the greatest first.
func shares(weights map[string]float64) string {
	names := slices.SortedFunc(maps.Keys(weights), func(a, b string) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, name := range names {
		if weights[name] >= 0.005 {
			out = append(out, fmt.Sprintf("%s %.2f", name, weights[name]))
		}
	}
	return strings.Join(out, ", ")
}
