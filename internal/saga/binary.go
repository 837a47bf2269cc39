package saga

import (
	"fmt"
	"sort"

	"drover/internal/model"
)

// binaryVersion is the first byte of a snapshot.
const binaryVersion = 2

// AppendBinary appends the whole state; equal states give equal bytes. The
// configuration isn't part of it.
func (f *Fleet) AppendBinary(b []byte) ([]byte, error) {
	c := coder{buf: append(b, binaryVersion)}
	f.code(&c)
	return c.buf, nil
}

// UnmarshalBinary replaces the state by a snapshot's and keeps the
// configuration. On error the state is unchanged.
func (f *Fleet) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != binaryVersion {
		return fmt.Errorf("saga snapshot: want version %d at its first byte", binaryVersion)
	}
	c := coder{buf: b[1:], decode: true}
	n := NewFleet("", f.config)
	n.code(&c)
	if c.err == nil && len(c.buf) > 0 {
		c.err = fmt.Errorf("%d bytes left over", len(c.buf))
	}
	if c.err == nil {
		c.err = n.rebuild()
	}
	if c.err != nil {
		return fmt.Errorf("saga snapshot: %w", c.err)
	}
	*f = *n
	return nil
}

// rebuild derives what a snapshot leaves out, and checks what it holds.
func (f *Fleet) rebuild() error {
	var err error
	if f.ordered.within, err = ParseWindows(f.ordered.windows); err != nil {
		return err
	}
	for _, p := range f.plans {
		if len(p.moves) != len(p.plan.Moves) {
			return fmt.Errorf("plan %q has %d moves and %d states", p.plan.ID, len(p.plan.Moves), len(p.moves))
		}
		if reason := invalid(&p.plan, f.id); reason != "" {
			return fmt.Errorf("plan %q: %s", p.plan.ID, reason)
		}
		for i := range p.moves {
			if p.moves[i].index != i {
				return fmt.Errorf("plan %q: state of move %d at place %d", p.plan.ID, p.moves[i].index, i)
			}
		}
		if f.byID[p.plan.ID] != nil || p.state.Ended() {
			return fmt.Errorf("plan %q is there twice, or has ended", p.plan.ID)
		}
		f.byID[p.plan.ID] = p
		p.update.index = model.PlanMove
		p.link()
		for _, m := range p.every {
			if !m.sound() {
				return fmt.Errorf("plan %q: move %d has a state that can't be", p.plan.ID, m.index)
			}
			if s := p.spec(m); s != nil && m.admitted {
				f.load.add(s, 1)
			}
		}
	}
	return nil
}

// sound tells whether the places of a decoded move exist.
func (m *moveRun) sound() bool {
	if m.phase > moveParked || m.leg > model.LegReverse || m.reached < notReached || m.reached >= len(forward) {
		return false
	}
	if m.index == model.PlanMove {
		return m.phase != moveUndoing
	}
	switch m.phase {
	case moveRunning:
		return m.at >= 0 && m.at < len(forward)
	case moveUndoing:
		return m.at >= 0 && m.at < len(forward) && undo[m.at] != ""
	}
	return m.at >= notReached && m.at <= len(forward)
}

func (f *Fleet) code(c *coder) {
	text(c, &f.id)
	whole(c, &f.now)
	c.bool(&f.killed)
	c.bool(&f.paused)
	list(c, &f.plans, func(c *coder, p **planRun) {
		if c.decode {
			*p = &planRun{}
		}
		(*p).code(c)
	})
	list(c, &f.ended, func(c *coder, e *endedPlan) { text(c, &e.id); text(c, &e.state) })
	list(c, &f.early, codeControl)
	list(c, &f.orders, text[string])
	sort.Slice(f.caps, func(i, j int) bool { return f.caps[i].server < f.caps[j].server })
	list(c, &f.caps, func(c *coder, s *serverCap) { text(c, &s.server); whole(c, &s.limit) })
	whole(c, &f.ordered.moves)
	whole(c, &f.ordered.bytesPerSecond)
	list(c, &f.ordered.windows, text[string])
}

func (p *planRun) code(c *coder) {
	codePlan(c, &p.plan)
	text(c, &p.state)
	whole(c, &p.mode)
	whole(c, &p.approved)
	c.bool(&p.paused)
	c.bool(&p.killed)
	text(c, &p.haltAs)
	text(c, &p.reason)
	list(c, &p.moves, func(c *coder, m *moveRun) { m.code(c) })
	p.update.code(c)
}

func (m *moveRun) code(c *coder) {
	whole(c, &m.index)
	whole(c, &m.phase)
	whole(c, &m.leg)
	whole(c, &m.at)
	whole(c, &m.reached)
	whole(c, &m.attempt)
	whole(c, &m.sequence)
	c.bool(&m.issued)
	codeStep(c, &m.command)
	whole(c, &m.notBefore)
	c.bool(&m.admitted)
	c.bool(&m.pivoted)
	text(c, &m.reason)
	list(c, &m.left, text[string])
}
