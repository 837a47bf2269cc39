package remotewrite

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"

	"drover/internal/ingest/format"
)

// MaxDecodedBytes bounds what a compressed body may unpack to.
const MaxDecodedBytes = 32 << 20

// Version is the version of the protocol's messages.
type Version uint8

// The versions; Detect lets the message's own fields decide.
const (
	Detect Version = iota
	V1
	V2
)

// Stats counts what was read of one body, as the protocol's headers report it.
type Stats struct {
	Series, Samples, Histograms, Exemplars int
}

// Errors that concern a whole body.
var (
	ErrTooLarge = fmt.Errorf("the body unpacks to more than %d bytes", MaxDecodedBytes)
	ErrSnappy   = errors.New("the body is not snappy's block format")
)

// Parse reads one compressed body; each sample is a record and a *format.Point.
func Parse(data []byte, opt format.Options, out *format.Out) {
	body, err := Decompress(nil, data)
	if err != nil {
		out.Reject(err)
		return
	}
	if _, err := Read(body, Detect, nil, opt, out); err != nil {
		out.Reject(err)
	}
}

// Decompress unpacks a body, into room where that is large enough.
func Decompress(room, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("\xff\x06\x00\x00sNaPpY")) {
		return nil, fmt.Errorf("%w: this is snappy's framing format", ErrSnappy)
	}
	n, err := snappy.DecodedLen(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnappy, err)
	}
	if n > MaxDecodedBytes {
		return nil, ErrTooLarge
	}
	body, err := snappy.Decode(room[:cap(room)], data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnappy, err)
	}
	return body, nil
}

// Read reads one unpacked body. An error means that the message is broken; what
// was emitted before it must be thrown away by callers who write whole bodies
// or nothing. Series that break the rules go to out as rejected records. known,
// where not nil, remembers series from one body to the next. Points and what they
// point to are only valid until Read's caller changes the body, known series
// excepted.
func Read(body []byte, version Version, known *Known, opt format.Options, out *format.Out) (Stats, error) {
	if version == Detect {
		version = detect(body)
	}
	r := &reader{opt: opt, out: out, known: known}
	if version == V2 {
		err := r.readV2(body)
		return r.stats, err
	}
	err := r.readV1(body)
	return r.stats, err
}

// detect tells the versions apart: 2.0 reserves the field numbers of 1.0.
func detect(body []byte) Version {
	num, _, n := protowire.ConsumeTag(body)
	if n > 0 && (num == 4 || num == 5) {
		return V2
	}
	return V1
}

// fields calls yield with each field of a message; value holds the bytes of
// length-delimited fields, number those of the others.
func fields(message []byte, yield func(num protowire.Number, typ protowire.Type, value []byte, number uint64) error) error {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("protobuf: %w", protowire.ParseError(n))
		}
		message = message[n:]
		var value []byte
		var number uint64
		switch typ {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			number = uint64(v)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(num, typ, message)
		}
		if n < 0 {
			return fmt.Errorf("protobuf: field %d: %w", num, protowire.ParseError(n))
		}
		message = message[n:]
		if err := yield(num, typ, value, number); err != nil {
			return err
		}
	}
	return nil
}
