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
	"drover/internal/model"
	"drover/internal/stream"
)

// IngestCommand returns the command of the ingest service.
func IngestCommand() *cobra.Command {
	c := &cobra.Command{Use: "ingest", Short: "Take what fleets send and put it into the topics",
		Long: `Open the doors for what fleets already send (Prometheus remote write, OTLP over
HTTP and gRPC, Influx lines, events, files of every format), check it and put it
into Drover's topics, with a heartbeat in every partition each interval.

Without --credentials only senders on this machine are let in. With it, a bearer
token or a client certificate (--tls-client-ca) says who sends, for which fleet,
and how much. --mapping reads metric names that Drover doesn't know; --kubernetes discovers the fleet from a cluster. --targets
scrapes pages and polls calendars, and GET /v1/feeds tells how they are doing.`,
		Example: `  ingest --brokers kafka:9092 --redis redis:6379
  ingest --brokers kafka:9092 --redis redis:6379 --listen 0.0.0.0:8443 --grpc-listen 0.0.0.0:4317 \
    --credentials credentials.yaml --tls-cert door.pem --tls-key door.key --tls-client-ca clients.pem
  ingest --brokers kafka:9092 --redis redis:6379 --mapping telegraf.yaml --targets targets.yaml`}
	return configured(c, runIngest, "kafka", "redis", "listen", "log", "tracing", "data_dir", "ingest")
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
	doors, err := r.NewDoors(feed, model.FleetID(conf.Ingest.Fleet))
	if err != nil {
		return cli.Usage(err)
	}
	mux := r.NewMux(map[string]Check{"kafka": producer.Ready})
	doors.Handle(mux)
	bySender := conf.Ingest.Clock == "sender"
	if bySender {
		mux.Handle("POST /v1/heartbeat", heartbeats(feed))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return doors.Run(ctx) })
	group.Go(func() error {
		return ServeTLS(ctx, conf.Listen, doors.Secure(), mux, func(a net.Addr) {
			log.Info("ingest runs", "listen", a.String(), "tls", doors.Secure() != nil, "brokers", conf.Kafka.Brokers)
		})
	})
	if err := discover(ctx, group, conf, feed, log); err != nil {
		return cli.Usage(err)
	}
	if !bySender {
		group.Go(func() error { return beat(ctx, conf, feed, r) })
	}
	return group.Wait()
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
