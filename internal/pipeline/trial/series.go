package trial

import (
	"context"
	"fmt"
	"sync"
	"time"

	"drover/internal/simfleet"
)

// Plan says which trials belong together: every policy on every seed.
type Plan struct {
	Policies []string
	First    uint64 // the first seed
	Seeds    int
	Servers  int
	Days     int
	Threads  int
	// Spec, where not nil, is the fleet that is played for Length, in place of
	// generated ones; its seed stands in for First.
	Spec   *simfleet.Spec
	Length time.Duration
	// Done is what Config.Done says.
	Done []any
	// Progress, where not nil, is told of each trial's share that is done. It may
	// be called by several goroutines.
	Progress func(policy string, seed uint64, done float64)
	// Ended, where not nil, is told of each trial's result. It may be called by
	// several goroutines.
	Ended func(*Result)
}

// RunAll runs the trials, some at a time, and returns their results by policy
// in the order of the seeds: the same whatever the number of threads.
func RunAll(ctx context.Context, p Plan) (map[string][]*Result, error) {
	type job struct {
		policy string
		k      int
	}
	out := map[string][]*Result{}
	jobs := make(chan job)
	for _, policy := range p.Policies {
		out[policy] = make([]*Result, p.Seeds)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for range max(1, p.Threads) {
		wait.Go(func() {
			for j := range jobs {
				r, err := p.one(ctx, j.policy, p.First+uint64(j.k))
				if err != nil {
					cancel(err)
					continue
				}
				out[j.policy][j.k] = r
			}
		})
	}
	for k := range p.Seeds {
		for _, policy := range p.Policies {
			jobs <- job{policy, k}
		}
	}
	close(jobs)
	wait.Wait()
	return out, context.Cause(ctx)
}

// one runs one trial.
func (p Plan) one(ctx context.Context, policy string, seed uint64) (*Result, error) {
	spec, length := p.Spec, p.Length
	if spec == nil {
		var err error
		if spec, err = simfleet.GeneratedSpec(simfleet.Generated{Seed: seed, Servers: p.Servers, Days: p.Days}); err != nil {
			return nil, err
		}
		length = time.Duration(p.Days) * day
	}
	config := DefaultConfig(policy)
	config.Done = p.Done
	if p.Progress != nil {
		config.Progress = func(done float64) { p.Progress(policy, seed, done) }
	}
	r, err := Run(ctx, spec, length, config)
	if err != nil {
		return nil, fmt.Errorf("policy %s, seed %d: %w", policy, seed, err)
	}
	if p.Ended != nil {
		p.Ended(r)
	}
	return r, nil
}

// Summary adds up a policy's results.
type Summary struct {
	Policy        string  `json:"policy"`
	Seeds         int     `json:"seeds"`
	Violated      int64   `json:"violated_minutes"`
	Minutes       Minutes `json:"violated_by_reason"`
	Application   int64   `json:"application_minutes"`
	EnergyKWh     float64 `json:"energy_kwh"`
	ServersOn     float64 `json:"servers_on"`
	Moves         int64   `json:"moves"`
	Plans         int64   `json:"plans"`
	Unfinished    int64   `json:"plans_not_succeeded"`
	Repeats       int64   `json:"moved_again_within_hour"`
	RepeatsUnsaid int64   `json:"moved_again_without_reason"`
	// ReplicaRepeats are those of one and the same replica.
	ReplicaRepeats int64  `json:"replica_moved_again_within_hour"`
	WorstViolated  int64  `json:"worst_seed_violated_minutes"`
	WorstSeed      uint64 `json:"worst_seed"`
}

// Summarise adds up results of one policy.
func Summarise(policy string, results []*Result) Summary {
	s := Summary{Policy: policy, Seeds: len(results)}
	for _, r := range results {
		s.Violated += r.Violated
		s.Minutes.add(r.Minutes)
		s.Application += r.ApplicationMinutes
		s.EnergyKWh += r.EnergyKWh
		s.ServersOn += r.ServersOn / float64(len(results))
		s.Moves += r.Moves
		s.Plans += r.Plans
		s.Unfinished += r.Unfinished
		s.Repeats += r.Repeats
		s.RepeatsUnsaid += r.RepeatsUnsaid
		s.ReplicaRepeats += r.ReplicaRepeats
		if r.Violated > s.WorstViolated || s.WorstSeed == 0 {
			s.WorstViolated, s.WorstSeed = r.Violated, r.Seed
		}
	}
	return s
}
