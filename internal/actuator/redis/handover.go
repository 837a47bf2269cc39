package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"drover/internal/actuator"
)

// handOverTries is how often one cut-over begins anew when a pause ran out or a
// server didn't answer.
const handOverTries = 3

// cutOver hands the writes over from source to target.
func (p *pair) cutOver(ctx context.Context) error {
	if err := p.Host.Start(ctx, p.command, p.command.Move.To); err != nil {
		return err
	}
	return p.handOver(ctx, p.from, p.to)
}

// reverse makes the source serve alone, with every write that the target has
// taken.
func (p *pair) reverse(ctx context.Context) error {
	if err := p.Host.Start(ctx, p.command, p.command.Move.From); err != nil {
		return err
	}
	taken, err := p.taken(ctx, p.from, p.to)
	if err != nil {
		return err
	}
	if !taken {
		half, err := p.halfBack(ctx)
		if err != nil {
			return err
		}
		if half {
			return p.handOver(ctx, p.to, p.from)
		}
		return p.giveBack(ctx, p.from, p.to)
	}
	if err := p.Host.Start(ctx, p.command, p.command.Move.To); err != nil {
		return err
	}
	if r, err := p.to.replication(ctx); err != nil {
		return err
	} else if !r.master { // handed back before, and the end was interrupted
		return p.handOver(ctx, p.to, p.from)
	}
	if err := p.settle(ctx, p.from, p.to); err != nil {
		return err
	}
	if err := p.attach(ctx, p.to, p.from); err != nil {
		return err
	}
	if err := p.waitLag(ctx, p.to, p.from, p.MaxLagBytes); err != nil {
		return err
	}
	return p.handOver(ctx, p.to, p.from)
}

// halfBack tells whether an earlier hand-over back was interrupted after it had
// promoted the source: the target may have taken writes after that.
func (p *pair) halfBack(ctx context.Context) (bool, error) {
	source, err := p.from.replication(ctx)
	if err != nil || !source.master {
		return false, err
	}
	target, err := p.to.replication(ctx)
	return err == nil && target.master && source.formerID == target.id, nil
}

// taken tells whether the target may have taken writes: the proxy has opened it,
// or the source has already become its replica.
func (p *pair) taken(ctx context.Context, source, target *side) (bool, error) {
	open, err := p.open(ctx, target)
	if err != nil || open {
		return open, err
	}
	r, err := source.replication(ctx)
	return err == nil && !r.master && r.of == target.Address, err
}

// handOver carries the sequence of the package's comment out, from wherever an
// earlier try has left it.
func (p *pair) handOver(ctx context.Context, source, target *side) error {
	h := actuator.HandOver{
		Taken:    func(ctx context.Context) (bool, error) { return p.taken(ctx, source, target) },
		Try:      func(ctx context.Context) error { return p.tryHandOver(ctx, source, target) },
		Finish:   func(ctx context.Context) error { return p.finish(ctx, source, target) },
		GiveBack: func(ctx context.Context) error { return p.giveBack(ctx, source, target) },
		Tries:    handOverTries, Back: 2 * p.Timeout,
	}
	return h.Run(ctx)
}

// tryHandOver does steps 1 to 9 with a target that has taken no write.
func (p *pair) tryHandOver(ctx context.Context, source, target *side) error {
	r, err := target.replication(ctx)
	if err != nil {
		return err
	}
	if r.master {
		if clean, err := p.promotedClean(ctx, source, r); err != nil {
			return err
		} else if clean {
			return p.openTarget(ctx, source, target)
		}
	}
	if err := p.attach(ctx, source, target); err != nil {
		return err
	}
	if err := p.waitLag(ctx, source, target, p.MaxLagBytes); err != nil {
		return err
	}
	paused := time.Now()
	if _, err := source.do(ctx, "CLIENT", "PAUSE", strconv.FormatInt(p.Pause.Milliseconds(), 10), "WRITE"); err != nil {
		return err
	}
	p.Trace.At("paused")
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Closed); err != nil {
		return err
	}
	p.Trace.At("fenced")
	within, cancel := context.WithDeadline(ctx, paused.Add(p.Pause*3/4))
	defer cancel()
	if err := p.waitLag(within, source, target, 0); err != nil {
		return err
	}
	p.Trace.At("level")
	if _, err := target.do(within, "REPLICAOF", "NO", "ONE"); err != nil {
		return err
	}
	p.Trace.At("promoted")
	if err := p.Traffic.Cut(within, source.Route); err != nil {
		return err
	}
	p.Trace.At("cut")
	// Past this time the source may have taken writes again before the cut.
	if time.Since(paused) > p.Pause*9/10 {
		return fmt.Errorf("redis: the pause of %s ran out", source.Address)
	}
	return p.openTarget(ctx, source, target)
}

// promotedClean tells whether an earlier try promoted the target and the source
// took nothing since. It closes the source first, so that it stays like that.
func (p *pair) promotedClean(ctx context.Context, source *side, target replication) (bool, error) {
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Closed); err != nil {
		return false, err
	}
	if err := p.Traffic.Cut(ctx, source.Route); err != nil {
		return false, err
	}
	s, err := source.replication(ctx)
	return err == nil && s.master && !target.took(s), err
}

// openTarget does steps 8 and 9: from here on the target may take writes.
func (p *pair) openTarget(ctx context.Context, source, target *side) error {
	if err := p.Traffic.Weight(ctx, target.Route, 1_000_000); err != nil {
		return err
	}
	if err := p.Traffic.Admit(ctx, target.Route, actuator.Open); err != nil {
		return err
	}
	p.Trace.At("opened")
	return p.finish(ctx, source, target)
}

// finish completes a hand-over whose target has been opened.
func (p *pair) finish(ctx context.Context, source, target *side) error {
	r, err := target.replication(ctx)
	if err != nil {
		return err
	}
	if !r.master {
		return fmt.Errorf("redis: the proxy sends clients to %s, a replica of %s: a person has to look", target.Address, r.of)
	}
	if err := p.Traffic.Admit(ctx, target.Route, actuator.Open); err != nil {
		return err
	}
	return p.settle(ctx, source, target)
}

// settle leaves the source as a replica of the target, out of the clients' way.
func (p *pair) settle(ctx context.Context, source, target *side) error {
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Closed); err != nil {
		return err
	}
	if err := p.Traffic.Cut(ctx, source.Route); err != nil {
		return err
	}
	p.Trace.At("settling")
	if err := source.follow(ctx, target); err != nil {
		return err
	}
	p.Trace.At("followed")
	_, err := source.do(ctx, "CLIENT", "UNPAUSE")
	return err
}

// giveBack lets the source serve again; the target has taken no write.
func (p *pair) giveBack(ctx context.Context, source, target *side) error {
	if err := p.Traffic.Admit(ctx, target.Route, actuator.Closed); err != nil {
		return err
	}
	// A target that doesn't answer can't be written to through the proxy either.
	_ = target.follow(ctx, source)
	p.Trace.At("giving-back")
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Open); err != nil {
		return err
	}
	_, err := source.do(ctx, "CLIENT", "UNPAUSE")
	return err
}
