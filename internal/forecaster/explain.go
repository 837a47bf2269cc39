package forecaster

import (
	"iter"
	"slices"
	"time"

	"drover/internal/forecast"
	"drover/internal/forecast/guide"
	"drover/internal/model"
)

// Explained is the forecast of one series taken apart, and how forecasts of it
// did so far.
type Explained struct {
	Fleet    model.FleetID
	Entity   model.EntityID
	Resource model.Resource
	// Observed is the latest value, of the bin that ended at ObservedAt.
	Observed   float64
	ObservedAt model.Instant
	forecast.Explanation
	// Fitted are the models behind the share of the fitted ones.
	Fitted   []forecast.ModelWeight
	Accuracy []forecast.Accuracy
	Info     forecast.Info
}

// Explain takes the forecasts of an entity apart, for the bin that begins so
// long after the latest one; resources in order. An empty entity stands for all.
func (t *Task) Explain(entity model.EntityID, ahead time.Duration) []Explained {
	return slices.Collect(t.explained(entity, ahead))
}

// explained is Explain one by one.
func (t *Task) explained(entity model.EntityID, ahead time.Duration) iter.Seq[Explained] {
	return func(yield func(Explained) bool) {
		l := &t.loads
		for _, one := range l.entities.all() {
			for r, s := range one.series {
				if entity != "" && one.entity != entity || s == nil || s.closed == 0 {
					continue
				}
				_, info := s.model.Forecast(s.closed, 0, nil)
				x := Explained{Fleet: one.fleet, Entity: one.entity, Resource: model.Resource(r), Observed: s.observed, ObservedAt: s.closed,
					Explanation: s.model.Explain(s.closed.Add(ahead), l.calendars.of(one.fleet, one.entity)),
					Fitted:      guide.Shares(s.model), Accuracy: s.model.Accuracy(), Info: info}
				if !yield(x) {
					return
				}
			}
		}
	}
}
