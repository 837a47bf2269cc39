package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"drover/internal/actuator/build"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/executor"
	"drover/internal/forecaster"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/simfleet"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/internal/web"
	"drover/internal/web/readmodel"
)

// run brings everything up and keeps it until ctx or the time ends.
func run(ctx context.Context, conf *config.Config, spec *simfleet.Spec, speed float64, exitAfter time.Duration, stdout, stderr io.Writer) error {
	if exitAfter > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, exitAfter)
		defer cancel()
	}
	log := service.NewLogger(conf, stderr)
	h, err := newHouse(ctx, conf, spec, speed, log, stdout)
	if err != nil {
		return err
	}
	defer h.close()
	err = h.live(ctx, speed)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		fmt.Fprintln(stdout, "ended in good order")
		return nil
	}
	return err
}

// house is everything that runs in the process.
type house struct {
	conf    *config.Config
	spec    *simfleet.Spec
	log     *slog.Logger
	out     io.Writer
	broker  *stream.Embedded
	redis   *store.Embedded
	runtime *service.Runtime
	stages  *pipeline.Config
	fleet   *simfleet.Fleet
	model   *readmodel.Model
	closers []func()
	// drivers are real ones, nil: steps are simulated. Their executor begins when
	// the fleet's clock does.
	drivers *build.Config
	clock   chan executor.Clock
	speed   float64

	mu   sync.Mutex // guards play, which the stage records and the clock both touch
	play *pipeline.Play
}

func newHouse(ctx context.Context, conf *config.Config, spec *simfleet.Spec, speed float64, log *slog.Logger, out io.Writer) (*house, error) {
	h := &house{conf: conf, spec: spec, speed: speed, clock: make(chan executor.Clock, 1), log: log, out: out, model: readmodel.New(readmodel.DefaultLimits())}
	if err := h.start(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// start makes the embedded servers, the connections and the topics.
func (h *house) start(ctx context.Context) error {
	var err error
	if len(h.conf.Kafka.Brokers) == 0 {
		if err = h.embed(); err != nil {
			return err
		}
	}
	if h.fleet, err = simfleet.New(h.spec); err != nil {
		return err
	}
	if h.stages, err = service.Stages(h.conf, ""); err != nil {
		return err
	}
	if h.conf.Drivers == "" {
		h.stages.SimulateDemo(h.spec, h.conf.Planning.Approval)
	} else if h.drivers, err = h.loadDrivers(h.speed); err != nil {
		return err
	}
	if h.runtime, err = service.Open(ctx, h.conf, h.log); err != nil {
		return err
	}
	h.closers = append(h.closers, func() { _ = h.runtime.Close() }) // nothing is lost with it
	h.stages.Forecaster.Meters = forecaster.NewMeters(h.runtime.Metrics)
	web.NewMeters(h.model, h.runtime.Metrics)
	return h.runtime.Apply(ctx)
}

// embed starts the broker and the store in this process.
func (h *house) embed() error {
	dir := ""
	if h.conf.Data != "" {
		dir = filepath.Join(h.conf.Data, "broker")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
	}
	var err error
	if h.broker, err = stream.StartEmbedded(dir); err != nil {
		return err
	}
	h.closers = append(h.closers, h.broker.Close)
	if h.redis, err = store.StartEmbedded(); err != nil {
		return err
	}
	h.closers = append(h.closers, h.redis.Close)
	h.conf.Kafka.Brokers, h.conf.Redis.Addresses = h.broker.Brokers(), []string{h.redis.Address()}
	return nil
}

func (h *house) close() {
	for i := len(h.closers) - 1; i >= 0; i-- {
		h.closers[i]()
	}
	h.closers = nil
}

// live runs the stages, the doors, the page and the fleet.
func (h *house) live(ctx context.Context, speed float64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	producer, err := stream.NewProducer(h.runtime.Connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	feed := ingest.NewFeed(simfleet.Producer, producer)
	through := &doorFeed{feed: feed}
	h.play = pipeline.NewPlay(h.fleet, through)
	resumed, err := h.resume(ctx)
	if err != nil {
		return err
	}
	doors, err := h.runtime.NewDoors(feed, h.spec.Fleet)
	if err != nil {
		return err
	}
	mux := h.runtime.NewMux(map[string]service.Check{"kafka": producer.Ready, "redis": h.runtime.Store.Ping})
	doors.Handle(mux)
	window, _, err := service.NewWeb(ctx, h.conf, h.model, h.runtime.Connection, producer, h.log)
	if err != nil {
		return err
	}
	mux.Handle("POST /api/v1/fleets/", window) // more special than the doors
	mux.Handle("/", window)

	var group sync.WaitGroup
	failed := make(chan error, 8)
	begin := func(what string, fn func() error) {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := fn(); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("%s: %w", what, err)
			}
		}()
	}
	listening := make(chan struct{})
	begin("page", func() error {
		return service.Serve(ctx, h.conf.Listen, mux, func(a net.Addr) {
			fmt.Fprintf(h.out, "page at http://%s/\n", a)
			through.base = "http://" + a.String()
			close(listening)
		})
	})
	begin("doors", func() error { return doors.Run(ctx) })
	if h.broker != nil {
		begin("broker", func() error { h.broker.Maintain(ctx); return nil })
	}
	begin("reader", func() error { return h.watch(ctx) })
	for _, s := range h.stages.Stages() {
		begin(s.Name, func() error { return h.stage(ctx, s.Name, h.clock) })
	}
	begin("fleet", func() error {
		select {
		case <-listening:
			return h.drive(ctx, speed, resumed)
		case <-ctx.Done():
			return nil
		}
	})
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	cancel()
	group.Wait()
	return err
}

// watch folds what the stages publish into the page's model, tells people, and
// lets the simulated fleet know what is being done to it.
func (h *house) watch(ctx context.Context) error {
	return h.runtime.Connection.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		switch e.Topic {
		case stream.Plans, stream.Steps, stream.Outcomes:
			h.mu.Lock()
			h.play.Observe(e.Event)
			h.mu.Unlock()
		}
		if line, ok := web.Follow(h.model, h.log, e); ok && !over(e.Event, h.spec.Start) {
			h.tell(line)
		}
		return nil
	}, web.Topics()...)
}

// over tells whether an event is of the calendar and ended before the fleet's live
// part: it belongs to the history.
func over(event any, start model.Instant) bool {
	e, ok := event.(model.CalendarEvent)
	return ok && e.End < start
}

// stamp writes when a line was: the time of day, or the day where it is an earlier
// one than that on which the live part begins.
func stamp(at, start model.Instant) string {
	if at < start.Floor(24*time.Hour) {
		return at.Time().Format("2 Jan")
	}
	return at.Time().Format("15:04:05")
}

// tell prints a line, cut to what a terminal shows without being unreadable.
func (h *house) tell(line readmodel.Line) {
	const width = 200
	text := line.Text
	if len([]rune(text)) > width {
		text = string([]rune(text)[:width-1]) + "…"
	}
	fmt.Fprintf(h.out, "%-8s  %-11s %s\n", stamp(line.At, h.spec.Start), line.Kind, text)
}

// resume takes up an earlier run on the same data directory: how far the fleet
// had been measured, and where its replicas had been moved to.
func (h *house) resume(ctx context.Context) (bool, error) {
	last, err := h.earlier(ctx)
	// Brokers learn of topics that were made just now after a while.
	for tries := 0; err != nil && tries < 20 && ctx.Err() == nil; tries++ {
		time.Sleep(500 * time.Millisecond)
		last, err = h.earlier(ctx)
	}
	if err != nil {
		return false, fmt.Errorf("read what an earlier run left: %w", err)
	}
	if last == model.NoInstant {
		return false, nil
	}
	h.play.Resume(last)
	return true, nil
}

// earlier reads how far an earlier run had come, and what it had moved.
func (h *house) earlier(ctx context.Context) (last model.Instant, err error) {
	err = h.runtime.Connection.ReadAll(ctx, func(e stream.Entry) error {
		switch event := e.Event.(type) {
		case model.Heartbeat:
			if event.Producer == simfleet.Producer {
				last = max(last, event.At)
			}
		case model.Outcome:
			h.fleet.Apply(event)
		}
		return nil
	}, stream.Control, stream.Outcomes)
	return last, err
}

// drive lets the fleet live: its history at once, then its minutes in time.
func (h *house) drive(ctx context.Context, speed float64, resumed bool) error {
	if resumed {
		fmt.Fprintf(h.out, "fleet %s goes on from %s at %gx\n", h.spec.Fleet, h.play.Now().Time().Format("2006-01-02 15:04"), speed)
		return h.pace(ctx, speed)
	}
	fmt.Fprintf(h.out, "fleet %s: %d servers, %d applications; feeding %.0f days of history\n",
		h.spec.Fleet, len(h.spec.Servers), len(h.spec.Applications), h.spec.History.Hours()/24)
	began := time.Now()
	if err := h.play.History(ctx, nil); err != nil {
		return err
	}
	fmt.Fprintf(h.out, "history fed in %.1f s; the fleet lives at %gx from %s on\n",
		time.Since(began).Seconds(), speed, h.spec.Start.Time().Format("2006-01-02 15:04"))
	return h.pace(ctx, speed)
}

// pace lets one of the fleet's minutes pass after the other.
func (h *house) pace(ctx context.Context, speed float64) error {
	h.clock <- clockFrom(h.play.Now(), speed)
	pace := time.NewTicker(max(time.Millisecond, time.Duration(float64(h.spec.Interval)/speed)))
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pace.C:
		}
		h.mu.Lock()
		err := h.play.Step(ctx)
		h.mu.Unlock()
		if err != nil {
			return err
		}
	}
}
