package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"drover/internal/cli/service"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web"
	"drover/internal/web/readmodel"
)

// servers checks Kafka, the registry and Redis, and reads the topics.
func (x *examiner) servers(ctx context.Context, log *slog.Logger) {
	var conn *stream.Connection
	x.within(ctx, func(ctx context.Context) {
		var err error
		if conn, err = service.Connect(ctx, x.conf, log, nil); err != nil {
			x.fail("schemas", "check kafka.registry and its login, or the data directory", err)
			return
		}
		where := "files below " + x.conf.Data
		if x.conf.Kafka.Registry != "" {
			where = x.conf.Kafka.Registry
		} else if x.conf.Data == "" {
			where = "this program alone (neither kafka.registry nor data_dir is set)"
		}
		x.ok("schemas", "every topic's schema is known to %s", where)
	})
	if conn != nil && x.kafka(ctx, conn) {
		x.within(ctx, func(ctx context.Context) { x.topics(ctx, conn) })
	}
	if len(x.conf.Redis.Addresses) == 0 {
		x.skip("redis", "no --redis given")
		return
	}
	x.within(ctx, x.redis)
}

// kafka asks the brokers; false: nothing more can be asked of them.
func (x *examiner) kafka(ctx context.Context, conn *stream.Connection) (there bool) {
	admin, err := stream.NewAdmin(conn)
	if err != nil {
		x.fail("brokers", "", err)
		return false
	}
	defer admin.Close()
	x.within(ctx, func(ctx context.Context) {
		n, failed, err := admin.Brokers(ctx)
		if err != nil {
			x.fail("brokers", "is Kafka up, and do --brokers, TLS and the login fit its listener?", fmt.Errorf("%s: %w", strings.Join(x.conf.Kafka.Brokers, ","), err))
			return
		}
		there = true
		for _, err := range failed {
			x.fail("brokers", "start it again, or let its address be reached from here", err)
		}
		if len(failed) == 0 {
			x.ok("brokers", "%d answer", n)
		}
	})
	if !there {
		return false
	}
	x.within(ctx, func(ctx context.Context) { x.layout(ctx, admin) })
	x.within(ctx, func(ctx context.Context) { x.rights(ctx, admin) })
	x.within(ctx, func(ctx context.Context) { x.groups(ctx, admin) })
	return true
}

// layout compares the topics with the table.
func (x *examiner) layout(ctx context.Context, admin *stream.Admin) {
	changes, err := admin.Check(ctx, stream.Plan{Partitions: stream.Partitions{ByKey: int32(x.conf.Kafka.ByKey), ByFleet: int32(x.conf.Kafka.ByFleet)}})
	if err != nil {
		x.fail("topics", "", err)
		return
	}
	if len(changes) == 0 {
		x.ok("topics", "every topic is as the table says")
	}
	for _, c := range changes {
		switch {
		case c.What == "create":
			x.fail("topics", "drover topics apply", fmt.Errorf("topic %s is missing", c.Topic))
		case c.Manual:
			x.warn("topics", "see docs/topics.md", "%v", c)
		default:
			x.warn("topics", "drover topics apply", "%v", c)
		}
	}
}

func (x *examiner) rights(ctx context.Context, admin *stream.Admin) {
	lacking, err := admin.MissingRights(ctx)
	switch {
	case errors.Is(err, stream.ErrNoAuthoriser):
		x.ok("rights", "the brokers keep no rights: everybody may do everything")
	case err != nil:
		x.skip("rights", "they can't be read: %v", err)
	case len(lacking) == 0:
		x.ok("rights", "every service has what it needs")
	}
	for _, r := range lacking {
		x.fail("rights", "drover topics acls --grant", fmt.Errorf("it is not granted that %v", r))
	}
}

// late is how many records a stage may be behind before people should look.
const late = 100_000

func (x *examiner) groups(ctx context.Context, admin *stream.Admin) {
	groups, err := admin.Groups(ctx)
	if err != nil {
		x.fail("lag", "", err)
		return
	}
	for _, g := range groups {
		switch {
		case g.Members == 0:
			x.fail("lag", "start "+g.Stage+", and look at what it logs", fmt.Errorf("no %s runs: its group is %s, %d records wait", g.Stage, strings.ToLower(g.State), g.Lag))
		case g.Lag > late:
			x.warn("lag", "start more of them, up to one for each partition", "the %d %s are %d records behind", g.Members, g.Stage, g.Lag)
		default:
			x.ok("lag", "%s: %d running, %d records behind", g.Stage, g.Members, g.Lag)
		}
	}
}

// redis checks the server that states are kept in, and its clock.
func (x *examiner) redis(ctx context.Context) {
	s, err := service.OpenStore(x.conf)
	if err != nil {
		x.fail("redis", "", err)
		return
	}
	defer s.Close()
	if err := s.Ping(ctx); err != nil {
		x.fail("redis", "is Redis up, and do --redis, TLS and the login fit?", err)
		return
	}
	x.ok("redis", "%s answers", strings.Join(x.conf.Redis.Addresses, ","))
	appends, evicts, err := s.Keeps(ctx)
	switch {
	case err != nil:
		x.skip("redis", "whether it keeps what it holds can't be told: %v", err)
	case evicts:
		x.fail("redis", "set maxmemory-policy noeviction", errors.New("it throws keys away when memory is short: states would be torn"))
	case !appends:
		x.warn("redis", "set appendonly yes", "it keeps no append-only file: after its restart stages read their topics again from the start")
	default:
		x.ok("redis", "it keeps an append-only file and throws nothing away")
	}
	at, err := s.Clock(ctx)
	if err != nil {
		x.skip("clock", "Redis' clock can't be read: %v", err)
		return
	}
	x.clock("Redis", at, 0)
}

// silence is how long heartbeats may stay away.
const silence = 5 * time.Minute

// topics reads what the fleets' present is made of.
func (x *examiner) topics(ctx context.Context, conn *stream.Connection) {
	m := readmodel.New(readmodel.DefaultLimits())
	var beat time.Time      // when the newest heartbeat was written
	var event model.Instant // the time it told
	log := slog.New(slog.DiscardHandler)
	err := conn.ReadAll(ctx, func(e stream.Entry) error {
		if h, ok := e.Event.(model.Heartbeat); ok && e.Time.After(beat) {
			beat, event = e.Time, h.At
		}
		web.Follow(m, log, e)
		return nil
	}, stream.Servers, stream.Applications, stream.Control, stream.Forecasts, stream.DeadLetters)
	if err != nil {
		x.fail("heartbeats", "create the topics with `drover topics apply`, then run this again", err)
		return
	}
	switch behind := x.now().Sub(beat); {
	case beat.IsZero():
		x.fail("heartbeats", "start ingest: only its heartbeats let time go on", errors.New("none was ever sent"))
	case behind > silence:
		x.fail("heartbeats", "start ingest again: until then nothing is forecast or decided", fmt.Errorf("the last one is %v old", behind.Round(time.Second)))
	case behind < -tolerance:
		x.warn("clock", "let both machines follow the same time server", "an ingest's clock is at least %v ahead of this machine's", (-behind).Round(time.Second))
	default:
		x.ok("heartbeats", "the last one is %v old and told %v", max(0, behind).Round(time.Second), event)
	}
	for _, id := range m.Fleets() {
		m.View(id, func(f *readmodel.Fleet) { x.fleet(factsOf(f)) })
	}
	if len(m.Fleets()) == 0 {
		x.warn("fleet", "send servers, applications and metrics: see docs/ingest.md", "no fleet has sent anything yet")
	}
}
