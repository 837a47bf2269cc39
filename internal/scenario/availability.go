package scenario

import (
	"slices"

	"drover/internal/model"
)

// Shares of time that a whole rack and a whole zone are down, beyond what their
// servers' own failures account for; the zone's where its servers state none.
const (
	rackDown = 20e-6
	zoneDown = 10e-6
)

// zonesDown returns the share of time that each zone is down, MTTR / (MTBF +
// MTTR) as its servers state it: the worst of them where they differ, the usual
// share where none does.
func zonesDown(servers []model.Server, zone []int, zones int) []float64 {
	down, stated := make([]float64, zones), make([]bool, zones)
	for i := range servers {
		if s := &servers[i]; s.ZoneMTBF > 0 && s.ZoneMTTR >= 0 {
			stated[zone[i]] = true
			down[zone[i]] = max(down[zone[i]], float64(s.ZoneMTTR)/(float64(s.ZoneMTBF)+float64(s.ZoneMTTR)))
		}
	}
	for z := range down {
		if !stated[z] {
			down[z] = zoneDown
		}
	}
	return down
}

// serverDown is the share of time a server is down, MTTR / (MTBF + MTTR); ok is
// false where it is not known.
func serverDown(s *model.Server) (q float64, ok bool) {
	if s.MTBF <= 0 || s.MTTR < 0 {
		return 0, false
	}
	return float64(s.MTTR) / float64(s.MTBF+s.MTTR), true
}

// availabilityPPM is the share of time that at least one replica of an
// application is up. Servers fail independently within a rack, racks within a
// zone, zones among each other; a replica is down with its server, its rack or
// its zone. ok is false where the failure rate of some server is not known.
func (st *state) availabilityPPM(a int) (ppm int64, ok bool) {
	f := st.f
	// allDown of each zone and rack the application stands in, servers once each.
	type rackOf struct {
		rack, zone int
		down       float64
	}
	var racks []rackOf
	var servers []int
	for _, r := range f.members[a] {
		servers = append(servers, st.place[r])
	}
	for _, s := range sortedUnique(servers) {
		q, known := serverDown(&f.servers[s])
		if !known {
			return 0, false
		}
		found := false
		for i := range racks {
			if racks[i].rack == f.rack[s] {
				racks[i].down *= q
				found = true
			}
		}
		if !found {
			racks = append(racks, rackOf{f.rack[s], f.zone[s], q})
		}
	}
	if len(racks) == 0 {
		return 0, false
	}
	zones := make([]float64, len(f.zones))
	for i := range zones {
		zones[i] = -1
	}
	for _, r := range racks {
		down := rackDown + (1-rackDown)*r.down
		if zones[r.zone] < 0 {
			zones[r.zone] = 1
		}
		zones[r.zone] *= down
	}
	all := 1.0
	for i, z := range zones {
		if z >= 0 {
			all *= f.zoneDown[i] + (1-f.zoneDown[i])*z
		}
	}
	return int64((1 - all) * 1e6), true
}

// unavailable tells whether an application is known to miss its availability.
func (st *state) unavailable(a int) bool {
	want := st.f.applications[a].SLO.AvailabilityPPM
	if want <= 0 {
		return false
	}
	got, ok := st.availabilityPPM(a)
	return ok && got < want
}

// availabilityMargins lists the margins of promised availabilities; they do not
// depend on the future.
func (st *state) availabilityMargins() []model.Margin {
	var out []model.Margin
	for a, app := range st.f.applications {
		want := app.SLO.AvailabilityPPM
		if want <= 0 || len(st.f.members[a]) == 0 {
			continue
		}
		if got, ok := st.availabilityPPM(a); ok {
			// Relative to the time that may be lost: 0 at the limit, 1 at never down.
			out = append(out, model.Margin{
				Application: app.ID, Kind: model.SLOAvailability, Value: got, Limit: want, Valid: true,
				MarginPPM: (got - want) * 1_000_000 / max(1, 1_000_000-want),
			})
		}
	}
	return out
}

// availabilityNeeds finds the placement rule that keeps a promised availability
// with the fleet's usual servers: on servers of its own, or in that many zones.
// The solver is asked for it; the promise itself is checked on the answer.
func (f *fleet) availabilityNeeds(a int) (apart bool, zones int) {
	want := float64(f.applications[a].SLO.AvailabilityPPM) / 1e6
	n := len(f.members[a])
	if want <= 0 || n < 2 {
		return false, 0
	}
	worst, zone := 0.0, slices.Max(append(f.zoneDown, 0))
	for s := range f.servers {
		q, ok := serverDown(&f.servers[s])
		if !ok {
			return false, 0
		}
		worst = max(worst, q)
	}
	for zones = 1; zones <= min(n, len(f.zones)); zones++ {
		all, left := 1.0, n
		for z := zones; z > 0; z-- {
			here := (left + z - 1) / z
			left -= here
			down := 1.0
			for range here {
				down *= worst
			}
			all *= zone + rackDown + down
		}
		if 1-all >= want {
			break
		}
	}
	return 1-(zone+rackDown+worst) < want, min(zones, n, len(f.zones))
}
