package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"drover/internal/actuator"
)

// pollEvery is how often slow conditions are looked at.
const pollEvery = 20 * time.Millisecond

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

// admit checks that the source serves and that the target's place is free.
func (p *pair) admit(ctx context.Context) error {
	primary, err := p.from.primary(ctx)
	if err != nil {
		return err
	}
	if !primary {
		return fmt.Errorf("postgres: source %s is a standby", p.from.Address)
	}
	open, err := p.open(ctx, p.from)
	if err != nil || !open {
		return errors.Join(err, refuse(!open, "postgres: the proxy doesn't send clients to source %s", p.from.Address))
	}
	open, err = p.open(ctx, p.to)
	return errors.Join(err, refuse(open, "postgres: the proxy sends clients to target %s already", p.to.Address))
}

// start makes sure that a server with data runs and answers.
func (p *pair) start(ctx context.Context, s *side) error {
	if err := p.Host.Start(ctx, &s.Instance); err != nil {
		return err
	}
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		_, err := s.query(ctx, "SELECT 1")
		return err == nil, err
	})
}

// replicate makes the target a streaming standby of the source. A target that is
// anything else, and doesn't serve, is made anew.
func (p *pair) replicate(ctx context.Context, source, target *side) error {
	if open, err := p.open(ctx, target); err != nil || open {
		return errors.Join(err, refuse(open, "postgres: target %s serves", target.Address))
	}
	// A standby is only given up for a source that answers.
	if err := p.start(ctx, source); err != nil {
		return err
	}
	if err := p.Host.Start(ctx, &target.Instance); err != nil {
		return err
	}
	if p.awaitStandby(ctx, target) != nil || p.awaitStream(ctx, source, target, standbyPatience) != nil {
		if err := p.Host.Remove(ctx, &target.Instance); err != nil {
			return err
		}
		target.close()
		p.Trace.At("removed")
		if err := p.copy(ctx, source, target); err != nil {
			return err
		}
		p.Trace.At("copied")
		if err := p.start(ctx, target); err != nil {
			return err
		}
	}
	return p.awaitStream(ctx, source, target, time.Hour)
}

// progressEvery is how often a copy is asked how far it is.
const progressEvery = 200 * time.Millisecond

// copy makes the target's data, and tells meanwhile how far they are, as the
// source says it.
func (p *pair) copy(ctx context.Context, source, target *side) error {
	beside, stop := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() {
		asker := &side{Instance: source.Instance, timeout: p.Timeout} // a connection of its own
		defer asker.close()
		for actuator.Pause(beside, progressEvery) == nil {
			const progress = "SELECT sum(backup_streamed)::bigint || ' ' || coalesce(sum(backup_total), 0)::bigint FROM pg_stat_progress_basebackup"
			text, err := asker.query(beside, progress)
			if err != nil {
				continue // the copy itself knows why
			}
			var done, total int64
			if _, err := fmt.Sscan(text, &done, &total); err == nil {
				p.command.Tell(done, total)
			}
		}
	})
	err := p.Host.Copy(ctx, &source.Instance, &target.Instance, p.command.BytesPerSecond())
	stop()
	told.Wait()
	return err
}

// standbyPatience is how long a standby that was there before may take to answer
// and to be linked.
const standbyPatience = 2 * time.Second

// awaitStandby waits a little until a server answers, and returns an error
// unless it is a standby. Nothing listening there is known at once.
func (p *pair) awaitStandby(ctx context.Context, s *side) error {
	ctx, cancel := context.WithTimeout(ctx, standbyPatience)
	defer cancel()
	var primary, there bool
	err := actuator.Poll(ctx, pollEvery, func() (bool, error) {
		var err error
		primary, err = s.primary(ctx)
		there = !refused(err)
		return err == nil || !there, err
	})
	if err != nil {
		return err
	}
	return errors.Join(refuse(!there, "postgres: nothing answers at %s", s.Address), refuse(primary, "postgres: %s is a primary", s.Address))
}

// awaitStream waits until the source streams to the target.
func (p *pair) awaitStream(ctx context.Context, source, target *side, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		status, err := target.query(ctx, "SELECT status || ' ' || sender_host || ':' || sender_port FROM pg_stat_wal_receiver")
		return status == "streaming "+source.Address, errors.Join(err, fmt.Errorf("postgres: receiver of %s: %q", target.Address, status))
	})
}

// catchUp waits until the target's lag is small.
func (p *pair) catchUp(ctx context.Context, source, target *side) error {
	if err := p.replicate(ctx, source, target); err != nil {
		return err
	}
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		at, err := source.query(ctx, "SELECT pg_current_wal_flush_lsn()")
		if err != nil {
			return false, err
		}
		lag, err := p.behind(ctx, target, at)
		return err == nil && lag <= p.MaxLagBytes, errors.Join(err, fmt.Errorf("postgres: %s is %d bytes behind", target.Address, lag))
	})
}

// behind returns how many bytes a standby has to replay up to a position.
func (p *pair) behind(ctx context.Context, standby *side, position string) (int64, error) {
	text, err := standby.query(ctx, "SELECT greatest(pg_wal_lsn_diff('"+position+"', pg_last_wal_replay_lsn()), 0)::bigint")
	if err != nil {
		return 0, err
	}
	lag, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("postgres: lag %q: %w", text, err)
	}
	return lag, nil
}

// remove takes an instance away that isn't served from, once the other one is.
func (p *pair) remove(ctx context.Context, stays, goes *side) error {
	open, err := p.open(ctx, goes)
	if err != nil || open {
		return errors.Join(err, refuse(open, "postgres: %s serves, it can't be removed", goes.Address))
	}
	if open, err = p.open(ctx, stays); err != nil || !open {
		return errors.Join(err, refuse(!open, "postgres: %s doesn't serve, so %s can't be removed", stays.Address, goes.Address))
	}
	if err := p.start(ctx, stays); err != nil {
		return err
	}
	primary, err := stays.primary(ctx)
	if err != nil || !primary {
		return errors.Join(err, refuse(!primary, "postgres: %s is a standby, so %s can't be removed", stays.Address, goes.Address))
	}
	p.Trace.At("checked")
	return p.Host.Remove(ctx, &goes.Instance)
}
