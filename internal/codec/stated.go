package codec

import "drover/internal/model"

// The events that state what a fleet is, what is announced and what is ordered.

func vector(c *coder, v *model.Vector) {
	for r := range v {
		c.long(&v[r])
	}
}

func server(c *coder, s *model.Server) {
	c.head(&s.Fleet, nil)
	name(c, &s.ID)
	whole(c, &s.At)
	vector(c, &s.Capacity)
	vector(c, (*model.Vector)(&s.SafetyPPM))
	name(c, &s.Zone)
	name(c, &s.Rack)
	dictionary(c, &s.Labels, name)
	list(c, &s.Power, func(c *coder, p *model.PowerPoint) {
		c.long(&p.UtilisationPPM)
		c.long(&p.PowerMilliwatts)
	})
	c.long(&s.CostMicrosPerHour)
	duration(c, &s.WakeDuration)
	duration(c, &s.MTBF)
	duration(c, &s.MTTR)
	c.long(&s.CoreSpeedMilli)
	c.boolean(&s.Unschedulable)
	c.boolean(&s.Removed)
	text(c, &s.AgentURL)
	whole(c, &s.DisruptionConcurrency)
	duration(c, &s.ZoneMTBF)
	duration(c, &s.ZoneMTTR)
}

func application(c *coder, a *model.Application) {
	c.head(&a.Fleet, nil)
	name(c, &a.ID)
	whole(c, &a.At)
	whole(c, &a.Replicas)
	vector(c, &a.Request)
	c.long(&a.DataBytes)
	c.boolean(&a.Stateful)
	c.long(&a.SLO.ResponseQuantilePPM)
	c.long(&a.SLO.ResponseMicros)
	c.long(&a.SLO.AvailabilityPPM)
	c.long(&a.SLO.HeadroomPPM)
	whole(c, &a.MinimumZones)
	list(c, &a.AntiAffinity, name)
	list(c, &a.Affinity, name)
	list(c, &a.AllowedServers, name)
	list(c, &a.DependsOn, name)
	whole(c, &a.MaxMovesPerHour)
	c.long(&a.MoveCost)
	name(c, &a.Driver)
	dictionary(c, &a.Labels, name)
	list(c, &a.Placement, name)
	c.long(&a.DemandMicros)
	c.long(&a.ServiceCVMilli)
	c.boolean(&a.Removed)
}

func calendarEvent(c *coder, e *model.CalendarEvent) {
	c.head(&e.Fleet, nil)
	text(c, &e.ID)
	name(c, &e.Kind)
	text(c, &e.Name)
	whole(c, &e.Start)
	whole(c, &e.End)
	whole(c, &e.At)
	list(c, &e.Applications, name)
	c.long(&e.UpliftPPM)
	c.boolean(&e.Cancelled)
}

func maintenance(c *coder, m *model.Maintenance) {
	c.head(&m.Fleet, nil)
	text(c, &m.ID)
	name(c, &m.Server)
	whole(c, &m.Start)
	whole(c, &m.End)
	whole(c, &m.At)
	whole(c, &m.EarliestStart)
	whole(c, &m.LatestEnd)
	duration(c, &m.Duration)
	text(c, &m.Reason)
	text(c, &m.Hook)
	c.boolean(&m.Cancelled)
	text(c, &m.Roll)
	whole(c, &m.AtOnce)
}

func control(c *coder, o *model.Control) {
	c.head(&o.Fleet, nil)
	text(c, &o.ID)
	name(c, &o.Kind)
	text(c, &o.Plan)
	whole(c, &o.Wave)
	name(c, &o.Server)
	name(c, &o.Producer)
	name(c, &o.Mode)
	name(c, &o.By)
	text(c, &o.Comment)
	whole(c, &o.At)
	whole(c, &o.Moves)
	c.long(&o.BytesPerSecond)
	list(c, &o.Windows, text)
	list(c, &o.Servers, name)
	text(c, &o.Hook)
	duration(c, &o.Duration)
	whole(c, &o.EarliestStart)
	whole(c, &o.LatestEnd)
	whole(c, &o.AtOnce)
	text(c, &o.Roll)
}
