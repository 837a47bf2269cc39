// Package format holds what the parsers below it share: the collector that
// every parser writes to, the options it reads by, and Point, a sample whose
// series still has its producer's name and labels.
//
// Each package below reads one format or family: bytes in, model events (or
// Points) out, in input order. Parsers are pure: no clock, no I/O, no
// goroutine; the same bytes and options give the same events. They never panic
// and never hold much more than the input: events leave through the collector
// as they are read. Points become events in internal/ingest/mapping; doors and
// the command line call the parsers through internal/ingest/format/catalog.
package format
