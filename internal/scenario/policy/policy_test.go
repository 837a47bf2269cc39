package policy

import (
	"strings"
	"testing"
	"time"

	"drover/internal/scenario"
)

const example = `
fleets:
  shop:
    mode: approval
    min_trusted: 80%
    horizon: {period: 30m, periods: 4}
    high_quantile: 0.9
    server_quantile: 0.99
    confidence: 99%
    cost_every: 15m
    hysteresis: 45m
    drain_lead: 3h
    max_updates: 2
    prices: {energy_per_kwh: 0.31, violation: 2, move: 0}
    guard_rails: {moves_per_hour: 50, application_moves_per_hour: 3, servers_touched: 12, minimum_benefit: 0.5}
    futures:
      - {name: black friday, required: true, load: [{application: web, change: +60%}]}
      - {name: rack r1 is lost, lost: [{rack: r1}]}
      - {name: slow a to b, slow: [{from_zone: a, to_zone: b, factor: 3x}]}
  "*":
    mode: dry-run
`

func TestEveryFleetHasItsPolicy(t *testing.T) {
	set, err := Parse([]byte(example), scenario.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	shop, base := set.Of("shop"), scenario.DefaultConfig()
	if !shop.Approval || shop.DryRun || shop.MinTrustedPPM != 800_000 || shop.ConfidencePPM != 990_000 {
		t.Errorf("approval %v, dry run %v, trusted %d, confidence %d", shop.Approval, shop.DryRun, shop.MinTrustedPPM, shop.ConfidencePPM)
	}
	if shop.Period != 30*time.Minute || shop.Periods != 4 || shop.HighQuantile != 0.9 || shop.ServerQuantile != 0.99 || shop.CostEvery != 15*time.Minute ||
		shop.Hysteresis != 45*time.Minute || shop.DrainLead != 3*time.Hour || shop.MaxUpdates != 2 {
		t.Errorf("times %v x %d, quantile %v, %v, %v, %v, updates %d", shop.Period, shop.Periods, shop.HighQuantile, shop.CostEvery, shop.Hysteresis, shop.DrainLead, shop.MaxUpdates)
	}
	if shop.EnergyMicrosPerKWh != 310_000 || shop.ViolationMicros != 2_000_000 || shop.MoveMicros != 1 || shop.MoveMicrosPerGiB != base.MoveMicrosPerGiB {
		t.Errorf("prices %d, %d, %d, %d", shop.EnergyMicrosPerKWh, shop.ViolationMicros, shop.MoveMicros, shop.MoveMicrosPerGiB)
	}
	if shop.MaxMovesPerHour != 50 || shop.MaxApplicationMovesPerHour != 3 || shop.MaxServersTouched != 12 || shop.MinimumBenefitMicros != 500_000 {
		t.Errorf("guard rails %d, %d, %d, %d", shop.MaxMovesPerHour, shop.MaxApplicationMovesPerHour, shop.MaxServersTouched, shop.MinimumBenefitMicros)
	}
	if len(shop.Futures) != 3 || !shop.Futures[0].Required || shop.Futures[1].Lost[0].Rack != "r1" || shop.Futures[2].Slow[0].FactorPPM != 3_000_000 {
		t.Errorf("futures %+v", shop.Futures)
	}
	if other := set.Of("other"); !other.DryRun || other.Approval || len(other.Futures) != 0 {
		t.Errorf("a fleet that is not named: %+v", other)
	}
	if got := set.Fleets(); len(got) != 2 || got[0] != Others || got[1] != "shop" {
		t.Errorf("fleets %v", got)
	}
}

func TestWithoutAFileTheBaseHolds(t *testing.T) {
	base := scenario.DefaultConfig()
	base.Approval = true
	for _, text := range []string{"", "fleets: {}", "fleets: {shop: {}}"} {
		set, err := Parse([]byte(text), base)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if c := set.Of("shop"); !c.Approval || c.Period != base.Period {
			t.Errorf("%q: %+v", text, c)
		}
	}
	if !New(base).Of("shop").Approval {
		t.Error("a set of the base alone does not give it")
	}
	// A mode takes back what the base says.
	set, err := Parse([]byte("fleets: {shop: {mode: automatic}}"), base)
	if err != nil || set.Of("shop").Approval {
		t.Errorf("%v, automatic plans wait", err)
	}
}

func TestWrongPoliciesNameTheField(t *testing.T) {
	for text, want := range map[string]string{
		"fleets: {shop: {mode: sometimes}}":                                `fleets.shop: mode "sometimes": want automatic, approval or dry-run`,
		"fleets: {shop: {min_trusted: 120%}}":                              "min_trusted",
		"fleets: {shop: {confidence: 2x}}":                                 "confidence",
		"fleets: {shop: {hysteresis: soon}}":                               "hysteresis",
		"fleets: {shop: {horizon: {period: -1h}}}":                         "horizon.period",
		"fleets: {shop: {horizon: {periods: 1000}}}":                       "horizon",
		"fleets: {shop: {server_quantile: 0.5}}":                           "server quantile",
		"fleets: {shop: {high_quantile: 1.5}}":                             "high quantile",
		"fleets: {shop: {prices: {move: -1}}}":                             "prices.move",
		"fleets: {shop: {guard_rails: {moves_per_hour: -1}}}":              "guard_rails.moves_per_hour",
		"fleets: {shop: {guard_rails: {minimum_benefit: -1}}}":             "guard_rails.minimum_benefit",
		"fleets: {shop: {futures: [{name: x, lost: [{}]}]}}":               `futures[0] "x": lost[0]`,
		"fleets: {shop: {futures: [{name: x}, {name: x}]}}":                "name: used twice",
		"fleets: {shop: {moode: automatic}}":                               "moode",
		"fleets: {shop: {futures: [{name: x, load: [{change: lots}]}]}}":   "load[0].change",
		"fleets: {shop: {futures: [{name: x, slow: [{factor: slowly}]}]}}": "slow[0].factor",
	} {
		if _, err := Parse([]byte(text), scenario.DefaultConfig()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("fleets: {shop: {mode: 1, prices: {move: 1e400}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := Parse(text, scenario.DefaultConfig())
		if err != nil {
			return
		}
		for _, fleet := range set.Fleets() {
			if c := set.Of(fleet); c.Validate() != nil {
				t.Fatalf("fleet %q: an invalid policy was accepted: %v", fleet, c.Validate())
			}
		}
	})
}
