package inventory

import (
	"fmt"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/table"
)

// parseCSV reads a row for each server. power is "share:watts" separated by
// spaces, maintenance_start and maintenance_end one window.
func parseCSV(data []byte, opt format.Options, out *format.Out) {
	start := func(h table.Header) error { return table.Missing(h, "id", "cpu", "memory") }
	table.Read(data, out, start, func(row table.Row) error {
		s, err := rowServer(row)
		if err != nil {
			return err
		}
		readServer(s, fmt.Sprintf("line %d: server %q", row.Line, s.ID), opt, out)
		return nil
	})
}

func rowServer(row table.Row) (*server, error) {
	s := &server{ID: row.Get("id"), Zone: row.Get("zone"), Rack: row.Get("rack"), Wake: row.Get("wake"), MTBF: row.Get("mtbf"),
		MTTR: row.Get("mttr"), ZoneMTBF: row.Get("zone_mtbf"), ZoneMTTR: row.Get("zone_mttr"), Agent: row.Get("agent"),
		Capacity: amounts{row.Get("cpu"), row.Get("memory"), row.Get("receive"), row.Get("transmit"), row.Get("disk")}}
	for _, f := range []struct {
		name string
		into *float64
	}{{"cost_per_hour", &s.CostPerHour}, {"core_speed", &s.CoreSpeed}} {
		if cell := row.Get(f.name); cell != "" {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, fmt.Errorf("%s %q: want a number", f.name, cell)
			}
			*f.into = v
		}
	}
	if cell := row.Get("safety"); cell != "" {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			return nil, fmt.Errorf("safety %q: want a share from 0 to 1", cell)
		}
		s.Safety = &v
	}
	if cell := row.Get("unschedulable"); cell != "" {
		v, err := strconv.ParseBool(strings.ToLower(cell))
		if err != nil {
			return nil, fmt.Errorf("unschedulable %q: want true or false", cell)
		}
		s.Unschedulable = v
	}
	for _, point := range strings.Fields(row.Get("power")) {
		share, watts, _ := strings.Cut(point, ":")
		u, err1 := strconv.ParseFloat(share, 64)
		w, err2 := strconv.ParseFloat(watts, 64)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("power %q: want share:watts such as \"0:86 1:117\"", point)
		}
		s.Power = append(s.Power, powerPoint{u, w})
	}
	if begin := row.Get("maintenance_start"); begin != "" {
		s.Maintenance = []window{{Start: begin, End: row.Get("maintenance_end"), Reason: row.Get("maintenance_reason")}}
	}
	return s, nil
}
