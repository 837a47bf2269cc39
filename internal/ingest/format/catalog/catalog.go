// Package catalog names every format that Drover reads and the parser that
// reads it: the one table behind `drover ingest`, the doors and the pollers.
package catalog

import (
	"fmt"
	"sort"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/campaigns"
	"drover/internal/ingest/format/compose"
	"drover/internal/ingest/format/events"
	"drover/internal/ingest/format/icalendar"
	"drover/internal/ingest/format/influx"
	"drover/internal/ingest/format/inventory"
	"drover/internal/ingest/format/jaeger"
	"drover/internal/ingest/format/kubernetes"
	"drover/internal/ingest/format/maintenance"
	"drover/internal/ingest/format/metricscsv"
	"drover/internal/ingest/format/mtr"
	"drover/internal/ingest/format/openmetrics"
	"drover/internal/ingest/format/otlp"
	"drover/internal/ingest/format/promtext"
	"drover/internal/ingest/format/remotewrite"
	"drover/internal/ingest/format/ripeatlas"
	"drover/internal/ingest/format/scamper"
	"drover/internal/ingest/format/spanscsv"
	"drover/internal/ingest/format/traceroute"
	"drover/internal/ingest/format/zipkin"
)

var parsers = map[string]format.Parser{
	"campaigns-csv":     campaigns.Parse,
	"compose":           compose.Parse,
	"events":            events.Parse,
	"icalendar":         icalendar.Parse,
	"influx":            influx.Parse,
	"inventory":         inventory.Parse,
	"jaeger":            jaeger.Parse,
	"kubernetes":        kubernetes.Parse,
	"maintenance-aws":   maintenance.ParseAWS,
	"maintenance-azure": maintenance.ParseAzure,
	"metrics-csv":       metricscsv.Parse,
	"mtr":               mtr.Parse,
	"openmetrics":       openmetrics.Parse,
	"otlp-metrics":      otlp.ParseMetrics,
	"otlp-traces":       otlp.ParseTraces,
	"prometheus":        promtext.Parse,
	"remote-write":      remotewrite.Parse,
	"ripe-atlas":        ripeatlas.Parse,
	"scamper":           scamper.Parse,
	"spans-csv":         spanscsv.Parse,
	"traceroute-text":   traceroute.Parse,
	"zipkin":            zipkin.Parse,
}

// Names lists the formats in order.
func Names() []string {
	names := make([]string, 0, len(parsers))
	for name := range parsers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Find returns the parser of a format. A fault of a parser or of a library
// below it that would end the process refuses the input instead.
func Find(name string) (format.Parser, error) {
	parse, ok := parsers[name]
	if !ok {
		return nil, fmt.Errorf("format %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return func(data []byte, opt format.Options, out *format.Out) {
		defer func() {
			if fault := recover(); fault != nil {
				out.Reject(fmt.Errorf("%s: the parser failed: %v", name, fault))
			}
		}()
		parse(data, opt, out)
	}, nil
}
