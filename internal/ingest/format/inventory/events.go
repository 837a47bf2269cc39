package inventory

import (
	"errors"
	"fmt"
	"math"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

func (s *server) event(opt format.Options) (model.Server, error) {
	e := model.Server{Fleet: opt.Fleet, ID: model.ServerID(s.ID), At: opt.At, Zone: s.Zone, Rack: s.Rack, Labels: s.Labels,
		Unschedulable: s.Unschedulable, Removed: s.Removed, AgentURL: s.Agent, DisruptionConcurrency: s.Concurrency}
	if s.ID == "" {
		return e, errors.New("id is empty")
	}
	capacity, err := s.Capacity.vector()
	if err != nil {
		return e, fmt.Errorf("capacity: %w", err)
	}
	e.Capacity = capacity
	if capacity[model.CPU] == 0 && !s.Removed {
		return e, errors.New("capacity.cpu is needed")
	}
	if s.Safety != nil {
		share, err := ppm("safety", *s.Safety)
		if err != nil {
			return e, err
		}
		for r := range e.SafetyPPM {
			e.SafetyPPM[r] = share
		}
	}
	if e.Power, err = powerCurve(s.Power); err != nil {
		return e, err
	}
	if !(s.CostPerHour >= 0 && s.CostPerHour < 1e9) || !(s.CoreSpeed >= 0 && s.CoreSpeed < 1e6) || s.Concurrency < 0 {
		return e, errors.New("cost_per_hour, core_speed and disruption_concurrency can't be negative")
	}
	e.CostMicrosPerHour = int64(math.Round(s.CostPerHour * 1e6))
	e.CoreSpeedMilli = int64(math.Round(s.CoreSpeed * 1000))
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{{"wake", s.Wake, &e.WakeDuration}, {"mtbf", s.MTBF, &e.MTBF}, {"mttr", s.MTTR, &e.MTTR},
		{"zone_mtbf", s.ZoneMTBF, &e.ZoneMTBF}, {"zone_mttr", s.ZoneMTTR, &e.ZoneMTTR}} {
		if *d.into, err = duration(d.name, d.text); err != nil {
			return e, err
		}
	}
	if e.ZoneMTBF > 0 && e.Zone == "" {
		return e, errors.New("zone_mtbf without a zone")
	}
	return e, nil
}

// powerCurve reads points of rising utilisation.
func powerCurve(points []powerPoint) (curve []model.PowerPoint, err error) {
	for i, p := range points {
		share, err := ppm(fmt.Sprintf("power[%d].utilisation", i), p.Utilisation)
		if err != nil {
			return nil, err
		}
		if i > 0 && share <= curve[i-1].UtilisationPPM {
			return nil, fmt.Errorf("power[%d].utilisation %v: points must rise", i, p.Utilisation)
		}
		if !(p.Watts >= 0 && p.Watts < 1e9) {
			return nil, fmt.Errorf("power[%d].watts %v: want watts from 0", i, p.Watts)
		}
		curve = append(curve, model.PowerPoint{UtilisationPPM: share, PowerMilliwatts: int64(math.Round(p.Watts * 1000))})
	}
	return curve, nil
}

func (w *window) event(server model.ServerID, opt format.Options) (model.Maintenance, error) {
	m := model.Maintenance{Fleet: opt.Fleet, ID: w.ID, Server: server, At: opt.At, Reason: w.Reason, Hook: w.Hook, Cancelled: w.Cancelled}
	for _, t := range []struct {
		name, text string
		into       *model.Instant
		needed     bool
	}{{"start", w.Start, &m.Start, true}, {"end", w.End, &m.End, true},
		{"earliest_start", w.EarliestStart, &m.EarliestStart, false}, {"latest_end", w.LatestEnd, &m.LatestEnd, false}} {
		if t.text == "" && !t.needed {
			continue
		}
		at, err := model.ParseInstant(t.text)
		if err != nil {
			return m, fmt.Errorf("%s: %w", t.name, err)
		}
		*t.into = at
	}
	if m.End <= m.Start {
		return m, fmt.Errorf("end %s is not after start %s", w.End, w.Start)
	}
	var err error
	if m.Duration, err = duration("duration", w.Duration); err != nil {
		return m, err
	}
	if m.Duration == 0 {
		m.Duration = m.End.Sub(m.Start)
	}
	if m.ID == "" {
		m.ID = model.Digest(string(server), m.Start.String(), w.Reason)[:16]
	}
	return m, nil
}

func (a *application) event(opt format.Options) (model.Application, error) {
	e := model.Application{Fleet: opt.Fleet, ID: model.ApplicationID(a.ID), At: opt.At, Replicas: a.Replicas, Stateful: a.Stateful,
		MinimumZones: a.MinimumZones, AntiAffinity: names[model.ApplicationID](a.AntiAffinity), Affinity: names[model.ApplicationID](a.Affinity),
		AllowedServers: names[model.ServerID](a.AllowedServers), DependsOn: names[model.ApplicationID](a.DependsOn),
		MaxMovesPerHour: a.MaxMovesPerHour, MoveCost: a.MoveCost, Driver: a.Driver, Labels: a.Labels,
		Placement: names[model.ServerID](a.Placement), ServiceCVMilli: -1, Removed: a.Removed}
	switch {
	case a.ID == "":
		return e, errors.New("id is empty")
	case a.Replicas < 0 || a.MinimumZones < 0 || a.MaxMovesPerHour < 0 || a.MoveCost < 0 || !(a.DemandMillis >= 0 && a.DemandMillis < 1e9):
		return e, errors.New("replicas, minimum_zones, max_moves_per_hour, move_cost and demand_ms can't be negative")
	case a.Replicas == 0 && !a.Removed:
		e.Replicas = max(len(a.Placement), 1)
	}
	request, err := a.Request.vector()
	if err != nil {
		return e, fmt.Errorf("request: %w", err)
	}
	e.Request = request
	if a.Data != "" {
		if e.DataBytes, err = format.Bytes(a.Data); err != nil {
			return e, fmt.Errorf("data: %w", err)
		}
	}
	if e.SLO.ResponseQuantilePPM, err = ppm("slo.response_quantile", a.SLO.ResponseQuantile); err != nil {
		return e, err
	}
	if e.SLO.AvailabilityPPM, err = ppm("slo.availability", a.SLO.Availability); err != nil {
		return e, err
	}
	if e.SLO.HeadroomPPM, err = ppm("slo.headroom", a.SLO.Headroom); err != nil {
		return e, err
	}
	if !(a.SLO.ResponseMillis >= 0 && a.SLO.ResponseMillis < 1e9) {
		return e, fmt.Errorf("slo.response_ms %v: want milliseconds from 0", a.SLO.ResponseMillis)
	}
	e.SLO.ResponseMicros = int64(math.Round(a.SLO.ResponseMillis * 1000))
	e.DemandMicros = int64(math.Round(a.DemandMillis * 1000))
	if cv := a.ServiceCV; cv != nil && *cv >= 0 && *cv < 1e6 {
		e.ServiceCVMilli = int64(math.Round(*cv * 1000))
	}
	return e, nil
}

func names[T ~string](list []string) []T {
	var to []T
	for _, s := range list {
		to = append(to, T(s))
	}
	return to
}
