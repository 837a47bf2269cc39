package stream

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/stage"
)

const (
	// slabBytes is what a slab holds when it is made: some forecasts.
	slabBytes = 64 << 10
	// slabKept is the greatest slab that is used again: one huge record should not
	// be remembered for ever.
	slabKept = 256 << 10
)

// slab is memory for what records under way point to: their values, keys and
// numbers. It is used again once all of them have been acknowledged, so that a
// tick with much to say leaves little to collect.
type slab struct {
	buf []byte
	// left is how many of its records are not acknowledged yet, and one while a part
	// fills it.
	left   atomic.Int32
	failed atomic.Bool // of a record that failed the client may still hold something
	pool   *sync.Pool
	told   kgoPromise // of the loop
	ended  kgoPromise // acknowledged, made once
}

type kgoPromise = func(*kgo.Record, error)

// newSlab returns an empty slab; told hears of its records' ends.
func newSlab(pool *sync.Pool, told kgoPromise) *slab {
	s, ok := pool.Get().(*slab)
	if !ok {
		s = &slab{buf: make([]byte, 0, slabBytes), pool: pool, told: told}
		s.ended = s.acknowledged
	}
	s.buf = s.buf[:0]
	s.left.Store(1)
	return s
}

func (s *slab) acknowledged(r *kgo.Record, err error) {
	if err != nil {
		s.failed.Store(true)
	}
	s.told(r, err)
	s.release()
}

func (s *slab) release() {
	if s.left.Add(-1) == 0 && !s.failed.Load() && cap(s.buf) <= slabKept {
		s.pool.Put(s)
	}
}

// outbox is what a part has made and not sent yet.
type outbox struct {
	records []*kgo.Record
	full    []filled // slabs that came before the one being filled
	slab    *slab    // being filled; nil: none
	largest int      // bytes of the largest record so far, a quarter of a slab at most
	counted int      // of records, in the figures
	// Records and headers are taken from pieces.
	spare   []kgo.Record
	headers []kgo.RecordHeader
}

// filled is a slab with where in the outbox its records end.
type filled struct {
	slab *slab
	end  int
}

// room returns a slab that has room for a record as large as any before.
func (o *outbox) room(pool *sync.Pool, told kgoPromise) *slab {
	if o.slab != nil && cap(o.slab.buf)-len(o.slab.buf) < o.largest {
		o.full = append(o.full, filled{o.slab, len(o.records)})
		o.slab = nil
	}
	if o.slab == nil {
		o.slab = newSlab(pool, told)
	}
	return o.slab
}

// add appends a record that lies in a piece of its own.
func (o *outbox) add(r kgo.Record) {
	if len(o.spare) == 0 {
		o.spare = make([]kgo.Record, 32)
	}
	o.spare[0] = r
	o.records, o.spare = append(o.records, &o.spare[0]), o.spare[1:]
}

// take hands every record to send with what has to hear of its end, and is empty
// after that.
func (o *outbox) take(told kgoPromise, send func(*kgo.Record, kgoPromise)) {
	full := o.full
	for i, r := range o.records {
		for len(full) > 0 && i >= full[0].end {
			full[0].slab.release()
			full = full[1:]
		}
		s := o.slab
		if len(full) > 0 {
			s = full[0].slab
		}
		if s == nil { // a dead letter that came first
			send(r, told)
			continue
		}
		s.left.Add(1)
		send(r, s.ended)
	}
	for _, f := range full {
		f.slab.release()
	}
	clear(o.records)
	o.records, o.full, o.counted = o.records[:0], o.full[:0], 0
}

// records appends the records of the i-th emission of an input record.
func (p *part) records(e *stage.Emission, ids *issuer, i int) error {
	l := p.loop
	s := p.out.room(&l.slabs, l.acknowledged)
	start := len(s.buf)
	buf, err := l.conn.append(s.buf, e)
	if err != nil {
		return err
	}
	first, last := e.Partition, e.Partition
	if e.Partition == stage.EveryPartition {
		n, err := l.width(e.Topic)
		if err != nil {
			return err
		}
		first, last = 0, n-1
	}
	name := l.names[e.Topic]
	if name == "" {
		name = l.conn.Name(e.Topic)
	}
	end := len(buf)
	value := buf[start:end:end]
	buf = appendKey(buf, e.Fleet, e.Key, e.Event)
	key := buf[end:len(buf):len(buf)]
	end = len(buf)
	buf = strconv.AppendInt(buf, int64(i), 10)
	headers := p.out.headersOf(ids, buf[end:len(buf):len(buf)], int64(i), e.Trace)
	s.buf = buf
	p.out.largest = max(p.out.largest, min(len(buf)-start, slabBytes/4))
	for partition := first; partition <= last; partition++ {
		p.out.add(kgo.Record{Topic: name, Partition: partition, Key: key, Value: value, Headers: headers})
	}
	return nil
}

// headersOf returns the headers of the record at a place, from a piece.
func (o *outbox) headersOf(ids *issuer, index []byte, i int64, from string) []kgo.RecordHeader {
	if cap(o.headers)-len(o.headers) < mostHeaders {
		o.headers = make([]kgo.RecordHeader, 0, 32*mostHeaders)
	}
	start := len(o.headers)
	o.headers = ids.appendHeaders(o.headers, index, i, from)
	return o.headers[start:len(o.headers):len(o.headers)]
}
