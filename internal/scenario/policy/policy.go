package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/scenario/question"
)

// Others is the name under which a file describes the fleets that it does not
// name.
const Others = "*"

// The modes of a fleet: how its plans begin.
const (
	Automatic = "automatic" // at once
	Approval  = "approval"  // when a person has approved them, wave by wave
	DryRun    = "dry-run"   // never: they are published only
)

// Set holds policies by fleet.
type Set struct {
	base   scenario.Config
	fleets map[model.FleetID]scenario.Config
}

// Of returns a fleet's policy: its own, that of the others, or the base.
func (s *Set) Of(fleet model.FleetID) scenario.Config {
	if c, ok := s.fleets[fleet]; ok {
		return c
	}
	if c, ok := s.fleets[Others]; ok {
		return c
	}
	return s.base
}

// Fleets lists the names that have a policy of their own, in order.
func (s *Set) Fleets() []model.FleetID { return slices.Sorted(maps.Keys(s.fleets)) }

// New returns a set that gives every fleet the same policy.
func New(base scenario.Config) *Set { return &Set{base: base} }

// file is the YAML form.
type file struct {
	Fleets map[string]filePolicy `yaml:"fleets"`
}

// filePolicy is one fleet's. What is left out stays as in the base.
type filePolicy struct {
	Mode       string `yaml:"mode"`
	MinTrusted string `yaml:"min_trusted"` // share of trusted forecasts
	Horizon    struct {
		Period  string `yaml:"period"`
		Periods int    `yaml:"periods"`
	} `yaml:"horizon"`
	HighQuantile   float64    `yaml:"high_quantile"`
	ServerQuantile float64    `yaml:"server_quantile"`
	Confidence     string     `yaml:"confidence"`
	CostEvery      string     `yaml:"cost_every"`
	Hysteresis     string     `yaml:"hysteresis"`
	DrainLead      string     `yaml:"drain_lead"`
	MaxUpdates     int        `yaml:"max_updates"`
	Prices         filePrices `yaml:"prices"`
	Guard          fileGuard  `yaml:"guard_rails"`
	Futures        []Future   `yaml:"futures"`
}

// filePrices are in the fleet's currency.
type filePrices struct {
	EnergyPerKWh       *float64 `yaml:"energy_per_kwh"`
	TrafficPerGiB      *float64 `yaml:"traffic_per_gib"`
	OverSafetyCoreHour *float64 `yaml:"over_safety_per_core_hour"`
	Move               *float64 `yaml:"move"`
	MovePerGiB         *float64 `yaml:"move_per_gib"`
	Violation          *float64 `yaml:"violation"`
}

type fileGuard struct {
	MovesPerHour            int      `yaml:"moves_per_hour"`
	ApplicationMovesPerHour int      `yaml:"application_moves_per_hour"`
	ServersTouched          int      `yaml:"servers_touched"`
	MinimumBenefit          *float64 `yaml:"minimum_benefit"`
}

// Parse reads the policies of fleets on top of a base. Unknown fields are errors
// with their line; bad values name the fleet and the field.
func Parse(text []byte, base scenario.Config) (*Set, error) {
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not planning policies: %w", err)
	}
	out := &Set{base: base, fleets: map[model.FleetID]scenario.Config{}}
	for _, name := range slices.Sorted(maps.Keys(f.Fleets)) {
		p := f.Fleets[name]
		c, err := p.config(base)
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			return nil, fmt.Errorf("fleets.%s: %w", name, err)
		}
		out.fleets[model.FleetID(name)] = c
	}
	return out, nil
}

// config puts one fleet's policy on top of a base.
func (p *filePolicy) config(c scenario.Config) (scenario.Config, error) {
	if err := p.begin(&c); err != nil {
		return c, err
	}
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"horizon.period", p.Horizon.Period, &c.Period}, {"cost_every", p.CostEvery, &c.CostEvery},
		{"hysteresis", p.Hysteresis, &c.Hysteresis}, {"drain_lead", p.DrainLead, &c.DrainLead},
	} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil || v <= 0 {
			return c, fmt.Errorf("%s %q: want a time like 30m or 2h", d.name, d.text)
		}
		*d.into = v
	}
	if err := p.Prices.into(&c); err != nil {
		return c, err
	}
	if p.HighQuantile != 0 {
		c.HighQuantile = p.HighQuantile
	}
	if p.ServerQuantile != 0 {
		c.ServerQuantile = p.ServerQuantile
	}
	if err := p.counts(&c); err != nil {
		return c, err
	}
	var err error
	if len(p.Futures) > 0 {
		c.Futures, err = futuresOf(p.Futures)
	}
	return c, err
}

// begin sets how plans begin.
func (p *filePolicy) begin(c *scenario.Config) error {
	switch p.Mode {
	case "":
	case Automatic, Approval, DryRun:
		c.Approval, c.DryRun = p.Mode == Approval, p.Mode == DryRun
	default:
		return fmt.Errorf("mode %q: want %s, %s or %s", p.Mode, Automatic, Approval, DryRun)
	}
	for _, s := range []struct {
		name, text string
		into       *int64
	}{{"min_trusted", p.MinTrusted, &c.MinTrustedPPM}, {"confidence", p.Confidence, &c.ConfidencePPM}} {
		if s.text == "" {
			continue
		}
		v, err := question.ParseChange(s.text)
		if err != nil || strings.HasSuffix(s.text, "x") || v < 0 || v > 1_000_000 {
			return fmt.Errorf("%s %q: want a share from 0%% to 100%%", s.name, s.text)
		}
		*s.into = v
	}
	return nil
}

// counts sets the whole numbers and the least benefit.
func (p *filePolicy) counts(c *scenario.Config) error {
	for _, n := range []struct {
		name  string
		value int
		into  *int
	}{
		{"horizon.periods", p.Horizon.Periods, &c.Periods}, {"max_updates", p.MaxUpdates, &c.MaxUpdates},
		{"guard_rails.moves_per_hour", p.Guard.MovesPerHour, &c.MaxMovesPerHour},
		{"guard_rails.application_moves_per_hour", p.Guard.ApplicationMovesPerHour, &c.MaxApplicationMovesPerHour},
		{"guard_rails.servers_touched", p.Guard.ServersTouched, &c.MaxServersTouched},
	} {
		switch {
		case n.value < 0:
			return fmt.Errorf("%s %d: must not be negative", n.name, n.value)
		case n.value > 0:
			*n.into = n.value
		}
	}
	return micros("guard_rails.minimum_benefit", p.Guard.MinimumBenefit, &c.MinimumBenefitMicros)
}

func (p *filePrices) into(c *scenario.Config) error {
	return errors.Join(
		micros("prices.energy_per_kwh", p.EnergyPerKWh, &c.EnergyMicrosPerKWh),
		micros("prices.traffic_per_gib", p.TrafficPerGiB, &c.TrafficMicrosPerGiB),
		micros("prices.over_safety_per_core_hour", p.OverSafetyCoreHour, &c.OverSafetyMicrosPerCoreHour),
		micros("prices.move", p.Move, &c.MoveMicros),
		micros("prices.move_per_gib", p.MovePerGiB, &c.MoveMicrosPerGiB),
		micros("prices.violation", p.Violation, &c.ViolationMicros))
}

// micros sets an amount of money where one is given. Nothing at all can't be
// told from the default in a configuration, so it becomes the least amount.
func micros(name string, amount *float64, into *int64) error {
	if amount == nil {
		return nil
	}
	if !(*amount >= 0 && *amount <= 1e9) {
		return fmt.Errorf("%s %v: want an amount from 0 to 1e9", name, *amount)
	}
	*into = max(1, int64(math.Round(*amount*1e6)))
	return nil
}
