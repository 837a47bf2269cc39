package recorded

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"drover/internal/model"
)

// Options say which part of a record is played, and on what.
type Options struct {
	Fleet model.FleetID // "": the only one
	// From and To bound what is judged; what was recorded before From is history to
	// forecast from. Zero: from the first heartbeat (where there is none, a sixth of
	// the record is history) to the last.
	From, To model.Instant
	// Interval is the planning interval.
	Interval time.Duration
	// Scale multiplies loads; 0: as recorded or, on Servers, what loads them.
	Scale float64
	Seed  uint64
	// Servers, where not nil, are made up in place of recorded ones, and the
	// applications' replicas with them.
	Servers *Servers
	// Inventory, where not empty, are servers, applications and maintenance in place
	// of the recorded ones.
	Inventory []any
}

// Servers are equal machines in zones.
type Servers struct {
	Count, Zones int
	Cores        float64
	MemoryGiB    float64
	// ReplicaCores is what a replica may need at the recorded peak: it says how
	// many there are.
	ReplicaCores float64
}

// loadAtPeaks is the share of made-up servers' cores that all applications would
// take together in the busiest five minutes of each, where no scale is given: as
// much as servers can promise to carry whatever comes.
const loadAtPeaks = 0.7

// DefaultServers are sixteen machines of the generated fleets' smaller size.
func DefaultServers() Servers {
	return Servers{Count: 16, Zones: 4, Cores: 16, MemoryGiB: 64, ReplicaCores: 4}
}

// Validate tells what is wrong with the wish.
func (s *Servers) Validate() error {
	switch {
	case s.Count < 1 || s.Count > 10_000:
		return fmt.Errorf("servers %d: want 1 to 10000", s.Count)
	case s.Zones < 1 || s.Zones > s.Count:
		return fmt.Errorf("server-zones %d: want 1 to the number of servers, %d", s.Zones, s.Count)
	case !(s.Cores >= 1 && s.Cores <= 1024):
		return fmt.Errorf("server-cores %v: want 1 to 1024", s.Cores)
	case !(s.MemoryGiB >= 1 && s.MemoryGiB <= 65_536):
		return fmt.Errorf("server-memory %v: want 1 to 65536 GiB", s.MemoryGiB)
	case !(s.ReplicaCores > 0 && s.ReplicaCores <= s.Cores):
		return fmt.Errorf("replica-cores %v: want more than 0, up to a server's %v", s.ReplicaCores, s.Cores)
	}
	return nil
}

// maxRecord bounds the time that a record may span.
const (
	day       = 24 * time.Hour
	maxRecord = 366 * day
)

// fewest is the share of the fullest day's measurements below which a day is
// not one of the record, but of a clock that was off.
const fewest = 0.001

// extent is the time of which load was recorded.
func (f *fleet) extent() window {
	days := slices.Sorted(maps.Keys(f.days))
	var most int64
	for _, d := range f.days {
		most = max(most, d.count)
	}
	days = slices.DeleteFunc(days, func(d int64) bool { return float64(f.days[d].count) < fewest*float64(most) })
	return window{f.days[days[0]].first, f.days[days[len(days)-1]].last}
}

// span is the time that a record is played: history from begin, judged from from
// to to, whole intervals.
type span struct{ begin, from, to model.Instant }

// span works out the times.
func (o *Options) span(r *Record, f *fleet) (s span, err error) {
	if o.Interval < time.Minute || o.Interval%time.Minute != 0 {
		return s, fmt.Errorf("interval %v: want whole minutes", o.Interval)
	}
	known := f.extent()
	if known.last.Sub(known.first) > maxRecord {
		return s, fmt.Errorf("the record goes from %v to %v: want at most %d days; mend the clock that wrote it",
			known.first, known.last, int(maxRecord/day))
	}
	s.from, s.to = o.From, o.To
	if s.from == 0 {
		s.from = r.begun
	}
	if s.from == 0 {
		s.from = known.first.Add(known.last.Sub(known.first) / 6)
	}
	if s.to == 0 {
		s.to = max(r.ended, known.last)
	}
	s.from = s.from.Floor(o.Interval)
	s.to = min(s.to, known.last.Add(o.Interval-1)).Floor(o.Interval)
	s.begin = min(known.first.Floor(o.Interval), s.from)
	switch {
	case o.From != 0 && (o.From < known.first.Floor(o.Interval) || o.From > known.last):
		err = fmt.Errorf("from %v: loads were recorded from %v to %v", o.From, known.first, known.last)
	case s.to.Sub(s.from) < o.Interval:
		err = fmt.Errorf("nothing to judge: from %v to %v there is no whole interval of %v; loads were recorded from %v to %v",
			s.from, s.to, o.Interval, known.first, known.last)
	}
	return s, err
}

// errNoServers says what a record lacks.
var errNoServers = errors.New("the record states no servers: give an inventory, or the number and size of servers")
