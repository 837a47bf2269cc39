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
	_, upper, _ := s.between(lead, s.known())
	keep := math.Exp2(-float64(lead) / float64(2*s.lay.hour))
	regressors := s.regressors(at, base, float64(s.fast), float64(s.slow))
	point := s.joint(upper, at, keep, base, &regressors)
	x.Season = base - x.Level
	x.Trend = point - base
	x.Forecast = point
	x.Spread = s.errorScale(&s.blocks[upper])
	for i := range calendar {
		e := &calendar[i]
		phase, ok := phaseAt(e, at)
		if !ok {
			continue
		}
		ratio, doubt := s.ratio(e, phase)
		scale := s.effectScale(base + float64(s.slow))
		effect := EventEffect{Name: e.Name, Kind: e.Kind, Phase: phase.String(), Amount: ratio * scale, Doubt: doubt * scale}
		if k := s.find(kindOf(e)); k >= 0 {
			effect.Bins = int(s.kinds[k].bins[phase])
		}
		x.Events = append(x.Events, effect)
		x.Forecast += effect.Amount
	}
	x.Models = s.shares(upper, at)
	return x
}

// shares lists the models' weights at a judged lead; the guide of the fitted
// models comes last.
func (s *Series) shares(i int, at model.Instant) []ModelWeight {
	b := &s.blocks[i]
	w, least, others := s.weights(b)
	rest := 1.0
	var guide []ModelWeight
	if s.guides != nil && s.guides.newest.covers(s.lay.zone.Wall(at), s.guides.block) {
		share := s.guides.share(i, least, others)
		rest -= share
		guide = []ModelWeight{{Name: FittedModels, Weight: share, Error: float64(s.guides.error[i])}}
	}
	var out []ModelWeight
	for m := range w {
		out = append(out, ModelWeight{Name: modelNames[m], Weight: rest * w[m], Error: float64(b.error[m])})
	}
	return append(out, guide...)
}

// FittedModels is the name under which what the guide says is weighed.
const FittedModels = "fitted"
