// Package pull fetches what producers offer instead of sending: metrics pages to
// scrape and calendars (or any other format of the catalog) to poll.
//
// A feed that fails is asked less and less often, up to an hour apart; what it
// said last stays in force, and Status shows how old that is. Calendar events
// that a feed no longer lists are cancelled, but only by a feed that was read
// whole. Neighbours: internal/ingest/format reads the bytes, a Sink takes the
// events.
package pull
