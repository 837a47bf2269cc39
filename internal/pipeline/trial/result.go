package trial

import (
	"cmp"
	"slices"
	"time"

	"drover/internal/model"
)

// Result is what became of a fleet under a policy.
type Result struct {
	Policy string  `json:"policy"`
	Seed   uint64  `json:"seed"`
	Days   float64 `json:"days"`
	// Violated are application minutes with a broken promise, Minutes the same by
	// reason, ApplicationMinutes all there were.
	Violated           int64   `json:"violated_minutes"`
	Minutes            Minutes `json:"violated_by_reason"`
	ApplicationMinutes int64   `json:"application_minutes"`
	EnergyKWh          float64 `json:"energy_kwh"`
	ServersOn          float64 `json:"servers_on"`
	Moves              int64   `json:"moves"`
	Plans              int64   `json:"plans"`
	Decisions          int64   `json:"decisions"`
	// Unfinished plans did not succeed. Repeats are moves of an application that
	// another plan had moved within the hour, RepeatsUnsaid those whose reason
	// does not say so.
	Unfinished    int64 `json:"plans_not_succeeded"`
	Repeats       int64 `json:"moved_again_within_hour"`
	RepeatsUnsaid int64 `json:"moved_again_without_reason"`
	// ReplicaRepeats are moves of a replica that had itself moved within the hour:
	// flapping. Other repeats are of applications, by another of their replicas.
	ReplicaRepeats int64 `json:"replica_moved_again_within_hour"`
	// Worst are the applications with most violated minutes.
	Worst []Worst `json:"worst,omitempty"`
	Hours []Hour  `json:"hours,omitempty"`
}

// Worst is an application with many violated minutes.
type Worst struct {
	Application model.ApplicationID `json:"application"`
	Violated    int64               `json:"violated_minutes"`
}

// counts are running totals.
type counts struct {
	minutes            Minutes
	energyKWh          float64
	serverMinutes      int64
	moves, movesSeen   int64
	plans, decisions   int64
	unfinished         int64
	again, againUnsaid int64
	replicaAgain       int64
}

const worstKept = 5

func (j *judge) result(policy string, seed uint64, length time.Duration) *Result {
	minutes := int64(length / minute)
	r := &Result{
		Policy: policy, Seed: seed, Days: length.Hours() / 24, Violated: j.count.minutes.Sum(), Minutes: j.count.minutes,
		ApplicationMinutes: minutes * int64(len(j.spec.Applications)), EnergyKWh: j.count.energyKWh,
		ServersOn: float64(j.count.serverMinutes) / float64(minutes), Moves: j.count.moves, Plans: j.count.plans,
		Decisions: j.count.decisions, Unfinished: j.count.unfinished, Repeats: j.count.again, RepeatsUnsaid: j.count.againUnsaid, ReplicaRepeats: j.count.replicaAgain,
		Hours: j.hours,
	}
	for a, n := range j.byApp {
		if n > 0 {
			r.Worst = append(r.Worst, Worst{j.spec.Applications[a].ID, n})
		}
	}
	slices.SortFunc(r.Worst, func(a, b Worst) int {
		return cmp.Or(cmp.Compare(b.Violated, a.Violated), cmp.Compare(a.Application, b.Application))
	})
	r.Worst = r.Worst[:min(len(r.Worst), worstKept)]
	return r
}
