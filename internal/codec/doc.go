// Package codec turns the model's events into the bytes that the topics carry
// and back: Avro's binary form of the topic's schema (schemas/*.avsc) behind
// Confluent's five-byte header (a zero and the schema's id, big-endian).
//
// The fields of each event are coded by one function that both writes and
// reads, in the order of the schema: no maps, no reflection. Tests compare it
// with goavro on generated values and fuzzed bytes. A payload written with
// another version of the schema is first rewritten into ours by
// internal/codec/avro.
//
// Exactness: float64 keep their bits, times their milliseconds, durations their
// nanoseconds. Empty lists and maps are read as nil. Texts must be UTF-8. The
// same event always gives the same bytes.
//
// The codec imports only the model. Where schema ids come from is behind
// Registry, which internal/stream implements.
package codec
