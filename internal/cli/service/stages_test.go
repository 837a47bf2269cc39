package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/config"
	"drover/internal/planner"
)

// withPolicies returns a configuration with a file of policies; empty: none.
func withPolicies(t *testing.T, policies string) *config.Config {
	t.Helper()
	c := &config.Config{Policy: "scenarios", Seed: 1}
	c.Planning.Evaluations = 1000
	if policies != "" {
		c.Planning.Policies = filepath.Join(t.TempDir(), "policies.yaml")
		if err := os.WriteFile(c.Planning.Policies, []byte(policies), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestFleetsPlanByTheirOwnPolicy(t *testing.T) {
	c := withPolicies(t, "fleets: {shop: {mode: approval, futures: [{name: rush, growth: 50%, required: true}]}}")
	c.Planning.DryRun = true
	set, err := Policies(c, "v1")
	if err != nil {
		t.Fatal(err)
	}
	shop, other := set.Of("shop"), set.Of("other")
	if !shop.Approval || shop.DryRun || len(shop.Futures) != 1 || shop.Code != "v1" || shop.Budget.Evaluations != 1000 {
		t.Errorf("the shop's policy: %+v", shop)
	}
	if other.Approval || !other.DryRun || len(other.Futures) != 0 {
		t.Errorf("another fleet's policy: approval %v, dry run %v, futures %v", other.Approval, other.DryRun, other.Futures)
	}
}

func TestTheStagesTakeTheFileOfPolicies(t *testing.T) {
	c := withPolicies(t, "fleets: {shop: {mode: approval}}")
	p, err := Stages(c, "v1")
	if p == nil {
		t.Fatal(err)
	}
	made, err := p.Planner.NewPolicy("shop")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := made.(planner.ScenarioPolicy); !ok || !s.Config.Approval {
		t.Errorf("the shop plans by %+v", made)
	}
}

func TestAWrongFileOfPoliciesIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"fleets: {shop: {mode: sometimes}}": "fleets.shop: mode",
		"flets: {}":                         "flets",
	} {
		if _, err := Policies(withPolicies(t, text), "v1"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "planning.policies") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	c := withPolicies(t, "")
	c.Planning.Policies = filepath.Join(t.TempDir(), "missing.yaml")
	if _, err := Policies(c, "v1"); err == nil || !strings.Contains(err.Error(), "missing.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
}
