// Package openmetrics reads the OpenMetrics 1.0 text format and refuses
// whatever the specification forbids: the grammar, the order and repetition of
// metadata, units, the suffixes and labels of each type, exemplars, values,
// timestamps, the grouping of metrics, buckets, and the end marker.
//
// Source: the OpenMetrics specification, version 1.0
// (https://github.com/OpenObservability/OpenMetrics). Prometheus' own parser is
// more lenient, so this one is ours. Files: scan.go reads the grammar of one
// line, family.go the rules of a family's samples, histogram.go the rules of
// buckets, parse.go the document.
package openmetrics
