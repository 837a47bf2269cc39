package simfleet

import (
	"fmt"
	"time"

	"drover/internal/model"
)

// Spec says what the fleet is like. The zero values of most fields are not
// useful; start from DemoSpec or GeneratedSpec.
type Spec struct {
	Fleet model.FleetID
	Seed  uint64
	// Start is when the live part begins; History before it is generated first.
	Start   model.Instant
	History time.Duration
	// Interval is the time between two measurements in the live part, and
	// HistoryInterval before it.
	Interval, HistoryInterval time.Duration
	Servers                   []ServerSpec
	Applications              []ApplicationSpec
	Campaigns                 []CampaignSpec
	Maintenance               []MaintenanceSpec
	// Calendar are recorded events that go out as they are when they become known;
	// what they did is in the recorded loads.
	Calendar []model.CalendarEvent
	// Noise is the standard deviation of the load's slow random part, as a share.
	Noise float64
	// Reported are the resources that monitoring measures; empty: CPU, memory,
	// receive and transmit.
	Reported []model.Resource
	// RoutesEvery is how often traceroutes are taken (0: every ten minutes), and
	// RoutePeers from how many neighbours in the list each server takes them (0:
	// from every third of all).
	RoutesEvery time.Duration
	RoutePeers  int
	// Measured are the kinds of entities that monitoring knows; empty: all.
	Measured []model.EntityKind
}

// ServerSpec is one server.
type ServerSpec struct {
	ID       model.ServerID
	Zone     string
	Rack     string
	Capacity model.Vector
	// IdleWatts and PeakWatts bound the power curve, which bends as measured
	// machines do.
	IdleWatts, PeakWatts float64
	CostMicrosPerHour    int64
	// SafetyPPM is the share of the CPU above which load is penalised; 0 means
	// the planner's own.
	SafetyPPM int64
	// Stated, where not nil, is the server's metadata as recorded; its power curve
	// stands in for the watts where it has one.
	Stated *model.Server
}

// Watts is the server's draw at a utilisation within 0..1. Measured machines
// rise fast at first and flatten.
func (s *ServerSpec) Watts(u float64) float64 {
	if s.Stated != nil && len(s.Stated.Power) > 0 {
		return interpolate(s.Stated.Power, u)
	}
	return s.IdleWatts + (s.PeakWatts-s.IdleWatts)*(u+0.35*u*(1-u))
}

// interpolate reads a power curve, in watts; outside of its points the nearest
// counts.
func interpolate(curve []model.PowerPoint, u float64) float64 {
	ppm := u * 1e6
	for i, p := range curve {
		if ppm > float64(p.UtilisationPPM) {
			continue
		}
		if i == 0 {
			return float64(p.PowerMilliwatts) / 1000
		}
		before := curve[i-1]
		w := (ppm - float64(before.UtilisationPPM)) / float64(p.UtilisationPPM-before.UtilisationPPM)
		return (float64(before.PowerMilliwatts) + w*float64(p.PowerMilliwatts-before.PowerMilliwatts)) / 1000
	}
	return float64(curve[len(curve)-1].PowerMilliwatts) / 1000
}

// CallSpec is one dependency: Rate calls of Callee for each request served.
type CallSpec struct {
	Callee                      model.ApplicationID
	Rate                        float64
	RequestBytes, ResponseBytes float64
}

// ApplicationSpec is one application.
type ApplicationSpec struct {
	ID       model.ApplicationID
	Replicas int
	// Entry is the mean rate of requests from outside, per second; 0 for
	// applications that are only called.
	Entry float64
	// Demand is the CPU time of one request.
	Demand time.Duration
	// MemoryBytes is what a replica holds, MemoryPerRequest what each request in
	// a second adds.
	MemoryBytes, MemoryPerRequest float64
	// DailySwing and WeekendDrop shape the season: 0.5 means +-50 %, 0.3 means
	// 30 % less on Saturday and Sunday. PeakHour is in UTC.
	DailySwing, WeekendDrop, PeakHour float64
	Calls                             []CallSpec
	DataBytes                         int64
	Stateful                          bool
	SLO                               model.SLO
	MinimumZones                      int
	SpreadServers                     bool
	Placement                         []model.ServerID
	// Recorded, where not nil, is the application's load in place of Entry, the
	// season and what its callers make of theirs.
	Recorded *Recorded
	// Stated, where not nil, is the application's metadata as recorded. Where its
	// replicas run is the simulation's.
	Stated *model.Application
}

// CampaignSpec raises the entry rate of one application.
type CampaignSpec struct {
	ID, Name string
	// Begin is counted from Spec.Start; past campaigns have a negative one.
	Begin, Length time.Duration
	Application   model.ApplicationID
	Uplift        float64 // 0.6 means +60 %
	// Announced is how long before its beginning the calendar knows it.
	Announced time.Duration
	// Unannounced is a burst that no calendar knows of.
	Unannounced bool
}

// MaintenanceSpec takes one server away for a while.
type MaintenanceSpec struct {
	ID            string
	Server        model.ServerID
	Begin, Length time.Duration // Begin counted from Spec.Start
	Announced     time.Duration
	Reason        string
}

// Validate checks that the spec's names meet.
func (s *Spec) Validate() error {
	if s.Interval <= 0 || s.HistoryInterval <= 0 {
		return fmt.Errorf("simulated fleet: interval %v and history interval %v must be above zero", s.Interval, s.HistoryInterval)
	}
	servers, apps := map[model.ServerID]bool{}, map[model.ApplicationID]bool{}
	for _, sv := range s.Servers {
		servers[sv.ID] = true
	}
	for _, a := range s.Applications {
		apps[a.ID] = true
	}
	for _, a := range s.Applications {
		if err := a.validateRecorded(); err != nil {
			return err
		}
		if len(a.Placement) != a.Replicas {
			return fmt.Errorf("application %s: %d places for %d replicas", a.ID, len(a.Placement), a.Replicas)
		}
		for _, p := range a.Placement {
			if !servers[p] {
				return fmt.Errorf("application %s: no server %q", a.ID, p)
			}
		}
		for _, c := range a.Calls {
			if !apps[c.Callee] {
				return fmt.Errorf("application %s: it calls %q, which is not there", a.ID, c.Callee)
			}
		}
	}
	for _, m := range s.Maintenance {
		if !servers[m.Server] {
			return fmt.Errorf("maintenance %s: no server %q", m.ID, m.Server)
		}
	}
	for _, c := range s.Campaigns {
		if !apps[c.Application] {
			return fmt.Errorf("campaign %s: no application %q", c.ID, c.Application)
		}
	}
	return nil
}
