package scenario

import (
	"fmt"
	"math"

	"drover/internal/model"
)

// Future is one what-if: assumptions about load, servers and links over the
// horizon. The zero value of a field assumes nothing special.
type Future struct {
	Name string
	Kind model.ScenarioKind
	// Weight is the relative probability of the future.
	Weight float64
	// Required futures must be met: a broken promise there outweighs any cost.
	// In the others it is priced (Config.ViolationMicros times Weight).
	Required bool
	// Quantile is the level of all forecasts; 0 stands for the expected value.
	Quantile float64
	// Path, where not 0, is the seed of a sampled path through the forecasts.
	Path uint64
	// GrowthPPM raises all load over the whole horizon (100,000 = +10 %).
	GrowthPPM int64
	Load      []LoadChange
	Lost      []Loss
	Slow      []SlowLink
}

// LoadChange multiplies the load of an application during a window.
type LoadChange struct {
	Application model.ApplicationID // empty: all of them
	ChangePPM   int64               // 400,000 is +40 %
	Start, End  model.Instant       // zero: from the start, to the end
}

// Loss takes servers away during a window: one by name, or all of a rack or a
// zone. Drained servers have been emptied before; lost ones take their replicas
// with them, and the survivors carry the load.
type Loss struct {
	Server     model.ServerID
	Rack, Zone string
	Drained    bool
	Start, End model.Instant
}

// SlowLink multiplies the round-trip time between two servers or two zones;
// empty ends mean any.
type SlowLink struct {
	From, To         model.ServerID
	FromZone, ToZone string
	FactorPPM        int64 // 3,000,000 is three times as slow
}

// Validate tells what is wrong with a future, naming the field.
func (f Future) Validate() error {
	if f.Name == "" {
		return fmt.Errorf("name: must not be empty")
	}
	if f.Weight < 0 || math.IsNaN(f.Weight) || math.IsInf(f.Weight, 0) {
		return fmt.Errorf("weight %v: want a number from 0", f.Weight)
	}
	if f.Quantile < 0 || f.Quantile >= 1 || math.IsNaN(f.Quantile) {
		return fmt.Errorf("quantile %v: want a level within (0,1), or 0 for the expected value", f.Quantile)
	}
	if f.GrowthPPM < -1_000_000 || f.GrowthPPM > 100_000_000 {
		return fmt.Errorf("growth %d ppm: want -1000000 to 100000000", f.GrowthPPM)
	}
	for i, l := range f.Load {
		if l.ChangePPM < -1_000_000 || l.ChangePPM > 100_000_000 {
			return fmt.Errorf("load[%d]: change %d ppm: want -1000000 to 100000000", i, l.ChangePPM)
		}
		if l.End != 0 && l.End <= l.Start {
			return fmt.Errorf("load[%d]: end %v is not after start %v", i, l.End, l.Start)
		}
	}
	for i, l := range f.Lost {
		named := 0
		for _, set := range []bool{l.Server != "", l.Rack != "", l.Zone != ""} {
			if set {
				named++
			}
		}
		if named != 1 {
			return fmt.Errorf("lost[%d]: name one of server, rack, zone", i)
		}
		if l.End != 0 && l.End <= l.Start {
			return fmt.Errorf("lost[%d]: end %v is not after start %v", i, l.End, l.Start)
		}
	}
	for i, s := range f.Slow {
		if s.FactorPPM <= 0 || s.FactorPPM > 1_000_000_000 {
			return fmt.Errorf("slow[%d]: factor %d ppm: want 1 to 1000000000", i, s.FactorPPM)
		}
	}
	return nil
}

// overlaps tells whether the window [start, end) touches [from, to); a zero
// start or end leaves that side open.
func overlaps(start, end, from, to model.Instant) bool {
	return (end == 0 || end > from) && (start == 0 || start < to)
}
