package redis

import (
	"context"
	"fmt"
	"net"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Instance is a replica's Redis on one server.
type Instance struct {
	Address  string // host:port, as both sides and Drover reach it
	Password string
	Route    actuator.Route // the proxy's way to it
	// Namespace is the network namespace that it runs in; empty: the host's.
	Namespace string
	// Elsewhere: it runs on another host, whose agent starts and stops it.
	Elsewhere bool
}

// Host starts and stops the servers' processes. Its methods converge.
type Host interface {
	Start(ctx context.Context, c *actuator.Command, server model.ServerID) error
	// Remove stops the process and deletes its data.
	Remove(ctx context.Context, c *actuator.Command, server model.ServerID) error
}

// Config connects the driver with its world.
type Config struct {
	// Locate finds the replica's instance on a server, running or not.
	Locate  func(model.ReplicaID, model.ServerID) (Instance, error)
	Traffic actuator.Traffic
	Host    Host
	// Pause is how long writes may wait in a hand-over; 0: two seconds.
	Pause time.Duration
	// MaxLagBytes is how far the target may be behind when the pause begins; 0:
	// 256 KiB.
	MaxLagBytes int64
	// Timeout bounds a command to a server; 0: one second.
	Timeout time.Duration
	Trace   actuator.Tracer
}

// Driver moves Redis servers.
type Driver struct{ Config }

// New returns a driver.
func New(config Config) *Driver {
	if config.Pause <= 0 {
		config.Pause = 2 * time.Second
	}
	if config.MaxLagBytes <= 0 {
		config.MaxLagBytes = 256 << 10
	}
	if config.Timeout <= 0 {
		config.Timeout = time.Second
	}
	return &Driver{config}
}

// Capabilities says that it performs every step but the watch, and relies on
// deadlines where nothing stands before it.
func (d *Driver) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "redis", Steps: actuator.MoveSteps(), Writes: true, Probes: true}
}

// Status knows nothing of earlier commands: performing them again converges.
func (d *Driver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// Perform performs one step.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	p, err := d.pair(&c)
	if err != nil {
		return err
	}
	defer p.close()
	d.Trace.At("begin")
	switch c.Step.Kind {
	case model.StepAdmit:
		err = p.admit(ctx)
	case model.StepProvision:
		err = d.Host.Start(ctx, &c, c.Move.To)
	case model.StepReplicate:
		err = p.replicate(ctx)
	case model.StepCatchUp:
		err = p.catchUp(ctx)
	case model.StepCutOver:
		err = p.cutOver(ctx)
	case model.StepWatch:
		err = p.watch(ctx)
	case model.StepRetire:
		err = p.retire(ctx)
	case model.StepReverseCutOver:
		err = p.reverse(ctx)
	case model.StepStopCatchUp:
		err = p.detach(ctx)
	case model.StepDiscardReplica:
		err = p.discard(ctx)
	case model.StepDeprovision:
		err = p.remove(ctx, p.from, p.to, c.Move.To)
	case model.StepReleaseAdmission:
	default:
		err = fmt.Errorf("redis: %w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	d.Trace.At("end")
	return err
}

// Probe measures the instance that serves after the cut-over.
func (d *Driver) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	p, err := d.pair(&c)
	if err != nil {
		return actuator.Reading{}, err
	}
	defer p.close()
	began := time.Now()
	if _, err := p.to.do(ctx, "PING"); err != nil {
		return actuator.Reading{Requests: 1, Errors: 1, SaturationPPM: -1}, err
	}
	return actuator.Reading{Requests: 1, ResponseMicros: time.Since(began).Microseconds(), SaturationPPM: -1}, nil
}

// side is one of the two servers of a move, connected when first needed.
type side struct {
	Instance
	timeout time.Duration
	client  *Client
}

// do sends a command, connecting first. After an error the connection isn't
// used again.
func (s *side) do(ctx context.Context, args ...string) (string, error) {
	if s.client == nil {
		c, err := Dial(ctx, s.Address, s.Password, s.timeout)
		if err != nil {
			return "", err
		}
		s.client = c
	}
	reply, err := s.client.Do(ctx, args...)
	if err != nil {
		s.close()
	}
	return reply, err
}

func (s *side) close() {
	if s.client != nil {
		_ = s.client.Close() // nothing was left unsaid
		s.client = nil
	}
}

// replication asks the server.
func (s *side) replication(ctx context.Context) (replication, error) {
	text, err := s.do(ctx, "INFO", "replication")
	return parseReplication(text), err
}

// follow makes the server a replica of another.
func (s *side) follow(ctx context.Context, of *side) error {
	host, port, err := net.SplitHostPort(of.Address)
	if err != nil {
		return fmt.Errorf("redis address %q: %w", of.Address, err)
	}
	if of.Password != "" {
		if _, err := s.do(ctx, "CONFIG", "SET", "masterauth", of.Password); err != nil {
			return err
		}
	}
	_, err = s.do(ctx, "REPLICAOF", host, port)
	return err
}

// pair is the two servers of a move, as one command sees them.
type pair struct {
	*Driver
	command  *actuator.Command
	from, to *side
}

func (d *Driver) pair(c *actuator.Command) (*pair, error) {
	from, to, err := actuator.Both(c, "redis", d.Locate)
	if err != nil {
		return nil, err
	}
	return &pair{d, c, &side{Instance: from, timeout: d.Timeout}, &side{Instance: to, timeout: d.Timeout}}, nil
}

func (p *pair) close() {
	p.from.close()
	p.to.close()
}
