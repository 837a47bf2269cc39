package events

import (
	"errors"
	"fmt"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

func toServer(w wireServer, opt format.Options) (any, error) {
	if w.ID == "" {
		return nil, errors.New("id must not be empty")
	}
	millis := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	s := model.Server{Fleet: opt.Fleet, ID: model.ServerID(w.ID), At: at(w.At, opt), Zone: w.Zone, Rack: w.Rack, Labels: w.Labels,
		CostMicrosPerHour: w.CostMicrosPerHour, WakeDuration: millis(w.WakeMillis), MTBF: millis(w.MTBFMillis), MTTR: millis(w.MTTRMillis),
		ZoneMTBF: millis(w.ZoneMTBFMillis), ZoneMTTR: millis(w.ZoneMTTRMillis),
		CoreSpeedMilli: w.CoreSpeedMilli, Unschedulable: w.Unschedulable, Removed: w.Removed, AgentURL: w.AgentURL,
		DisruptionConcurrency: w.DisruptionConcurrency}
	capacity, err := w.Capacity.vector()
	if err != nil {
		return nil, fmt.Errorf("capacity: %w", err)
	}
	s.Capacity = capacity
	if s.SafetyPPM, err = w.SafetyPPM.vector(); err != nil {
		return nil, fmt.Errorf("safety_ppm: %w", err)
	}
	for i, p := range w.Power {
		if p.UtilisationPPM < 0 || p.UtilisationPPM > 1e6 || i > 0 && p.UtilisationPPM <= w.Power[i-1].UtilisationPPM {
			return nil, fmt.Errorf("power[%d].utilisation_ppm %d: want rising values from 0 to 1000000", i, p.UtilisationPPM)
		}
		s.Power = append(s.Power, model.PowerPoint(p))
	}
	return s, nil
}

func toApplication(w wireApplication, opt format.Options) (any, error) {
	if w.ID == "" {
		return nil, errors.New("id must not be empty")
	}
	if w.Replicas < 0 {
		return nil, fmt.Errorf("replicas %d: want a number from 0", w.Replicas)
	}
	a := model.Application{Fleet: opt.Fleet, ID: model.ApplicationID(w.ID), At: at(w.At, opt), Replicas: w.Replicas,
		DataBytes: w.DataBytes, Stateful: w.Stateful, MinimumZones: w.MinimumZones,
		AntiAffinity: texts[model.ApplicationID](w.AntiAffinity), Affinity: texts[model.ApplicationID](w.Affinity),
		AllowedServers: texts[model.ServerID](w.AllowedServers), DependsOn: texts[model.ApplicationID](w.DependsOn),
		MaxMovesPerHour: w.MaxMovesPerHour, MoveCost: w.MoveCost, Driver: w.Driver, Labels: w.Labels,
		Placement: texts[model.ServerID](w.Placement), DemandMicros: w.DemandMicros, ServiceCVMilli: w.ServiceCVMilli, Removed: w.Removed}
	request, err := w.Request.vector()
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	a.Request = request
	if w.SLO != nil {
		a.SLO = model.SLO(*w.SLO)
	}
	return a, nil
}
