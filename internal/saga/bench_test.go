package saga_test

import (
	"fmt"
	"testing"

	"drover/internal/model"
	"drover/internal/saga"
)

// BenchmarkThousandMoves plays 1,000 concurrent moves of 1,000 plans; an
// operation is one step: its outcome taken and the next intent given.
func BenchmarkThousandMoves(b *testing.B) {
	config := saga.DefaultConfig()
	config.Limits = saga.Limits{}
	fleet := saga.NewFleet("f", config)
	var due []model.Step
	take := func(effects []saga.Effect) {
		for _, e := range effects {
			if e.Step != nil && e.Step.Phase == model.PhaseIntent {
				s := *e.Step
				s.Phase = model.PhaseDone
				due = append(due, s)
			}
		}
	}
	number := 0
	submit := func() {
		p := plan(model.PlanID(fmt.Sprintf("p%d", number)), 1)
		p.Moves[0].Application = model.ApplicationID(fmt.Sprintf("app%d", number))
		number++
		take(fleet.Submit(p, start))
	}
	for range 1000 {
		submit()
	}
	b.ResetTimer()
	for range b.N {
		s := due[0]
		due = due[1:]
		take(fleet.Outcome(s))
		if s.Kind == model.StepRetire {
			submit()
		}
	}
}

// BenchmarkOnePlanOfThousand plays the moves of one plan; an operation is one step.
func BenchmarkOnePlanOfThousand(b *testing.B) {
	config := saga.DefaultConfig()
	config.Limits = saga.Limits{}
	var due []model.Step
	fleet := saga.NewFleet("f", config)
	take := func(effects []saga.Effect) {
		for _, e := range effects {
			if e.Step != nil && e.Step.Phase == model.PhaseIntent {
				s := *e.Step
				s.Phase = model.PhaseDone
				due = append(due, s)
			}
		}
	}
	for n := 0; n < b.N; {
		take(fleet.Submit(plan(model.PlanID(fmt.Sprintf("p%d", n)), 1000), start))
		for ; n < b.N && len(due) > 0; n++ {
			s := due[0]
			due = due[1:]
			take(fleet.Outcome(s))
		}
	}
}

// BenchmarkSnapshot writes the state of 1,000 moves under way.
func BenchmarkSnapshot(b *testing.B) {
	fleet := saga.NewFleet("f", saga.DefaultConfig())
	fleet.Submit(plan("p", 1000), start)
	var buffer []byte
	for range b.N {
		buffer, _ = fleet.AppendBinary(buffer[:0])
	}
	b.ReportMetric(float64(len(buffer)), "bytes")
}
