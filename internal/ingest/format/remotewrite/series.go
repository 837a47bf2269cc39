package remotewrite

import (
	"encoding/binary"
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
	known *Known
	stats Stats

	point   format.Point
	labels  format.Labels // scratch
	symbols []string
	samples []sample
	types   map[string]format.PointType
}

type sample struct {
	value  float64
	millis int64
}

// text views bytes of the body, which nobody changes, as a string.
func text(b []byte) string { return view(b) }

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

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
	return messages(body, 1, r.seriesV1)
}

// messages reads every message that a body has under a number.
func messages(body []byte, number protowire.Number, read func([]byte) error) error {
	return fields(body, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num != number {
			return nil
		}
		if typ != protowire.BytesType {
			return errWire
		}
		return read(value)
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
	labels, rest, first := labelsFirst(message)
	if s := r.known.find(labels); s != nil {
		if samples, ok := r.samplesOnly(rest); ok {
			r.samples = samples
			r.point.Series, r.point.Name, r.point.Labels = s, s.Name, s.Labels
			r.emit(0, 0)
			return nil
		}
		r.samples = r.samples[:0]
	}
	histograms, exemplars := 0, 0
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
		if num >= 1 && num <= 4 && typ != protowire.BytesType {
			return errWire
		}
		switch num {
		case 1:
			return r.label(value)
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
	if len(r.point.Labels) != first {
		labels = nil // others come after them
	}
	r.finish(labels, histograms, exemplars)
	return nil
}

// label reads a label, the same in both messages that hold one.
func (r *reader) label(message []byte) error {
	var l format.Label
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte, _ uint64) error {
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
}

// labelsFirst cuts a series' message after the labels that it begins with, n of
// them.
func labelsFirst(message []byte) (labels, rest []byte, count int) {
	rest = message
	for len(rest) > 1 && rest[0] == 1<<3|byte(protowire.BytesType) {
		n, size := uint64(rest[1]), 1
		if n >= 0x80 {
			n, size = protowire.ConsumeVarint(rest[1:])
		}
		if size < 0 || n > uint64(len(rest)-1-size) {
			break
		}
		rest = rest[1+size+int(n):]
		count++
	}
	return message[:len(message)-len(rest)], rest, count
}

// samplesOnly reads what follows a series' labels where it is samples as every
// client writes them: a value, if not 0, and a time. ok is false for all else.
func (r *reader) samplesOnly(rest []byte) (samples []sample, ok bool) {
	samples = r.samples
	for len(rest) > 0 {
		if len(rest) < 2 || rest[0] != 2<<3|byte(protowire.BytesType) || rest[1] >= 0x80 || int(rest[1]) > len(rest)-2 {
			return nil, false
		}
		var s sample
		message := rest[2 : 2+rest[1]]
		rest = rest[2+rest[1]:]
		if len(message) >= 9 && message[0] == 1<<3|byte(protowire.Fixed64Type) {
			s.value = math.Float64frombits(binary.LittleEndian.Uint64(message[1:9]))
			message = message[9:]
		}
		if len(message) < 2 || message[0] != 2<<3|byte(protowire.VarintType) {
			return nil, false
		}
		millis, n := protowire.ConsumeVarint(message[1:])
		if n != len(message)-1 {
			return nil, false
		}
		s.millis = int64(millis)
		samples = append(samples, s)
	}
	return samples, true
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
	if r.point.Series == nil {
		r.labels = r.point.Labels // a known series' are its own
	}
	r.point = format.Point{Labels: r.labels[:0]}
	r.samples = r.samples[:0]
}

// refuse counts a series' samples as refused, at least one record.
func (r *reader) refuse(fault error, histograms int) {
	for range max(len(r.samples)+histograms, 1) {
		r.out.Reject(fault)
	}
}

// finish checks the series' labels and emits its samples. labels are the bytes by
// which it can be known again; empty: there are none.
func (r *reader) finish(labels []byte, histograms, exemplars int) {
	if fault := r.name(); fault != nil {
		r.refuse(fault, histograms)
		return
	}
	if len(labels) > 0 {
		r.known.learn(labels, &r.point)
	}
	r.emit(histograms, exemplars)
}

// emit emits the samples of a series whose labels are sound.
func (r *reader) emit(histograms, exemplars int) {
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
