package solver

import (
	"fmt"

	"drover/internal/model"
)

// validateCosts bounds the largest cost that can arise, so that integer
// arithmetic cannot overflow.
func validateCosts(p *model.Problem) error {
	if n := len(p.Resources); n > 0 && (p.PowerResource < 0 || p.PowerResource >= n) {
		return fmt.Errorf("power resource: index %d is not in 0..%d", p.PowerResource, n-1)
	}
	w := p.Weights
	for _, v := range []int64{w.Power, w.Money, w.Wake, w.Traffic, w.ItemMove, w.GroupMove, w.BinMove} {
		if err := amount("weight", v); err != nil {
			return err
		}
	}
	for k, b := range p.Balances {
		for _, r := range []int{b.A, b.B} {
			if err := index(fmt.Sprintf("balance %d: resource", k), r, len(p.Resources)); err != nil {
				return err
			}
		}
		if err := amount(fmt.Sprintf("balance %d: target", k), b.Target); err != nil {
			return err
		}
		if err := amount(fmt.Sprintf("balance %d: weight", k), b.Weight); err != nil {
			return err
		}
	}
	worst, err := worstMoves(p)
	if err != nil {
		return err
	}
	worst += worstLoads(p) + worstExtras(p)
	if worst > costLimit {
		return fmt.Errorf("problem: costs could reach %.3g, more than %.3g; choose coarser units or smaller weights", worst, float64(costLimit))
	}
	return nil
}

// worstMoves bounds the cost of moving everything.
func worstMoves(p *model.Problem) (float64, error) {
	w := p.Weights
	var sum float64
	for i := range p.Items {
		sum += float64(p.Items[i].MoveCost) * float64(w.ItemMove)
	}
	sum += float64(len(p.Items)) * float64(w.GroupMove)
	rows, n, what := p.MoveDistance, len(p.Bins), "move distance of bin"
	if len(rows) == 0 {
		rows, n, what = p.ZoneMoveDistance, len(p.ZoneMoveDistance), "move distance of zone"
	}
	if len(rows) > 0 && len(rows) != n {
		return 0, fmt.Errorf("%s: %d rows for %d", what, len(rows), n)
	}
	var far int32
	for a, row := range rows {
		if len(row) != n {
			return 0, fmt.Errorf("%s %d: %d values for %d", what, a, len(row), n)
		}
		for _, v := range row {
			if v < 0 {
				return 0, fmt.Errorf("%s %d: %d must not be negative", what, a, v)
			}
			far = max(far, v)
		}
	}
	return sum + float64(len(p.Items))*float64(far)*float64(w.BinMove), nil
}

// worstLoads bounds load and balance cost.
func worstLoads(p *model.Problem) float64 {
	n := len(p.Resources)
	use, free := make([]float64, n), make([]float64, n)
	span := func(v []int64) float64 { return float64(max(1, n*periods(p)/max(1, len(v)))) }
	for i := range p.Items {
		for k, q := range p.Items[i].Demand {
			use[k%n] += float64(q) * span(p.Items[i].Demand)
		}
	}
	for b := range p.Bins {
		for k, q := range p.Bins[b].Capacity {
			free[k%n] += float64(q) * span(p.Bins[b].Capacity)
		}
	}
	var sum float64
	for r := range p.Resources {
		sum += use[r] * float64(p.Resources[r].LoadWeight)
	}
	for _, b := range p.Balances {
		sum += float64(b.Weight) * (float64(b.Target)*(free[b.A]+use[b.A]) + free[b.B] + use[b.B])
	}
	return sum
}

// worstExtras bounds power, money, wake and traffic cost.
func worstExtras(p *model.Problem) float64 {
	w := p.Weights
	var sum float64
	for b := range p.Bins {
		var peak int64
		for _, pt := range p.Bins[b].Power {
			peak = max(peak, pt.PowerMilliwatts)
		}
		sum += float64(peak)*float64(w.Power)*float64(periods(p)) +
			float64(p.Bins[b].Money)*float64(w.Money) + float64(p.Bins[b].WakeCost)*float64(w.Wake)
	}
	var far int64
	for _, row := range p.Distance {
		for _, v := range row {
			far = max(far, v)
		}
	}
	size := make([]float64, len(p.Groups))
	for i := range p.Items {
		size[p.Items[i].Group]++
	}
	for _, f := range p.GroupFlows {
		sum += float64(f.Rate) * float64(w.Traffic) * float64(far) * size[f.A] * size[f.B]
	}
	for _, f := range p.ItemFlows {
		sum += float64(f.Rate) * float64(w.Traffic) * float64(far)
	}
	return sum
}
