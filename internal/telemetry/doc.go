// Package telemetry carries traces out of a process. A Span is one piece of work
// of a W3C trace; an Exporter sends spans to an OTLP receiver in batches, beside
// the work and never in its way: what doesn't fit into its queue is dropped and
// counted. What the spans are about and how they hang together is decided where
// the work is done (internal/stream).
package telemetry
