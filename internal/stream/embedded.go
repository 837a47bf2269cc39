package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Embedded is a broker within the process, for `drover up` and tests. With a
// directory its topics survive a restart; nothing else uses its ports.
type Embedded struct{ cluster *kfake.Cluster }

// StartEmbedded starts a broker on a free loopback port. An empty dir keeps
// everything in memory.
func StartEmbedded(dir string) (*Embedded, error) {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.BrokerConfigs(map[string]string{
			"message.max.bytes":                         fmt.Sprint(MaxRecordBytes + 64<<10),
			"group.consumer.heartbeat.interval.ms":      "200",
			"group.consumer.session.timeout.ms":         "10000",
			"transaction.max.timeout.ms":                "900000",
			"max.incremental.fetch.session.cache.slots": "1000",
		}),
	}
	if dir != "" {
		opts = append(opts, kfake.DataDir(dir))
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return &Embedded{cluster: cluster}, nil
}

// Brokers returns host:port of the broker.
func (e *Embedded) Brokers() []string { return e.cluster.ListenAddrs() }

// Maintain applies retention and compaction now and then until ctx ends: the
// embedded broker does neither by itself.
func (e *Embedded) Maintain(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			e.cluster.ApplyRetention()
			e.cluster.Compact()
		}
	}
}

// Close ends the broker; with a directory everything is on disk then.
func (e *Embedded) Close() { e.cluster.Close() }
