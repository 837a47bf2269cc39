package postgres

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Instance is a replica's PostgreSQL on one server.
type Instance struct {
	Address   string // host:port, as both sides and Drover reach it
	Login     Login  // a superuser that may replicate
	Route     actuator.Route
	Folder    string // its data
	Process   string // its name at the supervisor
	Namespace string // network namespace; empty: the host's
	Elsewhere bool   // on another host, whose agent starts and stops it
}

// conninfo is how PostgreSQL's programs reach the instance.
func (i *Instance) conninfo() string {
	host, port, err := net.SplitHostPort(i.Address)
	if err != nil {
		host = i.Address
	}
	quote := func(s string) string {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", `\'`) + "'"
	}
	info := "host=" + quote(host) + " port=" + quote(port) + " user=" + quote(i.Login.User) + " dbname=" + quote(i.Login.Database)
	if i.Login.Password != "" {
		info += " password=" + quote(i.Login.Password)
	}
	return info
}

// Host runs the servers' processes and moves their data folders. Its methods
// converge.
type Host interface {
	Start(ctx context.Context, i *Instance) error
	Stop(ctx context.Context, i *Instance) error
	Remove(ctx context.Context, i *Instance) error
	Copy(ctx context.Context, source, standby *Instance, bytesPerSecond int64) error
	Rewind(ctx context.Context, source, standby *Instance) error
}

// Config connects the driver with its world.
type Config struct {
	// Locate finds the replica's instance on a server, running or not.
	Locate  func(model.ReplicaID, model.ServerID) (Instance, error)
	Traffic actuator.Traffic
	Host    Host
	// MaxLagBytes is how far the target may be behind when the source is closed;
	// 0: 1 MiB.
	MaxLagBytes int64
	// Close is how long a hand-over may keep clients out before it is given up;
	// 0: five seconds.
	Close time.Duration
	// Timeout bounds a query; 0: two seconds.
	Timeout time.Duration
	Trace   actuator.Tracer
}

// Driver moves PostgreSQL servers.
type Driver struct{ Config }

// New returns a driver.
func New(config Config) *Driver {
	if config.MaxLagBytes <= 0 {
		config.MaxLagBytes = 1 << 20
	}
	if config.Close <= 0 {
		config.Close = 5 * time.Second
	}
	if config.Timeout <= 0 {
		config.Timeout = 2 * time.Second
	}
	return &Driver{config}
}

// Capabilities says that it performs every step and relies on deadlines where
// nothing stands before it.
func (d *Driver) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "postgres", Steps: actuator.MoveSteps(), Writes: true, Bandwidth: true}
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
	case model.StepProvision, model.StepReleaseAdmission:
		// The copy makes the target; see Copy.
	case model.StepReplicate:
		err = p.replicate(ctx, p.from, p.to)
	case model.StepCatchUp:
		err = p.catchUp(ctx, p.from, p.to)
	case model.StepCutOver:
		err = p.handOver(ctx, p.from, p.to)
	case model.StepWatch:
		_, err = d.Probe(ctx, c)
	case model.StepRetire:
		err = p.remove(ctx, p.to, p.from)
	case model.StepReverseCutOver:
		err = p.reverse(ctx)
	case model.StepStopCatchUp, model.StepDiscardReplica, model.StepDeprovision:
		err = p.remove(ctx, p.from, p.to)
	default:
		err = fmt.Errorf("postgres: %w %q", actuator.ErrUnsupported, c.Step.Kind)
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
	if err := p.start(ctx, p.to); err != nil {
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

// query asks the server, connecting first. After an error the connection isn't
// used again.
func (s *side) query(ctx context.Context, sql string) (string, error) {
	if s.client == nil {
		c, err := Dial(ctx, s.Address, s.Login, s.timeout)
		if err != nil {
			return "", err
		}
		s.client = c
	}
	value, err := s.client.Query(ctx, sql)
	if err != nil {
		s.close()
	}
	return value, err
}

func (s *side) close() {
	if s.client != nil {
		_ = s.client.Close() // nothing was left unsaid
		s.client = nil
	}
}

// primary tells whether the server isn't a standby.
func (s *side) primary(ctx context.Context) (bool, error) {
	standby, err := s.query(ctx, "SELECT pg_is_in_recovery()")
	return standby == "f", err
}

// pair is the two servers of a move, as one command sees them.
type pair struct {
	*Driver
	command  *actuator.Command
	from, to *side
}

func (d *Driver) pair(c *actuator.Command) (*pair, error) {
	from, to, err := actuator.Both(c, "postgres", d.Locate)
	if err != nil {
		return nil, err
	}
	return &pair{d, c, &side{Instance: from, timeout: d.Timeout}, &side{Instance: to, timeout: d.Timeout}}, nil
}

func (p *pair) close() {
	p.from.close()
	p.to.close()
}
