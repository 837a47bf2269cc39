// Package model holds the domain's words: identities, event time, resources,
// the events that travel through the topics, and the values that the cores
// exchange (edges, quantiles, placements, plans).
//
// It imports nothing of Drover's and does no I/O. Cores never import one
// another; what two of them need to talk about lives here. The Avro shapes of
// these types are in schemas/, the conversion in internal/codec.
//
// Units stand at the end of names. Unless said otherwise: CPU in millicores,
// memory and disk in bytes, network in bytes per second, time as Instant
// (milliseconds since the Unix epoch, UTC).
package model
