// Package otlp reads OpenTelemetry's export requests for metrics and traces, as
// protobuf or JSON (told apart by the first byte).
//
// Source: the OpenTelemetry protocol specification 1.x and the semantic
// conventions. Requests are walked message by message and only the leaves (one
// span, one data point) are decoded, so that a large request costs little
// memory. In JSON, identities are hexadecimal as the specification says, or
// base64 as some producers write them.
//
// Files: walk.go (protobuf), walkjson.go (JSON), metrics.go and spans.go (what
// both make of a leaf).
package otlp
