package web

import (
	"log/slog"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web/readmodel"
)

// Topics lists what the read model is folded from.
func Topics() []string {
	return []string{stream.Servers, stream.Applications, stream.Calendar, stream.Maintenance, stream.Control, stream.Graph, stream.Forecasts,
		stream.Scenarios, stream.Plans, stream.Steps, stream.Outcomes, stream.Audit, stream.DeadLetters, stream.Metrics}
}

// Follow folds one record of those topics and returns the line that tells
// people of it, if it is worth one.
func Follow(m *readmodel.Model, log *slog.Logger, e stream.Entry) (readmodel.Line, bool) {
	switch {
	case e.Topic == stream.DeadLetters && e.Value == nil:
		return m.Fold(e.Fleet, readmodel.LetterDone{ID: e.Key})
	case e.Value == nil:
		return readmodel.Line{}, false // what is gone is told by an event of its own
	case e.Err != nil:
		log.Warn("record can't be read", "topic", e.Topic, "partition", e.Partition, "offset", e.Offset, "error", e.Err)
		return readmodel.Line{}, false
	}
	if e.Topic == stream.Metrics {
		switch e.Event.(type) {
		case model.Metric, model.Heartbeat:
		default:
			return readmodel.Line{}, false // the calendar stands in its own topic too
		}
	}
	return m.Fold(e.Fleet, e.Event)
}
