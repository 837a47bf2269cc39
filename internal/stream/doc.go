// Package stream is Drover's side of Kafka; nothing else imports the client. It
// owns the topology (topics.go: which topic, keyed how, written and read by
// whom, kept for how long), the loop that every stateful stage runs in (Run),
// the producer of those that are no stage (Producer), readers for people
// (Tail, ReadAll), the schema registries and the dead letters.
//
// The loop takes a stage.Task and gives these promises: a record that was
// acknowledged is folded, once; what a task emits is published, and where a
// crash makes that happen twice readers drop the repeat by the record's id; a
// process that lost its partition changes nothing. docs/stream.md says how.
//
// The state of tasks is kept by a StateStore, which internal/store implements;
// the payloads are internal/codec's.
package stream
