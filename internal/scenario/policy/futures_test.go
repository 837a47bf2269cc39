package policy

import (
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/scenario"
)

func TestParseFutures(t *testing.T) {
	good := `
futures:
  - name: black friday
    weight: 0.2
    required: true
    growth: 5%
    load: [{application: web, change: +60%, start: "2026-11-27 08:00:00", end: 2026-11-28T00:00:00Z}, {application: all, change: 10%}]
    lost: [{rack: r1, drained: true}]
    slow: [{from_zone: a, to_zone: b, factor: 3x}]
`
	got, err := ParseFutures([]byte(good))
	if err != nil || len(got) != 1 {
		t.Fatal(err)
	}
	f := got[0]
	if f.Load[0].ChangePPM != 600_000 || f.Load[0].End.Sub(f.Load[0].Start).Hours() != 16 || f.Load[1].Application != "" ||
		!f.Lost[0].Drained || f.Slow[0].FactorPPM != 3_000_000 || f.Kind != model.ScenarioUser || f.GrowthPPM != 50_000 {
		t.Errorf("%+v", f)
	}
	for text, want := range map[string]string{
		"futures:\n  - {nam: x}":                                            "nam",
		"futures:\n  - {weight: 1}":                                         "name: must not be empty",
		"futures:\n  - {name: x, load: [{change: up}]}":                     "load[0].change \"up\"",
		"futures:\n  - {name: x, lost: [{server: a, zone: b}]}":             "lost[0]: name one of",
		"futures:\n  - {name: x, lost: [{server: a, start: soon}]}":         "lost[0].start",
		"futures:\n  - {name: x}\n  - {name: x}":                            "used twice",
		"futures: 7":                                                        "not a list of futures",
		"futures:\n  - {name: x, slow: [{from: a, to: b, factor: slowly}]}": "slow[0].factor",
		"futures:\n  - {name: x, slow: [{from: a, to: b, factor: 0x}]}":     "slow[0].factor",
	} {
		if _, err := ParseFutures([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseFutures(f *testing.F) {
	f.Add([]byte("futures:\n  - {name: x, load: [{application: a, change: +4%}]}"))
	f.Add([]byte("futures: [{name: y, lost: [{zone: b, start: 2026-01-01}]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		futures, err := ParseFutures(text)
		if err != nil {
			return
		}
		if err := (scenario.Config{Futures: futures}).Validate(); err != nil {
			t.Errorf("accepted futures that the policy refuses: %v", err)
		}
	})
}
