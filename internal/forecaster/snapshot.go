package forecaster

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"drover/internal/forecast"
	"drover/internal/model"
	"drover/internal/stage"
)

// snapshotVersion is the first byte of every snapshot.
const snapshotVersion = 4

var errTruncated = errors.New("truncated")

// head is the small part of a snapshot; JSON writes maps in key order.
type head struct {
	Positions stage.Positions
	Clocks    map[string]clockHead
	Calendar  []model.CalendarEvent
	Counts    Counts
	Series    int
	Networks  map[model.FleetID][]byte
	// Zones are the rules that the series' wall clocks went by.
	Zones []string `json:",omitempty"`
}

type clockHead struct {
	Watermark stage.Watermark
	Ticker    stage.Ticker
	Newest    model.Instant
}

func (c *clock) head() clockHead { return clockHead{c.watermark, c.ticker, c.newest} }

func (c *clock) restore(h clockHead) {
	silent, interval := c.watermark.SilentAfter, c.ticker.Interval
	c.watermark, c.ticker, c.newest = h.Watermark, h.Ticker, h.Newest
	c.watermark.SilentAfter, c.ticker.Interval = silent, interval
}

// AppendSnapshot implements stage.Task: the version, then four sections, each
// preceded by its length: head, series, graph, network map.
func (t *Task) AppendSnapshot(b []byte) ([]byte, error) {
	if t.unsaid {
		return nil, errUnsaid
	}
	h, err := json.Marshal(head{
		Positions: t.Positions,
		Clocks:    map[string]clockHead{"metrics": t.loads.clock.head(), "calls": t.calls.clock.head(), "paths": t.paths.clock.head()},
		Calendar:  t.loads.calendars.all(),
		Counts:    t.loads.counts,
		Series:    t.loads.entities.count,
		Networks:  t.loads.warm,
		Zones:     t.config.Zones.Strings(),
	})
	if err != nil {
		return nil, fmt.Errorf("forecaster snapshot: %w", err)
	}
	g, err := t.calls.graph.AppendBinary(nil)
	if err != nil {
		return nil, fmt.Errorf("forecaster snapshot: graph: %w", err)
	}
	n, err := t.paths.network.AppendBinary(nil)
	if err != nil {
		return nil, fmt.Errorf("forecaster snapshot: network map: %w", err)
	}
	expected := max(t.snapshotBytes+t.snapshotBytes/16, t.loads.entities.count*likelyBytes)
	b = slices.Grow(b, expected+len(h)+len(g)+len(n)+64)
	before := len(b)
	b = appendBytes(append(b, snapshotVersion), h)
	b = appendSection(b, t.loads.appendSeries)
	b = appendBytes(appendBytes(b, g), n)
	t.snapshotBytes = len(b) - before
	return b, nil
}

// likelyBytes is what a young series takes in a snapshot.
const likelyBytes = 2100

// appendSection is appendBytes of what fill appends, however much it is, without
// a copy of its own beside it.
func appendSection(b []byte, fill func([]byte) []byte) []byte {
	start := len(b)
	b = fill(append(b, make([]byte, binary.MaxVarintLen64)...))
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(b)-start-len(length)))
	copy(b[start:], length[:n])
	return append(b[:start+n], b[start+len(length):]...)
}

// Restore implements stage.Task.
func (t *Task) Restore(b []byte) error {
	if len(b) == 0 || b[0] != snapshotVersion {
		return fmt.Errorf("forecaster snapshot: version is not %d", snapshotVersion)
	}
	whole := len(b)
	b = b[1:]
	var sections [4][]byte
	var err error
	for i := range sections {
		if sections[i], b, err = takeBytes(b); err != nil {
			return fmt.Errorf("forecaster snapshot: section %d: %w", i, err)
		}
	}
	var h head
	if err := json.Unmarshal(sections[0], &h); err != nil {
		return fmt.Errorf("forecaster snapshot: head: %w", err)
	}
	fresh := NewTask(t.config, t.partition)
	fresh.Positions = h.Positions
	fresh.loads.clock.restore(h.Clocks["metrics"])
	fresh.calls.clock.restore(h.Clocks["calls"])
	fresh.paths.clock.restore(h.Clocks["paths"])
	for _, e := range h.Calendar {
		fresh.loads.calendars.fold(e)
	}
	fresh.loads.counts = h.Counts
	fresh.snapshotBytes = whole
	for fleet, network := range h.Networks {
		fresh.loads.warm[fleet] = network
	}
	if err := fresh.loads.readSeries(sections[1], h.Series); err != nil {
		return fmt.Errorf("forecaster snapshot: series: %w", err)
	}
	if err := fresh.loads.turn(h.Zones); err != nil {
		return fmt.Errorf("forecaster snapshot: %w", err)
	}
	if err := fresh.calls.graph.UnmarshalBinary(sections[2]); err != nil {
		return fmt.Errorf("forecaster snapshot: graph: %w", err)
	}
	if err := fresh.paths.network.UnmarshalBinary(sections[3]); err != nil {
		return fmt.Errorf("forecaster snapshot: network map: %w", err)
	}
	*t = *fresh
	return nil
}

func (l *loads) appendSeries(b []byte) []byte {
	var body, memory, rates []byte
	for _, one := range l.entities.all() {
		for r, s := range one.series {
			if s == nil {
				continue
			}
			body = binary.AppendVarint(body[:0], int64(s.closed))
			body = binary.AppendVarint(body, int64(s.last))
			body = appendFloat(body, s.observed)
			body = s.before.append(body)
			body = binary.AppendUvarint(body, uint64(s.opened))
			for i := range s.opened {
				body = s.open[i].append(body)
			}
			rates = rates[:0]
			if s.rates != nil {
				rates = s.rates.AppendBinary(rates)
			}
			body = appendBytes(body, rates)
			memory = s.model.AppendMemory(memory[:0])
			body = appendBytes(body, memory)
			body = s.model.AppendBinary(body)
			b = appendBytes(b, one.fleet)
			b = appendBytes(b, one.entity)
			b = append(b, byte(r))
			b = appendBytes(b, body)
		}
	}
	return b
}

func (l *loads) readSeries(b []byte, n int) error {
	var one *entity // series of an entity stand together
	for range n {
		fleet, rest, err := takeBytes(b)
		if err != nil {
			return err
		}
		entityID, rest, err := takeBytes(rest)
		if err != nil {
			return err
		}
		if len(rest) == 0 {
			return errTruncated
		}
		resource := model.Resource(rest[0])
		body, rest, err := takeBytes(rest[1:])
		if err != nil {
			return err
		}
		if resource >= model.ResourceCount {
			return fmt.Errorf("%s: no resource %d", entityID, resource)
		}
		if one == nil || string(one.fleet) != string(fleet) || string(one.entity) != string(entityID) {
			one = l.entities.add(model.FleetID(fleet), model.EntityID(entityID))
		}
		if err := l.begin(one, resource).read(body); err != nil {
			return fmt.Errorf("%s of %s: %w", resource, entityID, err)
		}
		b = rest
	}
	return nil
}

func (s *series) read(b []byte) error {
	r := reader{b: b}
	s.closed, s.last = model.Instant(r.varint()), model.Instant(r.varint())
	s.observed = r.float()
	r.bin(&s.before)
	open := r.uvarint()
	if open > openBins {
		return fmt.Errorf("%d open bins: at most %d are kept", open, openBins)
	}
	for i := range open {
		r.bin(&s.open[i])
	}
	s.opened = int(open)
	rates := r.bytes()
	memory := r.bytes()
	if r.err != nil {
		return r.err
	}
	if len(rates) > 0 {
		s.rates = &forecast.Rates{}
		if err := s.rates.UnmarshalBinary(rates); err != nil {
			return err
		}
	}
	if err := s.model.UnmarshalBinary(r.b); err != nil {
		return err
	}
	return s.model.UnmarshalMemory(memory)
}

func (b *bin) append(to []byte) []byte {
	to = binary.AppendVarint(to, int64(b.end))
	to = binary.AppendUvarint(to, b.slots)
	to = binary.AppendUvarint(to, uint64(len(b.parts)))
	for _, p := range b.parts {
		to = binary.AppendUvarint(to, p.producer)
		to = appendFloat(to, p.sum)
		to = binary.AppendVarint(to, p.count)
		to = binary.AppendVarint(to, int64(p.last))
		to = binary.AppendUvarint(to, p.seen)
	}
	return to
}

// bin reads into an empty bin.
func (r *reader) bin(b *bin) {
	b.end, b.slots = model.Instant(r.varint()), r.uvarint()
	for range r.uvarint() {
		if r.err != nil {
			break
		}
		b.parts = append(b.parts, part{r.uvarint(), r.float(), r.varint(), model.Instant(r.varint()), r.uvarint()})
	}
}

// reader takes values off a buffer and remembers the first failure.
type reader struct {
	b   []byte
	err error
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	return advance(r, v, n)
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return advance(r, v, n)
}

func advance[T any](r *reader, v T, n int) T {
	if n <= 0 || r.err != nil {
		r.err = errTruncated
		var zero T
		return zero
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) float() float64 {
	if len(r.b) < 8 || r.err != nil {
		r.err = errTruncated
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.b))
	r.b = r.b[8:]
	return v
}

func (r *reader) bytes() []byte {
	v, rest, err := takeBytes(r.b)
	if err != nil || r.err != nil {
		r.err = errTruncated
		return nil
	}
	r.b = rest
	return v
}

func appendFloat(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
}

func appendBytes[T ~string | ~[]byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func takeBytes(b []byte) (v, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, errTruncated
	}
	return b[used : used+int(n)], b[used+int(n):], nil
}
