// Package question reads a what-if question as people write it ("web=+40%",
// "zone:b", "18:00") and holds it against a fleet. The command line and the HTTP
// API ask in the same words.
package question

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

// Text is a question as people write it.
type Text struct {
	// Drain lists servers to empty, Server "like:ID" for one more server of the kind
	// that ID is. Load holds "APP=+40%" ("all" for every
	// application), Lose "server:ID", "rack:NAME" or "zone:NAME", Slow "A:B=3x".
	Drain, Server, Load, Lose, Slow []string
	Growth                          string // "10%": growth of all load
	// Quantile is the level of the forecasts within (0,1); 0: the expected load.
	Quantile float64
}

// Parse reads everything but the time, which ParseAt reads. Errors name the
// field as the command line's flag does.
func Parse(o Text) (scenario.Question, error) {
	q := scenario.Question{Future: scenario.Future{Name: "asked", Kind: model.ScenarioUser, Weight: 1, Required: true, Quantile: o.Quantile}}
	for _, s := range o.Drain {
		if s == "" {
			return q, fmt.Errorf("--drain: want a server's name")
		}
		q.Drain = append(q.Drain, model.ServerID(s))
	}
	for _, s := range o.Server {
		id, ok := strings.CutPrefix(s, "like:")
		if !ok || id == "" {
			return q, fmt.Errorf("--server %q: want like:ID, ID a server of the fleet", s)
		}
		q.Added = append(q.Added, model.ServerID(id))
	}
	for _, s := range o.Load {
		l, err := parseLoad(s)
		if err != nil {
			return q, fmt.Errorf("--load %q: %w", s, err)
		}
		q.Future.Load = append(q.Future.Load, l)
	}
	for _, s := range o.Lose {
		l, err := parseLoss(s)
		if err != nil {
			return q, fmt.Errorf("--lose %q: %w", s, err)
		}
		q.Future.Lost = append(q.Future.Lost, l)
	}
	for _, s := range o.Slow {
		l, err := parseSlow(s)
		if err != nil {
			return q, fmt.Errorf("--slow %q: %w", s, err)
		}
		q.Future.Slow = append(q.Future.Slow, l)
	}
	if o.Growth != "" {
		ppm, err := ParseChange(o.Growth)
		if err != nil {
			return q, fmt.Errorf("--growth %q: %w", o.Growth, err)
		}
		q.Future.GrowthPPM = ppm
	}
	return q, q.Future.Validate()
}

// ParseChange reads "+40%", "-10%", "40%", "1.4x" or "0.4" as a change in parts
// per million. A number above 1 needs its unit: "+40" may be meant as a percentage
// and "3" as a factor.
func ParseChange(s string) (int64, error) {
	number, factor, base := s, 1e6, 0.0
	switch {
	case strings.HasSuffix(s, "%"):
		number, factor = strings.TrimSuffix(s, "%"), 1e4
	case strings.HasSuffix(s, "x"):
		number, base = strings.TrimSuffix(s, "x"), -1e6
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("want a change such as +40%%, -10%% or 1.4x")
	}
	if number == s && math.Abs(v) > 1 {
		return 0, fmt.Errorf("the unit is missing: want a change such as +40%%, -10%% or 1.4x")
	}
	ppm := math.Round(v*factor + base)
	if ppm < -1e6 || ppm > 1e8 {
		return 0, fmt.Errorf("a change of %.6g %% is out of range: want -100 %% to +10000 %%", ppm/1e4)
	}
	return int64(ppm), nil
}

func parseLoad(s string) (scenario.LoadChange, error) {
	app, change, ok := strings.Cut(s, "=")
	if !ok || app == "" {
		return scenario.LoadChange{}, fmt.Errorf("want APP=+40%%")
	}
	ppm, err := ParseChange(change)
	if app == "all" {
		app = ""
	}
	return scenario.LoadChange{Application: model.ApplicationID(app), ChangePPM: ppm}, err
}

func parseLoss(s string) (scenario.Loss, error) {
	kind, name, ok := strings.Cut(s, ":")
	if ok && name != "" {
		switch kind {
		case "server":
			return scenario.Loss{Server: model.ServerID(name)}, nil
		case "rack":
			return scenario.Loss{Rack: name}, nil
		case "zone":
			return scenario.Loss{Zone: name}, nil
		}
	}
	return scenario.Loss{}, fmt.Errorf("want server:ID, rack:NAME or zone:NAME")
}

// parseSlow reads "A:B=3x"; whether A and B are servers or zones is settled
// when the fleet is known (see begin).
func parseSlow(s string) (scenario.SlowLink, error) {
	ends, factor, ok := strings.Cut(s, "=")
	a, b, both := strings.Cut(ends, ":")
	if !ok || !both || a == "" || b == "" {
		return scenario.SlowLink{}, fmt.Errorf("want A:B=3x")
	}
	ppm, err := ParseFactor(factor)
	return scenario.SlowLink{From: model.ServerID(a), To: model.ServerID(b), FactorPPM: ppm}, err
}

// ParseFactor reads "3x", or the change "+200%" that is the same, as a factor in
// parts per million.
func ParseFactor(s string) (int64, error) {
	ppm, err := ParseChange(s)
	if err == nil && ppm <= -1_000_000 {
		err = fmt.Errorf("want a factor above 0, such as 3x")
	}
	return ppm + 1_000_000, err
}

// ParseAt reads a time of day (its next occurrence, UTC) or a full time; empty
// is the view's own time.
func ParseAt(s string, now model.Instant) (model.Instant, error) {
	if s == "" {
		return 0, nil
	}
	at, err := model.ParseInstant(s)
	if clock, bad := time.Parse("15:04", s); bad == nil {
		at, err = now.Floor(24*time.Hour).Add(time.Duration(clock.Hour())*time.Hour+time.Duration(clock.Minute())*time.Minute), nil
		if at < now {
			at = at.Add(24 * time.Hour)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("--at %q: want 18:00, or RFC 3339 such as %v", s, now)
	}
	if at < now {
		return 0, fmt.Errorf("--at %v lies before the fleet's present %v", at, now)
	}
	return at, nil
}

// Begin lets changes begin at the time asked about, and holds names against
// the fleet: a question about a server that is not there is a mistake.
func Begin(q *scenario.Question, v scenario.View) error {
	zones, racks := map[string]bool{}, map[string]bool{}
	for _, s := range v.Servers {
		zones[s.Zone], racks[s.Rack] = true, true
	}
	server := func(id model.ServerID) bool { s, ok := v.Servers[id]; return ok && !s.Removed }
	for _, s := range q.Drain {
		if !server(s) {
			return fmt.Errorf("--drain %s: no such server in fleet %s", s, v.Fleet)
		}
	}
	for _, s := range q.Added {
		if !server(s) {
			return fmt.Errorf("--server like:%s: no such server in fleet %s", s, v.Fleet)
		}
	}
	for i := range q.Future.Load {
		l := &q.Future.Load[i]
		if _, ok := v.Applications[l.Application]; !ok && l.Application != "" {
			return fmt.Errorf("--load %s: no such application in fleet %s", l.Application, v.Fleet)
		}
		l.Start = q.At
	}
	for i := range q.Future.Lost {
		l := &q.Future.Lost[i]
		if l.Server != "" && !server(l.Server) || l.Zone != "" && !zones[l.Zone] || l.Rack != "" && !racks[l.Rack] {
			kind, name := "zone", l.Zone
			switch {
			case l.Server != "":
				kind, name = "server", string(l.Server)
			case l.Rack != "":
				kind, name = "rack", l.Rack
			}
			return fmt.Errorf("--lose %s:%s: no such %s in fleet %s", kind, name, kind, v.Fleet)
		}
		l.Start = q.At
	}
	for i := range q.Future.Slow {
		l := &q.Future.Slow[i]
		switch {
		case server(l.From) && server(l.To):
		case zones[string(l.From)] && zones[string(l.To)]:
			l.FromZone, l.ToZone, l.From, l.To = string(l.From), string(l.To), "", ""
		default:
			return fmt.Errorf("--slow %s:%s: want two servers or two zones of fleet %s", l.From, l.To, v.Fleet)
		}
	}
	return nil
}
