// Package metricscsv reads measurements from CSV, in three forms told apart by
// the header:
//
//   - long: time, entity, resource, value and optionally fleet, kind (gauge or
//     counter), producer; one sample a row;
//   - wide: time, entity and any of cpu, memory, receive, transmit, disk, each
//     in the resource's own unit (millicores, bytes, bytes/s), optionally fleet,
//     kind, producer; an empty cell is a missing value;
//   - pods: TimeStamp or Time, PodName, CpuUsage(m), MemoryUsage(Mi),
//     NetworkReceiveBytes, NetworkTransmitBytes, as the Nezha data set has them;
//     the entity is the application that the pod belongs to.
//
// Entities are written as kind:name ("server:s1", "app:web", "replica:web/0").
package metricscsv

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/table"
	"drover/internal/model"
)

// Parse reads one file; each row is a record.
func Parse(data []byte, opt format.Options, out *format.Out) {
	p := &parser{opt: opt, out: out}
	table.Read(data, out, p.start, func(row table.Row) error { return p.read(row) })
	p.flush()
}

// parser holds the metric that consecutive rows of the long form add up to.
type parser struct {
	opt  format.Options
	out  *format.Out
	read func(table.Row) error

	pending model.Metric
}

func (p *parser) start(h table.Header) error {
	switch {
	case h.Has("podname"):
		p.read = p.pod
		if !h.Has("timestamp") && !h.Has("time") {
			return table.Missing(h, "timestamp", "podname")
		}
		return nil
	case h.Has("resource"):
		p.read = p.long
		return table.Missing(h, "time", "entity", "resource", "value")
	}
	p.read = p.wide
	for _, r := range model.Resources() {
		if h.Has(r.String()) {
			return table.Missing(h, "time", "entity")
		}
	}
	return fmt.Errorf("no column says what was measured: want resource and value, or any of cpu, memory, receive, transmit, disk")
}

func (p *parser) long(row table.Row) error {
	m, err := p.identity(row)
	if err != nil {
		return err
	}
	resource, err := model.ParseResource(row.Get("resource"))
	if err != nil {
		return err
	}
	kind, err := parseKind(row.Get("kind"))
	if err != nil {
		return err
	}
	value, missing, err := number("value", row.Get("value"))
	if err != nil {
		return err
	}
	p.out.Read()
	if missing {
		return nil
	}
	last := &p.pending
	if m.Entity != last.Entity || m.At != last.At || m.Fleet != last.Fleet || m.Producer != last.Producer {
		p.flush()
		p.pending = m
	}
	p.pending.Samples = append(p.pending.Samples, model.Sample{Resource: resource, Kind: kind, Value: value})
	return nil
}

func (p *parser) wide(row table.Row) error {
	m, err := p.identity(row)
	if err != nil {
		return err
	}
	kind, err := parseKind(row.Get("kind"))
	if err != nil {
		return err
	}
	for _, r := range model.Resources() {
		value, missing, err := number(r.String(), row.Get(r.String()))
		if err != nil {
			return err
		}
		if missing {
			continue
		}
		k := kind
		if r == model.Memory || r == model.Disk {
			k = model.Gauge
		}
		m.Samples = append(m.Samples, model.Sample{Resource: r, Kind: k, Value: value})
	}
	p.emit(m)
	return nil
}

// podColumns are the columns of the pods form with the factor to our units.
var podColumns = []struct {
	name     string
	resource model.Resource
	factor   float64
}{
	{"cpuusage(m)", model.CPU, 1},
	{"memoryusage(mi)", model.Memory, 1 << 20},
	{"networkreceivebytes", model.Receive, 1},
	{"networktransmitbytes", model.Transmit, 1},
}

func (p *parser) pod(row table.Row) error {
	at, err := podTime(row)
	if err != nil {
		return err
	}
	pod := row.Get("podname")
	if pod == "" {
		return fmt.Errorf("podname is empty")
	}
	m := model.Metric{Fleet: p.opt.Fleet, At: at, Producer: pod,
		Entity: model.ApplicationEntity(model.ApplicationID(format.ServiceOfPod(pod)))}
	for _, c := range podColumns {
		value, missing, err := number(c.name, row.Get(c.name))
		if err != nil {
			return err
		}
		if !missing {
			m.Samples = append(m.Samples, model.Sample{Resource: c.resource, Kind: model.Gauge, Value: value * c.factor})
		}
	}
	p.emit(m)
	return nil
}

// podTime reads TimeStamp (seconds since the epoch) or Time (a date). Where the
// two are more than an hour apart the date is taken: one real file has epochs
// that are years off beside the right dates.
func podTime(row table.Row) (model.Instant, error) {
	stamp, date := row.Get("timestamp"), row.Get("time")
	if stamp == "" {
		return format.ParseTime(date)
	}
	at, err := format.ParseTime(stamp)
	if byDate, dateErr := format.ParseTime(date); dateErr == nil {
		if apart := at.Sub(byDate).Abs(); err != nil || apart > time.Hour {
			return byDate, nil
		}
	}
	return at, err
}

// identity reads who was measured, when and by whom.
func (p *parser) identity(row table.Row) (model.Metric, error) {
	at, err := format.ParseTime(row.Get("time"))
	if err != nil {
		return model.Metric{}, err
	}
	entity := model.EntityID(row.Get("entity"))
	if _, _, ok := entity.Split(); !ok {
		return model.Metric{}, fmt.Errorf("entity %q: want server:NAME, app:NAME or replica:APP/INDEX", entity)
	}
	m := model.Metric{Fleet: p.opt.Fleet, Entity: entity, At: at, Producer: row.Get("producer")}
	if m.Fleet == "" {
		m.Fleet = model.FleetID(row.Get("fleet"))
	} else if f := row.Get("fleet"); f != "" && f != string(m.Fleet) {
		return model.Metric{}, fmt.Errorf("fleet %q: the sender (or --fleet) is of fleet %q: leave it out of the records, or send as that fleet", f, m.Fleet)
	}
	if m.Producer == "" {
		m.Producer = p.opt.Producer
	}
	return m, nil
}

func (p *parser) emit(m model.Metric) {
	p.out.Read()
	if len(m.Samples) > 0 {
		p.out.Emit(m)
	}
}

func (p *parser) flush() {
	if len(p.pending.Samples) > 0 {
		p.out.Emit(p.pending)
	}
	p.pending = model.Metric{}
}

func parseKind(s string) (model.SampleKind, error) {
	switch s {
	case "", "gauge":
		return model.Gauge, nil
	case "counter":
		return model.Counter, nil
	}
	return 0, fmt.Errorf("kind %q: want gauge or counter", s)
}

// number reads a cell; empty and NaN cells are missing values.
func number(column, cell string) (value float64, missing bool, err error) {
	if cell == "" {
		return 0, true, nil
	}
	value, err = strconv.ParseFloat(cell, 64)
	if err != nil {
		return 0, false, fmt.Errorf("%s %q: want a number", column, cell)
	}
	if math.IsNaN(value) {
		return 0, true, nil
	}
	if math.IsInf(value, 0) || value < 0 {
		return 0, false, fmt.Errorf("%s %q: want a finite number from 0", column, cell)
	}
	return value, false, nil
}
