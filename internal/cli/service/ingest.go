package service

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/ingest/door"
	"drover/internal/model"
	"drover/internal/stream"
)

// IngestCommand returns the command of the ingest service.
func IngestCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "ingest", Short: "Take what fleets send and put it into the topics", Args: cobra.NoArgs,
		Long: `Open the doors for what fleets already send (Prometheus remote write, OTLP), check
it and put it into Drover's topics, with a heartbeat in every partition each
interval. Without --credentials only senders on this machine are let in.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := config.Load(cmd.Flags(), os.Environ(), file)
			if err != nil {
				return cli.Usage(err)
			}
			return runIngest(cmd.Context(), conf)
		}}
	config.Register(c.Flags(), "kafka", "redis", "listen", "log", "data_dir", "ingest")
	c.Flags().StringVar(&file, "config", os.Getenv("DROVER_CONFIG"), "YAML file; see `drover config keys`")
	return c
}

func runIngest(ctx context.Context, conf *config.Config) (err error) {
	log := NewLogger(conf, os.Stderr)
	r, err := Open(ctx, conf, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	producer, err := stream.NewProducer(r.Connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	feed := ingest.NewFeed(producerName(conf), producer)
	doors, err := newDoors(conf, feed, r)
	if err != nil {
		return err
	}
	mux := r.NewMux(map[string]Check{"kafka": producer.Ready})
	mux.Handle("POST /", doors)
	mux.Handle("GET /openapi.yaml", doors)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return doors.Run(ctx) })
	group.Go(func() error {
		return Serve(ctx, conf.Listen, mux, func(a net.Addr) { log.Info("ingest runs", "listen", a.String(), "brokers", conf.Kafka.Brokers) })
	})
	group.Go(func() error { return beat(ctx, conf, feed, r) })
	return group.Wait()
}

func newDoors(conf *config.Config, feed *ingest.Feed, r *Runtime) (*door.Server, error) {
	c := door.Config{Sink: feed, LoopbackFleet: model.FleetID(conf.Ingest.Fleet), Logger: r.Log}
	if conf.Ingest.Credentials != "" {
		credentials, err := door.LoadCredentials(conf.Ingest.Credentials)
		if err != nil {
			return nil, err
		}
		c.Credentials = credentials
	}
	return door.New(c)
}

// producerName is what this ingest is called in heartbeats.
func producerName(conf *config.Config) string {
	if conf.Ingest.Producer != "" {
		return conf.Ingest.Producer
	}
	if host, err := os.Hostname(); err == nil {
		return "ingest-" + host
	}
	return "ingest"
}

// beat sends heartbeats of the wall clock, held back by the lateness that
// records are allowed, and a final one at the end.
func beat(ctx context.Context, conf *config.Config, feed *ingest.Feed, r *Runtime) error {
	ticker := time.NewTicker(conf.Ingest.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return feed.Heartbeat(last, model.InstantOf(time.Now().Add(-conf.Ingest.Lateness)), true)
		case now := <-ticker.C:
			if err := feed.Heartbeat(ctx, model.InstantOf(now.Add(-conf.Ingest.Lateness)), false); err != nil && ctx.Err() == nil {
				r.Log.Warn("heartbeat", "error", err) // time stands still until one gets through
			}
		}
	}
}
