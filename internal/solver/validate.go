package solver

import (
	"fmt"
	"math"

	"drover/internal/model"
)

// amountLimit is the largest single amount a problem may hold, so that sums
// stay far from overflow.
const amountLimit = int64(1e13)

// costLimit is the largest worst-case cost that is still safe to compute with.
const costLimit = 4e18

// validate checks that indices, lengths and amounts are sound. Errors name the
// place and the value.
func validate(p *model.Problem) error {
	if p.Periods < 0 {
		return fmt.Errorf("problem: periods %d must not be negative", p.Periods)
	}
	if len(p.Items) > math.MaxInt32/2 || len(p.Bins) > math.MaxInt32/2 {
		return fmt.Errorf("problem: %d items on %d bins are more than the solver can index", len(p.Items), len(p.Bins))
	}
	for r, res := range p.Resources {
		if err := amount(fmt.Sprintf("resource %d (%s): load weight", r, res.Name), res.LoadWeight); err != nil {
			return err
		}
	}
	for _, check := range []func(*model.Problem) error{validateBins, validateGroups, validateItems, validateFlows, validateCosts} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func amount(what string, v int64) error {
	if v < 0 || v > amountLimit {
		return fmt.Errorf("%s: %d is not in 0..%d", what, v, amountLimit)
	}
	return nil
}

func index(what string, v, n int) error {
	if v < 0 || v >= n {
		return fmt.Errorf("%s: index %d is not in 0..%d", what, v, n-1)
	}
	return nil
}

func vector(p *model.Problem, what string, v []int64) error {
	if n := len(p.Resources); len(v) != n && len(v) != n*periods(p) {
		return fmt.Errorf("%s: %d values for %d resources and %d periods", what, len(v), n, periods(p))
	}
	for _, x := range v {
		if err := amount(what, x); err != nil {
			return err
		}
	}
	return nil
}

func validateBins(p *model.Problem) error {
	for b := range p.Bins {
		bin := &p.Bins[b]
		name := fmt.Sprintf("bin %d (%s)", b, bin.Name)
		if err := vector(p, name+": capacity", bin.Capacity); err != nil {
			return err
		}
		if len(bin.Safety) > 0 {
			if err := vector(p, name+": safety", bin.Safety); err != nil {
				return err
			}
		}
		limit := 4*len(p.Bins) + 1_000_000
		for _, v := range []int{bin.Location, bin.Neighbourhood, bin.Zone} {
			if err := index(name+": location, neighbourhood or zone", v, limit); err != nil {
				return err
			}
		}
		if n := len(p.Distance); n > 0 && bin.Zone >= n {
			return fmt.Errorf("%s: zone %d has no row in the %d distances", name, bin.Zone, n)
		}
		if n := len(p.ZoneMoveDistance); n > 0 && bin.Zone >= n {
			return fmt.Errorf("%s: zone %d has no row in the %d zone move distances", name, bin.Zone, n)
		}
		for _, v := range []int64{bin.Money, bin.WakeCost, int64(bin.MaxArrivals), int64(bin.MaxDepartures)} {
			if err := amount(name+": cost or limit", v); err != nil {
				return err
			}
		}
		for _, pt := range bin.Power {
			if err := amount(name+": power", pt.PowerMilliwatts); err != nil {
				return err
			}
			if err := amount(name+": utilisation", pt.UtilisationPPM); err != nil {
				return err
			}
		}
	}
	return nil
}

func validateGroups(p *model.Problem) error {
	for g := range p.Groups {
		group := &p.Groups[g]
		name := fmt.Sprintf("group %d (%s)", g, group.Name)
		for _, list := range [][]int{group.DependsOn, group.Affinity, group.AntiAffinity} {
			for _, h := range list {
				if err := index(name+": other group", h, len(p.Groups)); err != nil {
					return err
				}
			}
		}
		for _, v := range []int{group.MaxPerBin, group.MinSpread, group.MaxMoves} {
			if v < 0 || v > math.MaxInt32 {
				return fmt.Errorf("%s: limit %d is out of range", name, v)
			}
		}
	}
	return nil
}

func validateItems(p *model.Problem) error {
	for i := range p.Items {
		item := &p.Items[i]
		name := fmt.Sprintf("item %d (%s)", i, item.Name)
		if err := index(name+": group", item.Group, len(p.Groups)); err != nil {
			return err
		}
		if err := vector(p, name+": demand", item.Demand); err != nil {
			return err
		}
		if item.Start != model.Unplaced {
			if err := index(name+": start", item.Start, len(p.Bins)); err != nil {
				return err
			}
		}
		if err := amount(name+": move cost", item.MoveCost); err != nil {
			return err
		}
		for _, list := range [][]int{item.Allowed, item.Forbidden} {
			for _, b := range list {
				if err := index(name+": bin", b, len(p.Bins)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func validateFlows(p *model.Problem) error {
	for a, row := range p.Distance {
		if len(row) != len(p.Distance) {
			return fmt.Errorf("distance of zone %d: %d values for %d zones", a, len(row), len(p.Distance))
		}
		for b, v := range row {
			if err := amount(fmt.Sprintf("distance of zones %d and %d", a, b), v); err != nil {
				return err
			}
			if p.Distance[b][a] != v {
				return fmt.Errorf("distance of zones %d and %d: %d there, %d back; it must be symmetric", a, b, v, p.Distance[b][a])
			}
		}
	}
	for k, f := range p.GroupFlows {
		if err := flow(fmt.Sprintf("group flow %d", k), f, len(p.Groups)); err != nil {
			return err
		}
	}
	for k, f := range p.ItemFlows {
		if err := flow(fmt.Sprintf("item flow %d", k), f, len(p.Items)); err != nil {
			return err
		}
	}
	return nil
}

func flow(what string, f model.Flow, n int) error {
	if err := index(what, f.A, n); err != nil {
		return err
	}
	if err := index(what, f.B, n); err != nil {
		return err
	}
	return amount(what+": rate", f.Rate)
}
