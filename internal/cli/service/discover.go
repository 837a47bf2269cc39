package service

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"drover/internal/config"
	"drover/internal/ingest"
	discovery "drover/internal/ingest/kubernetes"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// discover adds the watching of a Kubernetes cluster to the group, where one is
// configured.
func discover(ctx context.Context, group *errgroup.Group, conf *config.Config, feed *ingest.Feed, log *slog.Logger) error {
	k := conf.Ingest.Kubernetes
	if k.Kubeconfig == "" {
		return nil
	}
	client, err := kubernetes.Connect(k.Kubeconfig, k.Context)
	if err != nil {
		return err
	}
	source := discovery.New(discovery.Config{
		Client: client, Fleet: model.FleetID(conf.Ingest.Fleet), Producer: producerName(conf), Publish: feed.Publish, Log: log, MetricsEvery: k.MetricsEvery,
	})
	group.Go(func() error { return source.Run(ctx) })
	return nil
}
