package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/yamldoc"
	"drover/internal/model"
)

// Parse reads an inventory. Each server, maintenance window and application is a
// record and a model.Server, model.Maintenance or model.Application.
func Parse(data []byte, opt format.Options, out *format.Out) {
	text := jsonscan.BOM(data)
	if len(bytes.TrimSpace(text)) == 0 {
		out.Reject(errors.New("empty input: want an inventory in YAML or CSV"))
		return
	}
	if looksLikeCSV(text) {
		parseCSV(text, opt, out)
		return
	}
	if err := yamldoc.CheckTotal(text); err != nil {
		out.Reject(fmt.Errorf("%w, or use CSV", err))
		return
	}
	z := zones{known: map[string]*placed{}}
	yamldoc.Documents(text, func(doc []byte, line int) {
		if err := z.document(doc, opt, out); err != nil {
			out.Reject(fmt.Errorf("document at line %d: %w", line, err))
		}
	})
	z.noteUnused(out)
}

// looksLikeCSV tells a header row from YAML.
func looksLikeCSV(text []byte) bool {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.ContainsAny(first, ",;\t") && !bytes.ContainsAny(first, ":{[#")
}

// document reads one document of the stream.
func (z *zones) document(doc []byte, opt format.Options, out *format.Out) error {
	var d document
	if err := yamldoc.Decode(doc, &d, true); err != nil {
		return err
	}
	if d.Servers == nil && d.Applications == nil && d.Zones == nil {
		return errors.New("neither servers nor applications nor zones")
	}
	if opt.Fleet == "" {
		opt.Fleet = model.FleetID(d.Fleet)
	} else if d.Fleet != "" && d.Fleet != string(opt.Fleet) {
		return fmt.Errorf("fleet %q: the sender (or --fleet) is of fleet %q: leave it out of the records, or send as that fleet", d.Fleet, opt.Fleet)
	}
	if err := z.add(d.Zones); err != nil {
		return err
	}
	for i := range d.Servers {
		z.place(&d.Servers[i])
		readServer(&d.Servers[i], fmt.Sprintf("servers[%d] %q", i, d.Servers[i].ID), opt, out)
	}
	for i := range d.Applications {
		a, err := d.Applications[i].event(opt)
		if err != nil {
			out.Reject(fmt.Errorf("applications[%d] %q: %w", i, d.Applications[i].ID, err))
			continue
		}
		out.Record(a)
	}
	return nil
}

// readServer emits a server and its maintenance windows.
func readServer(s *server, where string, opt format.Options, out *format.Out) {
	event, err := s.event(opt)
	if err != nil {
		out.Reject(fmt.Errorf("%s: %w", where, err))
		return
	}
	out.Record(event)
	for i := range s.Maintenance {
		m, err := s.Maintenance[i].event(event.ID, opt)
		if err != nil {
			out.Reject(fmt.Errorf("%s: maintenance[%d]: %w", where, i, err))
			continue
		}
		out.Record(m)
	}
}

// vector reads amounts.
func (a *amounts) vector() (v model.Vector, err error) {
	for _, x := range []struct {
		name, text string
		resource   model.Resource
		read       func(string) (int64, error)
	}{
		{"cpu", a.CPU, model.CPU, format.Millicores},
		{"memory", a.Memory, model.Memory, format.Bytes},
		{"receive", a.Receive, model.Receive, format.BytesPerSecond},
		{"transmit", a.Transmit, model.Transmit, format.BytesPerSecond},
		{"disk", a.Disk, model.Disk, format.Bytes},
	} {
		if x.text == "" {
			continue
		}
		if v[x.resource], err = x.read(x.text); err != nil {
			return v, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return v, nil
}

// ppm reads a share from 0 to 1.
func ppm(name string, share float64) (int64, error) {
	if !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("%s %v: want a share from 0 to 1", name, share)
	}
	return int64(math.Round(share * 1e6)), nil
}

// duration reads a Go duration; empty is zero.
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s %q: want a duration such as \"90s\" or \"8760h\"", name, text)
	}
	return d, nil
}
