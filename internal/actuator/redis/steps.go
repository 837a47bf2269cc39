package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// pollEvery is how often slow conditions are looked at.
const pollEvery = 20 * time.Millisecond

// admit checks that the source serves and that the target's place is free.
func (p *pair) admit(ctx context.Context) error {
	source, err := p.from.replication(ctx)
	if err != nil {
		return err
	}
	if !source.master {
		return fmt.Errorf("redis: source %s is a replica of %s", p.from.Address, source.of)
	}
	open, err := p.open(ctx, p.from)
	if err != nil {
		return err
	}
	if !open {
		return fmt.Errorf("redis: the proxy doesn't send clients to source %s", p.from.Address)
	}
	if open, err = p.open(ctx, p.to); err != nil || open {
		return errors.Join(err, refuse(open, "redis: the proxy sends clients to target %s already", p.to.Address))
	}
	target, err := p.to.replication(ctx)
	if err != nil {
		return nil // nothing answers there: the place is free
	}
	if target.master {
		keys, err := p.to.do(ctx, "DBSIZE")
		return errors.Join(err, refuse(keys != "0", "redis: target %s holds %s keys of its own", p.to.Address, keys))
	}
	return refuse(target.of != p.from.Address, "redis: target %s is a replica of %s", p.to.Address, target.of)
}

// refuse returns an error where a condition holds that must not.
func refuse(holds bool, format string, args ...any) error {
	if !holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// open tells whether the proxy sends clients to the server.
func (p *pair) open(ctx context.Context, s *side) (bool, error) {
	state, err := p.Traffic.State(ctx, s.Route)
	return state.Admission == actuator.Open, err
}

// replicate makes the target a replica and waits for its copy.
func (p *pair) replicate(ctx context.Context) error {
	if err := p.Host.Start(ctx, p.command, p.command.Move.To); err != nil {
		return err
	}
	if open, err := p.open(ctx, p.to); err != nil || open {
		return errors.Join(err, refuse(open, "redis: target %s serves already", p.to.Address))
	}
	return p.attach(ctx, p.from, p.to)
}

// attach makes one server a replica of another and waits until it is linked and
// has what it copied in its append-only file too: Redis rewrites that file after
// a full copy, and a replica killed before the end of it comes back empty.
func (p *pair) attach(ctx context.Context, source, replica *side) error {
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		r, err := replica.replication(ctx)
		if err != nil {
			return false, err
		}
		if r.master || r.of != source.Address {
			err := replica.follow(ctx, source)
			p.Trace.At("attached")
			return false, err
		}
		if r.copied >= 0 {
			p.command.Tell(r.copied, max(r.total, 0))
		}
		if !r.linked {
			return false, errors.New("redis: the first copy isn't complete")
		}
		text, err := replica.do(ctx, "INFO", "persistence")
		return err == nil && persisted(text), errors.Join(err, errors.New("redis: the copy isn't in the append-only file yet"))
	})
}

// catchUp waits until the target's lag is small.
func (p *pair) catchUp(ctx context.Context) error {
	if err := p.replicate(ctx); err != nil {
		return err
	}
	return p.waitLag(ctx, p.from, p.to, p.MaxLagBytes)
}

// waitLag waits until a replica is at most so many bytes behind.
func (p *pair) waitLag(ctx context.Context, source, replica *side, most int64) error {
	every := pollEvery
	if most == 0 {
		every = time.Millisecond
	}
	return actuator.Poll(ctx, every, func() (bool, error) {
		s, err := source.replication(ctx)
		if err != nil {
			return false, err
		}
		r, err := replica.replication(ctx)
		if err != nil {
			return false, err
		}
		lag := s.offset - r.offset
		return r.linked && r.of == source.Address && lag <= most, fmt.Errorf("redis: %s is %d bytes behind", replica.Address, lag)
	})
}

// detach stops replicating to a target that doesn't serve. A target that
// doesn't answer replicates nothing.
func (p *pair) detach(ctx context.Context) error {
	if open, err := p.open(ctx, p.to); err != nil || open {
		return errors.Join(err, refuse(open, "redis: target %s serves", p.to.Address))
	}
	if r, err := p.to.replication(ctx); err != nil || r.master {
		return nil
	}
	_, err := p.to.do(ctx, "REPLICAOF", "NO", "ONE")
	return err
}

// discard empties a target that doesn't serve. What doesn't answer is emptied by
// the removal of its data.
func (p *pair) discard(ctx context.Context) error {
	if err := p.detach(ctx); err != nil {
		return err
	}
	p.Trace.At("detached")
	if _, err := p.to.replication(ctx); err != nil {
		return nil
	}
	_, err := p.to.do(ctx, "FLUSHALL")
	return err
}

// watch looks whether the target answers. One that has ended is started again,
// with its append-only file.
func (p *pair) watch(ctx context.Context) error {
	if err := p.Host.Start(ctx, p.command, p.command.Move.To); err != nil {
		return err
	}
	_, err := p.to.do(ctx, "PING")
	return err
}

// retire takes the source away.
func (p *pair) retire(ctx context.Context) error {
	if err := p.Host.Start(ctx, p.command, p.command.Move.To); err != nil {
		return err
	}
	return p.remove(ctx, p.to, p.from, p.command.Move.From)
}

// remove takes an instance away that isn't served from, once the other one is.
func (p *pair) remove(ctx context.Context, stays, goes *side, server model.ServerID) error {
	open, err := p.open(ctx, goes)
	if err != nil || open {
		return errors.Join(err, refuse(open, "redis: %s serves, it can't be removed", goes.Address))
	}
	if open, err = p.open(ctx, stays); err != nil || !open {
		return errors.Join(err, refuse(!open, "redis: %s doesn't serve, so %s can't be removed", stays.Address, goes.Address))
	}
	r, err := stays.replication(ctx)
	if err != nil || !r.master {
		return errors.Join(err, refuse(!r.master, "redis: %s is a replica, so %s can't be removed", stays.Address, goes.Address))
	}
	return p.Host.Remove(ctx, p.command, server)
}
