// Package promtext reads the classic Prometheus text exposition format (0.0.4)
// with Prometheus' own parser, as leniently as Prometheus does.
//
// A line that Prometheus would refuse is counted as rejected, and the lines
// around it are still read: a file kept on disk is worth more than a scrape
// that comes again in a minute.
package promtext

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	drover "drover/internal/model"
)

// Parse reads one exposition; each sample is a record and a *format.Point.
func Parse(data []byte, opt format.Options, out *format.Out) {
	data = jsonscan.BOM(data)
	r := &reader{opt: opt, out: out, types: map[string]format.PointType{}}
	if format.CheckLines(data) == nil && sound(data) {
		if err := r.read(data); err != nil {
			out.Reject(err)
		}
		return
	}
	r.byLine(data)
}

// sound tells whether the whole document can be read at one go.
func sound(data []byte) bool {
	p := textparse.NewPromParser(data[:len(data):len(data)], labels.NewSymbolTable(), false)
	for {
		if _, err := p.Next(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

type reader struct {
	opt   format.Options
	out   *format.Out
	types map[string]format.PointType
	point format.Point
}

// byLine reads every line as a document of its own and refuses the bad ones.
func (r *reader) byLine(data []byte) {
	for n := 1; len(data) > 0 && !r.out.GaveUp(); n++ {
		row, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(bytes.TrimSpace(row)) == 0 {
			continue
		}
		err := format.CheckLine(row)
		if err == nil {
			err = r.read(row)
		}
		if err != nil {
			r.out.Reject(fmt.Errorf("line %d: %w", n, err))
		}
	}
}

// read reads a document up to its first fault.
func (r *reader) read(data []byte) error {
	p := textparse.NewPromParser(data[:len(data):len(data)], labels.NewSymbolTable(), false)
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch entry {
		case textparse.EntryType:
			name, kind := p.Type()
			r.declare(string(name), kind)
		case textparse.EntrySeries:
			r.sample(p)
		}
	}
}

// declare notes the types of the series that a family of this type has.
func (r *reader) declare(name string, kind model.MetricType) {
	switch kind {
	case model.MetricTypeCounter:
		r.types[name] = format.TypeCounter
	case model.MetricTypeGauge:
		r.types[name] = format.TypeGauge
	case model.MetricTypeHistogram:
		r.types[name+"_bucket"], r.types[name+"_sum"], r.types[name+"_count"] = format.TypeCounter, format.TypeCounter, format.TypeCounter
	case model.MetricTypeSummary:
		r.types[name], r.types[name+"_sum"], r.types[name+"_count"] = format.TypeGauge, format.TypeCounter, format.TypeCounter
	}
}

func (r *reader) sample(p textparse.Parser) {
	_, stamp, value := p.Series()
	var ls labels.Labels
	p.Labels(&ls)
	pt := &r.point
	pt.Labels = pt.Labels[:0]
	ls.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel {
			pt.Name = l.Value
			return
		}
		pt.Labels = append(pt.Labels, format.Label{Name: l.Name, Value: l.Value})
	})
	pt.Type = r.types[pt.Name]
	pt.Value = value
	pt.At = r.opt.At
	if stamp != nil {
		pt.At = drover.Instant(*stamp)
	}
	r.out.Record(pt)
}
