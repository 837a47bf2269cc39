package scenario

import (
	"time"

	"drover/internal/model"
)

// Expectation is what a plan expects of one server: the greatest expected CPU
// over the horizon without and with its moves, in millicores.
type Expectation struct {
	Server                           model.ServerID
	CapacityMilli                    int64
	BeforeMilli, AfterMilli          int64
	ReplicasBefore, ReplicasAfter    int
	UtilisationBefore, UtilisationTo int64 // ppm of the capacity
}

// Expect works out a plan's expectation for every server it touches, in order.
func Expect(v View, cfg Config, plan model.Plan) []Expectation {
	cfg = cfg.WithDefaults()
	f := newFleet(v, cfg)
	before := newState(f, f.worlds([]Future{{Name: "expected", Kind: model.ScenarioExpected, Weight: 1, Required: true}}), f.start)
	after := before.clone()
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	touched := make([]bool, len(f.servers))
	for _, m := range plan.Moves {
		r, known := at[m.Replica]
		to, ok := f.serverAt[m.To]
		if !known || !ok {
			continue
		}
		touched[f.start[r]], touched[to] = true, true
		after.move(r, to)
	}
	var out []Expectation
	for s := range f.servers {
		if !touched[s] {
			continue
		}
		e := Expectation{
			Server: f.servers[s].ID, CapacityMilli: f.servers[s].Capacity[model.CPU],
			ReplicasBefore: len(before.on[s]), ReplicasAfter: len(after.on[s]),
		}
		for t := range f.periods() {
			e.BeforeMilli = max(e.BeforeMilli, before.load[0][s*f.periods()+t][model.CPU])
			e.AfterMilli = max(e.AfterMilli, after.load[0][s*f.periods()+t][model.CPU])
		}
		e.UtilisationBefore = utilisationPPM(e.BeforeMilli, e.CapacityMilli)
		e.UtilisationTo = utilisationPPM(e.AfterMilli, e.CapacityMilli)
		out = append(out, e)
	}
	return out
}

// Measured is the greatest CPU that a server showed over a plan's horizon.
type Measured struct {
	Server   model.ServerID
	CPUMilli int64
}

// BalanceSheet compares what a plan promised with what happened.
type BalanceSheet struct {
	Plan                          model.PlanID
	State                         model.PlanState
	Moves, Succeeded, Failed      int
	ExpectedDuration, Took        time.Duration
	PromisesExpected, PromisesHad int // broken promises after the plan: predicted, and in the evaluation afterwards
	CostExpected, CostHad         int64
	Servers                       []ServerBalance
	// ErrorPPM is the mean absolute error of the servers' predicted CPU, ppm of
	// their capacity; 0 without servers.
	ErrorPPM int64
}

// ServerBalance is one server's line.
type ServerBalance struct {
	Expectation
	MeasuredMilli int64
	ErrorPPM      int64 // measured less expected, ppm of the capacity
}

// Balance draws up the sheet of a plan that has ended: its outcomes, what its
// servers showed, and the first evaluation made after its end.
func Balance(plan model.Plan, outcomes []model.Outcome, expected []Expectation, measured []Measured, after model.Evaluation) BalanceSheet {
	sheet := BalanceSheet{
		Plan: plan.ID, State: plan.State, Moves: len(plan.Moves),
		PromisesExpected: plan.ViolationsAfter, CostExpected: plan.CostAfter,
	}
	var first, last, end model.Instant
	for _, m := range plan.Moves {
		if first == 0 || m.EarliestStart < first {
			first = m.EarliestStart
		}
		end = max(end, m.EarliestStart.Add(m.ExpectDuration))
	}
	for _, o := range outcomes {
		if o.Plan != plan.ID {
			continue
		}
		last = max(last, o.At)
		switch {
		case o.Kind == model.OutcomePlan && o.State != "":
			sheet.State = o.State
		case o.Kind == model.OutcomeMove && o.OK:
			sheet.Succeeded++
		case o.Kind == model.OutcomeMove:
			sheet.Failed++
		}
	}
	sheet.ExpectedDuration = max(0, end.Sub(first))
	if last > first {
		sheet.Took = last.Sub(first)
	}
	if len(after.Scenarios) > 0 {
		// The status quo row of the evaluation afterwards: what is broken now.
		sheet.PromisesHad, sheet.CostHad = after.Scenarios[0].ViolationsBefore, after.Scenarios[0].CostBefore
	}
	sheet.Servers, sheet.ErrorPPM = serverBalances(expected, measured)
	return sheet
}

func serverBalances(expected []Expectation, measured []Measured) (lines []ServerBalance, meanPPM int64) {
	found := map[model.ServerID]int64{}
	for _, m := range measured {
		found[m.Server] = max(found[m.Server], m.CPUMilli)
	}
	var sum int64
	for _, e := range expected {
		got, ok := found[e.Server]
		if !ok || e.CapacityMilli <= 0 {
			continue
		}
		line := ServerBalance{Expectation: e, MeasuredMilli: got}
		line.ErrorPPM = utilisationPPM(got-e.AfterMilli, e.CapacityMilli)
		sum += max(line.ErrorPPM, -line.ErrorPPM)
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		meanPPM = sum / int64(len(lines))
	}
	return lines, meanPPM
}
