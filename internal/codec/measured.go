package codec

import "drover/internal/model"

// The events that ingest writes about what was measured.

func metric(c *coder, m *model.Metric) {
	c.head(&m.Fleet, &m.Producer)
	name(c, &m.Entity)
	whole(c, &m.At)
	samples(c, &m.Samples)
}

// samples is list for the hottest type of all, with memory from the slab.
func samples(c *coder, v *[]model.Sample) {
	if !c.reading {
		list(c, v, sample)
		return
	}
	*v = nil
	for n := c.block(); n > 0; n = c.block() {
		if n > len(c.buf)/10+1 { // a sample takes ten bytes
			c.short()
			return
		}
		out := c.samples.take(n)
		for i := range out {
			sample(c, &out[i])
		}
		if *v == nil {
			*v = out
		} else {
			*v = append(*v, out...)
		}
	}
}

func sample(c *coder, s *model.Sample) {
	symbol(c, &s.Resource, int64(model.ResourceCount))
	symbol(c, &s.Kind, 2)
	c.double(&s.Value)
}

func heartbeat(c *coder, h *model.Heartbeat) {
	if c.reading {
		h.Producer = c.producer
	}
	whole(c, &h.At)
	c.boolean(&h.Final)
}

func marker(c *coder, m *model.Marker) {
	name(c, &m.Source)
	whole(c, &m.Sources)
	whole(c, &m.At)
}

func path(c *coder, p *model.Path) {
	c.head(&p.Fleet, &p.Producer)
	name(c, &p.From)
	name(c, &p.To)
	whole(c, &p.At)
	list(c, &p.Hops, hop)
	c.boolean(&p.Reached)
}

func hop(c *coder, h *model.Hop) {
	whole(c, &h.TTL)
	name(c, &h.Address)
	list(c, &h.RTTMicros, whole)
	whole(c, &h.Lost)
}

func call(c *coder, m *model.Call) {
	c.head(&m.Fleet, &m.Producer)
	name(c, &m.Caller)
	name(c, &m.Callee)
	whole(c, &m.At)
	whole(c, &m.Origin)
	whole(c, &m.Calls)
	whole(c, &m.Errors)
	whole(c, &m.RequestBytes)
	whole(c, &m.ResponseBytes)
	list(c, &m.DurationMicros, whole)
	text(c, &m.SpanID)
}
