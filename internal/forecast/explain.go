package forecast

import (
	"math"

	"drover/internal/model"
)

// Explanation takes one forecast step apart.
type Explanation struct {
	At     model.Instant
	Level  float64 // mean of everything, slowly forgotten
	Season float64 // profile of both seasons at At, less Level
	// Trend is what the present deviation from the profile adds at At.
	Trend  float64
	Events []EventEffect
	// Forecast is the sum of all: the point forecast before calibration.
	Forecast float64
	// Spread is the mean absolute error expected at this lead.
	Spread float64
	Models []ModelWeight
	// LevelShifts counts the times that the profile was moved as a whole.
	LevelShifts int
}

// EventEffect is what one calendar event adds at the explained instant.
type EventEffect struct {
	Name, Kind string
	Phase      string
	// Amount is in the series' unit, Doubt its mean absolute error.
	Amount, Doubt float64
	// Bins is how many observations of this kind and phase it was learned from.
	Bins int
}

// ModelWeight is one model's share in the ensemble at the explained lead.
type ModelWeight struct {
	Name   string
	Weight float64
	// Error is its mean absolute error at the nearest judged lead.
	Error float64
}

// Explain takes the forecast for the bin that starts at an instant apart.
func (s *Series) Explain(at model.Instant, calendar []model.CalendarEvent) Explanation {
	x := Explanation{At: at, Level: float64(s.level), LevelShifts: int(s.shifts)}
	if s.count == 0 {
		return x
	}
	base := s.base(at)
	lead := max(1, int(int64(at-s.last)/s.lay.bin))
	_, upper, _ := s.between(lead)
	b := &s.blocks[upper]
	keep := math.Exp2(-float64(lead) / float64(2*s.lay.hour))
	regressors := s.regressors(at, base, float64(s.fast), float64(s.slow))
	point := s.predict(b, keep, base, &regressors)[ensembleModel]
	x.Season = base - x.Level
	x.Trend = point - base
	x.Forecast = point
	x.Spread = s.errorScale(b)
	for i := range calendar {
		e := &calendar[i]
		phase, ok := phaseAt(e, at)
		if !ok {
			continue
		}
		ratio, doubt := s.ratio(e, phase)
		scale := s.effectScale(base)
		effect := EventEffect{Name: e.Name, Kind: e.Kind, Phase: phase.String(), Amount: ratio * scale, Doubt: doubt * scale}
		if k := s.find(kindOf(e)); k >= 0 {
			effect.Bins = int(s.kinds[k].bins[phase])
		}
		x.Events = append(x.Events, effect)
		x.Forecast += effect.Amount
	}
	for m, w := range s.weights(b) {
		x.Models = append(x.Models, ModelWeight{Name: modelNames[m], Weight: w, Error: float64(b.error[m])})
	}
	return x
}
