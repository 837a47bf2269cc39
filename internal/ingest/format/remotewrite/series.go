package remotewrite

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Limits of one body and one series.
const (
	maxSymbols      = 1 << 20
	maxSeriesLabels = 256
)

// errWire says that a field has another wire type than the message defines.
var errWire = errors.New("protobuf: a field has the wrong wire type")

type reader struct {
	opt   format.Options
	out   *format.Out
	stats Stats

	point   format.Point
	symbols []string
	samples []sample
	types   map[string]format.PointType
}

type sample struct {
	value  float64
	millis int64
}

// text views bytes of the body, which nobody changes, as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// readV1 reads a prometheus.WriteRequest: 1 time series, 3 metadata.
func (r *reader) readV1(body []byte) error {
	r.types = map[string]format.PointType{}
	err := fields(body, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num == 3 && typ == protowire.BytesType {
			return r.metadataV1(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return fields(body, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num != 1 {
			return nil
		}
		if typ != protowire.BytesType {
			return errWire
		}
		return r.seriesV1(value)
	})
}

func (r *reader) metadataV1(message []byte) error {
	var name string
	var kind uint64
	err := fields(message, func(num protowire.Number, _ protowire.Type, value []byte, number uint64) error {
		switch num {
		case 1:
			kind = number
		case 2:
			name = text(value)
		}
		return nil
	})
	switch kind {
	case 1:
		r.types[name] = format.TypeCounter
	case 2:
		r.types[name] = format.TypeGauge
	}
	return err
}

// seriesV1 reads a prometheus.TimeSeries: 1 labels, 2 samples, 3 exemplars, 4 histograms.
func (r *reader) seriesV1(message []byte) error {
	r.reset()
	histograms, exemplars := 0, 0
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num >= 1 && num <= 4 && typ != protowire.BytesType {
			return errWire
		}
		switch num {
		case 1:
			var l format.Label
			err := fields(value, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
				if (num == 1 || num == 2) && typ != protowire.BytesType {
					return errWire
				}
				switch num {
				case 1:
					l.Name = text(value)
				case 2:
					l.Value = text(value)
				}
				return nil
			})
			r.point.Labels = append(r.point.Labels, l)
			return err
		case 2:
			return r.sample(value)
		case 3:
			exemplars++
		case 4:
			histograms++
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.finish(histograms, exemplars)
	return nil
}

// readV2 reads an io.prometheus.write.v2.Request: 4 symbols, 5 time series.
func (r *reader) readV2(body []byte) error {
	err := fields(body, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num != 4 {
			return nil
		}
		if typ != protowire.BytesType {
			return errWire
		}
		if len(r.symbols) >= maxSymbols {
			return fmt.Errorf("more than %d symbols", maxSymbols)
		}
		r.symbols = append(r.symbols, text(value))
		return nil
	})
	if err != nil {
		return err
	}
	if len(r.symbols) > 0 && r.symbols[0] != "" {
		return errors.New("the first symbol must be the empty string")
	}
	return fields(body, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num != 5 {
			return nil
		}
		if typ != protowire.BytesType {
			return errWire
		}
		return r.seriesV2(value)
	})
}

// seriesV2 reads an io.prometheus.write.v2.TimeSeries: 1 label references, 2
// samples, 3 histograms, 4 exemplars, 5 metadata.
func (r *reader) seriesV2(message []byte) error {
	r.reset()
	histograms, exemplars := 0, 0
	var refs []uint64
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte, number uint64) error {
		switch num {
		case 1:
			if typ == protowire.VarintType {
				refs = append(refs, number)
				return nil
			}
			for len(value) > 0 && len(refs) <= 2*maxSeriesLabels {
				v, n := protowire.ConsumeVarint(value)
				if n < 0 {
					return fmt.Errorf("protobuf: label references: %w", protowire.ParseError(n))
				}
				refs, value = append(refs, v), value[n:]
			}
		case 2:
			if typ != protowire.BytesType {
				return errWire
			}
			return r.sample(value)
		case 3:
			histograms++
		case 4:
			exemplars++
		case 5:
			return r.metadataV2(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if fault := r.resolve(refs); fault != nil {
		r.refuse(fault, histograms)
		return nil
	}
	r.finish(histograms, exemplars)
	return nil
}

// resolve turns label references into labels.
func (r *reader) resolve(refs []uint64) error {
	if len(refs)%2 != 0 {
		return errors.New("an odd number of label references")
	}
	for i := 0; i < len(refs); i += 2 {
		if refs[i] >= uint64(len(r.symbols)) || refs[i+1] >= uint64(len(r.symbols)) {
			return fmt.Errorf("a label refers to symbol %d of %d", max(refs[i], refs[i+1]), len(r.symbols))
		}
		r.point.Labels = append(r.point.Labels, format.Label{Name: r.symbols[refs[i]], Value: r.symbols[refs[i+1]]})
	}
	return nil
}

func (r *reader) metadataV2(message []byte) error {
	return fields(message, func(num protowire.Number, _ protowire.Type, _ []byte, number uint64) error {
		switch num {
		case 1:
			switch number {
			case 1:
				r.point.Type = format.TypeCounter
			case 2:
				r.point.Type = format.TypeGauge
			}
		case 4:
			if number < uint64(len(r.symbols)) {
				r.point.Unit = r.symbols[number]
			}
		}
		return nil
	})
}

// sample reads a sample, the same in both versions: 1 value, 2 milliseconds.
func (r *reader) sample(message []byte) error {
	var s sample
	err := fields(message, func(num protowire.Number, typ protowire.Type, _ []byte, number uint64) error {
		switch num {
		case 1:
			if typ != protowire.Fixed64Type {
				return errWire
			}
			s.value = math.Float64frombits(number)
		case 2:
			if typ != protowire.VarintType {
				return errWire
			}
			s.millis = int64(number)
		}
		return nil
	})
	r.samples = append(r.samples, s)
	return err
}

func (r *reader) reset() {
	r.point = format.Point{Labels: r.point.Labels[:0]}
	r.samples = r.samples[:0]
}

// refuse counts a series' samples as refused, at least one record.
func (r *reader) refuse(fault error, histograms int) {
	for range max(len(r.samples)+histograms, 1) {
		r.out.Reject(fault)
	}
}

// finish checks the series' labels and emits its samples.
func (r *reader) finish(histograms, exemplars int) {
	if fault := r.name(); fault != nil {
		r.refuse(fault, histograms)
		return
	}
	p := &r.point
	if p.Type == format.TypeUnknown && r.types != nil {
		p.Type = r.types[p.Name]
	}
	r.stats.Series++
	r.stats.Samples += len(r.samples)
	r.stats.Histograms += histograms
	r.stats.Exemplars += exemplars
	for _, s := range r.samples {
		p.Value, p.At = s.value, model.Instant(s.millis)
		r.out.Record(p)
	}
	for range histograms {
		r.out.Read()
	}
}

// name sorts the labels, takes the metric's name out of them and refuses what
// the protocol forbids.
func (r *reader) name() error {
	p := &r.point
	if len(p.Labels) > maxSeriesLabels {
		return fmt.Errorf("a series has more than %d labels", maxSeriesLabels)
	}
	for i := 1; i < len(p.Labels); i++ {
		if p.Labels[i].Name < p.Labels[i-1].Name {
			p.Labels.Sort()
			break
		}
	}
	kept := p.Labels[:0]
	for i, l := range p.Labels {
		switch {
		case l.Name == "":
			return errors.New("a label has no name")
		case !utf8.ValidString(l.Name) || !utf8.ValidString(l.Value):
			return fmt.Errorf("label %q is not UTF-8", l.Name)
		case i > 0 && l.Name == lastName(kept, p.Name):
			return fmt.Errorf("label %q comes twice", l.Name)
		case l.Name == "__name__":
			p.Name = l.Value
			continue
		}
		kept = append(kept, l)
	}
	p.Labels = kept
	if p.Name == "" {
		return errors.New("a series has no __name__")
	}
	return nil
}

// lastName returns the name of the label read last.
func lastName(kept format.Labels, name string) string {
	if name != "" && (len(kept) == 0 || kept[len(kept)-1].Name < "__name__") {
		return "__name__"
	}
	if len(kept) == 0 {
		return ""
	}
	return kept[len(kept)-1].Name
}
