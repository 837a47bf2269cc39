// Package ingest is the stage at the edge: it takes what fleets send through
// the doors (internal/ingest/door, internal/ingest/format), checks it, and puts
// it into the topics that the other stages read. It keeps no state of its own.
//
// Event time enters here too: at each interval, and only after everything
// accepted so far has been acknowledged, a heartbeat goes into every partition
// that ingest feeds. Watermarks follow heartbeats alone.
package ingest
