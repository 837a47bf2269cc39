// Package door holds the ways in: HTTP and gRPC handlers that take what
// producers send, know who sent it, keep to that credential's limits, and hand
// model events to a Sink.
//
//	POST /api/v1/write         Prometheus remote write 1.0 and 2.0
//	POST /v1/metrics, /v1/traces   OTLP over HTTP, protobuf or JSON
//	POST /write, /api/v2/write     Influx line protocol
//	POST /v1/events            JSON or NDJSON events (GET /openapi.yaml)
//	POST /v1/ingest/{format}   any format of `drover ingest check`
//	gRPC                       OTLP metrics and traces
//
// A request is read whole before anything of it is published, so that a broken
// one changes nothing; a 2xx is sent after the Sink has taken the events. What
// is refused within a sound request is said by the protocol's own means.
//
// Files: server.go (wiring), gate.go (who may send how much), credentials.go,
// limits.go, batch.go (samples to events), one file a protocol. Neighbours:
// internal/ingest/format reads the bytes, internal/ingest implements the Sink.
package door
