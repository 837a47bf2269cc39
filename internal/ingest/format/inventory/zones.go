package inventory

import (
	"errors"
	"fmt"

	"drover/internal/ingest/format"
)

// zones is what the documents of a stream have said of zones so far. It is
// written into the servers that stand in them, in the same document or a later
// one.
type zones struct {
	order []string
	known map[string]*placed
}

// placed is a zone, and whether a server stands in it.
type placed struct {
	zone
	used bool
}

// add takes a document's zones. One that is named twice is a fault: nobody could
// tell which of the two holds.
func (z *zones) add(list []zone) error {
	for i, zone := range list {
		_, errMTBF := duration("mtbf", zone.MTBF)
		_, errMTTR := duration("mttr", zone.MTTR)
		switch err := errors.Join(errMTBF, errMTTR); {
		case zone.ID == "":
			return fmt.Errorf("zones[%d] \"\": want an id", i)
		case z.known[zone.ID] != nil:
			return fmt.Errorf("zones[%d] %q: want an id of its own: it is named before", i, zone.ID)
		case err != nil:
			return fmt.Errorf("zones[%d] %q: %w", i, zone.ID, err)
		}
		z.order = append(z.order, zone.ID)
		z.known[zone.ID] = &placed{zone: zone}
	}
	return nil
}

// place writes what is known of its zone into a server.
func (z *zones) place(s *server) {
	if zone := z.known[s.Zone]; zone != nil {
		s.ZoneMTBF, s.ZoneMTTR, zone.used = zone.MTBF, zone.MTTR, true
	}
}

// noteUnused tells of zones in which no server stands: their failures reach
// nobody until one does.
func (z *zones) noteUnused(out *format.Out) {
	for _, id := range z.order {
		if !z.known[id].used {
			out.Note(fmt.Sprintf("zone %q holds no server of this file: say its mtbf and mttr where its servers are listed", id))
		}
	}
}
