package remotewrite

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"drover/internal/ingest/format"
)

// readV2 reads an io.prometheus.write.v2.Request: 4 symbols, 5 time series.
func (r *reader) readV2(body []byte) error {
	err := messages(body, 4, func(value []byte) error {
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
	return messages(body, 5, r.seriesV2)
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
	r.finish(nil, histograms, exemplars)
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
