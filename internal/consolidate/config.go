package consolidate

import (
	"errors"
	"fmt"
	"math"
)

// Host is a server that VMs can be placed on.
type Host struct {
	// CapacityMIPS is what all its cores serve together.
	CapacityMIPS float64
	// Watts is the draw at evenly spaced utilisations from 0 to 1, at least two.
	Watts []float64
}

// VM is a virtual machine; its demand is a share of its size.
type VM struct {
	// SizeMIPS is the demand at utilisation 1.
	SizeMIPS float64
	// MigrationSeconds is how long a live migration of it lasts.
	MigrationSeconds float64
}

// Config describes the fleet and what the policy aims at. It never changes
// during a policy's life.
type Config struct {
	Hosts []Host
	VMs   []VM
	// StepSeconds is the time between two samples.
	StepSeconds float64
	// PeriodTicks is the span over which the share of unserved demand is
	// budgeted; the price of unserved demand is steered so that each period
	// ends near the target.
	PeriodTicks int
	// UnservedTarget is the share of demand that may go unserved.
	UnservedTarget float64
	// Foresee, where set, is asked at every tick for what is to be expected of
	// each VM, in place of estimates from samples: an oracle, to measure what
	// better forecasts could gain.
	Foresee func(tick int) []Moments
	Tuning  Tuning
}

// Moments describe a VM's coming samples, in shares of its size.
type Moments struct{ Mean, Variance, Third float64 }

// Tuning holds the policy's constants; DefaultTuning is the one setting in use.
type Tuning struct {
	// HoldTicks is how long a placement is taken to last: what is gained each
	// tick by a move is weighed this many times against the move's price.
	HoldTicks float64
	// MoveWattTicks is the price of a migration.
	MoveWattTicks float64
	// DeficitWatts is the price of 1 MIPS of unserved demand, before steering.
	DeficitWatts float64
	// SteerLimit is the factor that steering may change that price by, either way.
	SteerLimit float64
	// CommonShare is the standard deviation of the factor common to all
	// demand, as a share of the mean. It also covers that a search picks VMs
	// whose means are underestimated.
	CommonShare float64
	// SkewBase and SkewShare correct the skewness of a host's load to
	// SkewBase + SkewShare x that of independent VMs, as measured on hosts that
	// the search has filled.
	SkewBase, SkewShare float64
	// DelayShare is the part of a tick that a migration takes effect after.
	DelayShare float64
	// TrendTicks is the memory of the fleet's trend, TrendAhead how many ticks
	// it is carried on.
	TrendTicks, TrendAhead float64
	// Related is for how VMs move together.
	Related RelatedTuning
	// Demand is for the estimators of single VMs.
	Demand DemandTuning
}

// DefaultTuning returns the setting that the documented figures are made with.
func DefaultTuning() Tuning {
	return Tuning{
		HoldTicks: 24, MoveWattTicks: 11,
		DeficitWatts: 1.6, SteerLimit: 3,
		CommonShare: .04, SkewBase: .35, SkewShare: .25, DelayShare: .06,
		TrendTicks: 16, TrendAhead: 8,
		Related: RelatedTuning{Ticks: 24, Deviations: 3.7, Softness: .4, Share: .9, Most: .7},
		Demand:  DefaultDemandTuning(),
	}
}

// RelatedTuning holds the constants of the covariances between VMs.
type RelatedTuning struct {
	// Ticks is how many must have been seen.
	Ticks int
	// Deviations is how many standard deviations of chance a correlation must
	// be from none to be believed half, Softness how many more take it from a
	// half to nearly three quarters.
	Deviations, Softness float64
	// Share is what is left of a correlation that is believed: those that are
	// found are found in part because they look larger than they are.
	Share float64
	// Most is the largest share of a VM's variance that its covariances add up to.
	Most float64
}

func (c *Config) validate() error {
	if len(c.Hosts) == 0 {
		return errors.New("no hosts; a placement needs at least one")
	}
	for h, host := range c.Hosts {
		if !(host.CapacityMIPS > 0) || math.IsInf(host.CapacityMIPS, 0) {
			return fmt.Errorf("host %d: capacity %v MIPS, want a positive number", h, host.CapacityMIPS)
		}
		if len(host.Watts) < 2 {
			return fmt.Errorf("host %d: power curve of %d points, want at least 2", h, len(host.Watts))
		}
		for _, w := range host.Watts {
			if !(w >= 0) || math.IsInf(w, 0) {
				return fmt.Errorf("host %d: power %v W, want 0 or more", h, w)
			}
		}
	}
	for v, vm := range c.VMs {
		if !(vm.SizeMIPS > 0) || math.IsInf(vm.SizeMIPS, 0) || !(vm.MigrationSeconds >= 0) {
			return fmt.Errorf("VM %d: size %v MIPS, migration %v s, want a positive and a non-negative number", v, vm.SizeMIPS, vm.MigrationSeconds)
		}
	}
	if !(c.StepSeconds > 0) || c.PeriodTicks < 1 || !(c.UnservedTarget > 0) {
		return fmt.Errorf("step %v s, period %d ticks, unserved target %v: all must be positive", c.StepSeconds, c.PeriodTicks, c.UnservedTarget)
	}
	return nil
}
