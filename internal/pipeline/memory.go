package pipeline

import (
	"context"

	"drover/internal/engine"
	"drover/internal/stage"
	"drover/internal/stream"
)

// Memory runs the whole pipeline on logs in memory. It is a publisher for
// ingest: what is published is worked off before Publish returns.
type Memory struct{ engine *engine.Engine }

// Widths are the partition counts of the two kinds of topics.
type Widths struct{ ByEntity, ByFleet int32 }

// NewMemory returns a pipeline without records; observe sees every record.
func NewMemory(config *Config, widths Widths, observe func(stage.Record)) (*Memory, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	n := int(widths.ByEntity)
	config.Forecaster.MetricPartitions, config.Forecaster.CallPartitions, config.Forecaster.PathPartitions = n, n, n
	var topics []engine.Topic
	for _, name := range []string{stream.Metrics, stream.Calls, stream.Paths} {
		topics = append(topics, engine.Topic{Name: name, Partitions: widths.ByEntity})
	}
	for _, name := range []string{stream.Servers, stream.Applications, stream.Calendar, stream.Maintenance, stream.Control,
		stream.Graph, stream.Forecasts, stream.Scenarios, stream.Plans, stream.Steps, stream.Outcomes, stream.Reports} {
		topics = append(topics, engine.Topic{Name: name, Partitions: widths.ByFleet})
	}
	e, err := engine.New(topics, config.Stages(), stream.Partition, observe)
	if err != nil {
		return nil, err
	}
	return &Memory{engine: e}, nil
}

// PublishAll implements ingest's Publisher.
func (m *Memory) PublishAll(_ context.Context, emissions []stage.Emission) error {
	for _, e := range emissions {
		if err := m.engine.Publish(e); err != nil {
			return err
		}
	}
	return m.engine.Run()
}

// Restart replaces every task as after a crash.
func (m *Memory) Restart() error { return m.engine.Restart() }

// Rejected returns how many records the stages would not take.
func (m *Memory) Rejected() int { return m.engine.Rejected() }
