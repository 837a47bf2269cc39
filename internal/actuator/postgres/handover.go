package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"drover/internal/actuator"
)

// refused tells whether nothing listens at an address.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// handOver carries the sequence of the package's comment out, from wherever an
// earlier try has left it.
func (p *pair) handOver(ctx context.Context, source, target *side) error {
	h := actuator.HandOver{
		Taken:    func(ctx context.Context) (bool, error) { return p.open(ctx, target) },
		Try:      func(ctx context.Context) error { return p.tryHandOver(ctx, source, target) },
		Finish:   func(ctx context.Context) error { return p.finish(ctx, source, target) },
		GiveBack: func(ctx context.Context) error { return p.giveBack(ctx, source, target) },
		Back:     p.Close,
	}
	return h.Run(ctx)
}

// tryHandOver does steps 1 to 7 with a target that isn't open.
func (p *pair) tryHandOver(ctx context.Context, source, target *side) error {
	if err := p.Host.Start(ctx, &target.Instance); err != nil {
		return err
	}
	promoted, err := p.promoted(ctx, target)
	if err != nil {
		return err
	}
	if !promoted {
		if err := p.catchUp(ctx, source, target); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, p.Close)
		defer cancel()
		if err := p.promote(within, source, target); err != nil {
			return err
		}
	}
	// Closed already, unless it was restarted: a promoted target is only ever
	// found beside a closed source.
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Closed); err != nil {
		return err
	}
	return p.finish(ctx, source, target)
}

// promoted tells whether an earlier try has promoted the target. One that is
// starting is waited for; one that isn't there hasn't been.
func (p *pair) promoted(ctx context.Context, target *side) (promoted bool, err error) {
	err = actuator.Poll(ctx, pollEvery, func() (bool, error) {
		var err error
		promoted, err = target.primary(ctx)
		return err == nil || refused(err), err
	})
	return promoted, err
}

// promote does steps 2 to 6.
func (p *pair) promote(ctx context.Context, source, target *side) error {
	if err := p.Traffic.Admit(ctx, source.Route, actuator.Closed); err != nil {
		return err
	}
	p.Trace.At("fenced")
	for _, sql := range []string{"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"} {
		if _, err := source.query(ctx, sql); err != nil {
			return err
		}
	}
	p.Trace.At("read-only")
	if err := p.Traffic.Cut(ctx, source.Route); err != nil {
		return err
	}
	if err := p.endBackends(ctx, source); err != nil {
		return err
	}
	p.Trace.At("cut")
	const last = "BEGIN READ WRITE; SELECT pg_logical_emit_message(true, 'drover', 'hand-over'); COMMIT"
	if _, err := source.query(ctx, last); err != nil {
		return err
	}
	position, err := source.query(ctx, "SELECT pg_current_wal_flush_lsn()")
	if err != nil {
		return err
	}
	p.Trace.At("flushed")
	if err := actuator.Poll(ctx, time.Millisecond, func() (bool, error) {
		lag, err := p.behind(ctx, target, position)
		return err == nil && lag == 0, err
	}); err != nil {
		return err
	}
	p.Trace.At("level")
	if done, err := target.query(ctx, "SELECT pg_promote(true, 30)"); err != nil || done != "t" {
		return errors.Join(err, refuse(done != "t", "postgres: promotion of %s took too long", target.Address))
	}
	p.Trace.At("promoted")
	return nil
}

// endBackends ends all clients' backends but our own, and waits until they have.
func (p *pair) endBackends(ctx context.Context, s *side) error {
	const others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
	return actuator.Poll(ctx, time.Millisecond, func() (bool, error) {
		if _, err := s.query(ctx, "SELECT count(pg_terminate_backend(pid)) "+others); err != nil {
			return false, err
		}
		left, err := s.query(ctx, "SELECT count(*) "+others)
		return left == "0", errors.Join(err, fmt.Errorf("postgres: %s client backends of %s are left", left, s.Address))
	})
}

// finish does step 7, again where it was done before: the target serves, writable.
func (p *pair) finish(ctx context.Context, source, target *side) error {
	if err := p.start(ctx, target); err != nil {
		return err
	}
	primary, err := target.primary(ctx)
	if err != nil || !primary {
		return errors.Join(err, refuse(!primary, "postgres: %s has to serve and is a standby: a person has to look", target.Address))
	}
	if err := p.writable(ctx, target); err != nil {
		return err
	}
	if err := p.Traffic.Weight(ctx, target.Route, 1_000_000); err != nil {
		return err
	}
	if err := p.Traffic.Admit(ctx, target.Route, actuator.Open); err != nil {
		return err
	}
	p.Trace.At("opened")
	return p.Traffic.Admit(ctx, source.Route, actuator.Closed)
}

// writable takes back what made a server read-only; a copy has it too.
func (p *pair) writable(ctx context.Context, s *side) error {
	for _, sql := range []string{"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"} {
		if _, err := s.query(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// giveBack lets the source serve again. The target has taken no write; it is
// deleted first unless it is a standby still, so that it can't be taken for one
// that holds everything.
func (p *pair) giveBack(ctx context.Context, source, target *side) error {
	if err := p.Traffic.Admit(ctx, target.Route, actuator.Closed); err != nil {
		return err
	}
	if primary, err := target.primary(ctx); err != nil || primary {
		if err := p.Host.Remove(ctx, &target.Instance); err != nil {
			return err
		}
		target.close()
	}
	p.Trace.At("giving-back")
	if err := p.start(ctx, source); err != nil {
		return err
	}
	if err := p.writable(ctx, source); err != nil {
		return err
	}
	return p.Traffic.Admit(ctx, source.Route, actuator.Open)
}

// reverse makes the source serve alone, with every write that the target has
// taken.
func (p *pair) reverse(ctx context.Context) error {
	open, err := p.open(ctx, p.to)
	if err != nil {
		return err
	}
	if !open {
		back, err := p.goingBack(ctx)
		if err != nil {
			return err
		}
		if back {
			return p.handOver(ctx, p.to, p.from)
		}
		return p.giveBack(ctx, p.from, p.to)
	}
	if err := p.start(ctx, p.to); err != nil {
		return err
	}
	if err := p.Traffic.Admit(ctx, p.from.Route, actuator.Closed); err != nil {
		return err
	}
	if err := p.standBy(ctx, p.to, p.from); err != nil {
		return err
	}
	return p.handOver(ctx, p.to, p.from)
}

// goingBack tells whether an earlier hand-over back was interrupted: the source
// is a standby, or a primary of a later timeline than the target.
func (p *pair) goingBack(ctx context.Context) (bool, error) {
	if open, err := p.open(ctx, p.from); err != nil || open {
		return false, err
	}
	if err := p.start(ctx, p.from); err != nil {
		return false, err
	}
	primary, err := p.from.primary(ctx)
	if err != nil || !primary {
		return err == nil, err
	}
	target, err := p.promoted(ctx, p.to)
	if err != nil || !target {
		return false, err
	}
	mine, err := timeline(ctx, p.from)
	if err != nil {
		return false, err
	}
	its, err := timeline(ctx, p.to)
	return mine > its, err
}

// timeline returns a primary's current timeline.
func timeline(ctx context.Context, s *side) (int64, error) {
	name, err := s.query(ctx, "SELECT pg_walfile_name(pg_current_wal_lsn())")
	if err != nil {
		return 0, err
	}
	if len(name) < 8 {
		return 0, fmt.Errorf("postgres: log file %q of %s", name, s.Address)
	}
	n, err := strconv.ParseInt(name[:8], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("postgres: log file %q of %s: %w", name, s.Address, err)
	}
	return n, nil
}

// standBy makes a closed former primary a standby of the server that took over
// from it: by rewinding it, or by a new copy where that fails.
func (p *pair) standBy(ctx context.Context, serving, former *side) error {
	if p.awaitStandby(ctx, former) != nil {
		former.close()
		if err := p.Host.Stop(ctx, &former.Instance); err != nil {
			return err
		}
		p.Trace.At("stopped")
		// What can't be rewound is copied anew below.
		if p.Host.Rewind(ctx, &serving.Instance, &former.Instance) != nil {
			if err := p.Host.Remove(ctx, &former.Instance); err != nil {
				return err
			}
		}
		p.Trace.At("rewound")
	}
	return p.catchUp(ctx, serving, former)
}
