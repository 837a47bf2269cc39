package door

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cespare/xxhash/v2"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// result says what became of a request.
type result struct {
	// read and rejected count records; first is the first reason.
	read, rejected int
	first          error
}

// calendarWindow is how far back and ahead occurrences of calendars are taken:
// beyond a year, so that what comes once a year is always in sight.
const calendarWindow = 400 * 24 * time.Hour

// accept reads a body with a parser and publishes its events: all or, where the
// parser fails or the sink does, none. read may fail the whole body; records
// that are refused one by one are counted in the result.
func (s *Server) accept(ctx context.Context, from *sender, read func(opt format.Options, out *format.Out) error) (result, error) {
	now := s.cfg.Now()
	opt := format.Options{Fleet: from.credential.Fleet, Producer: from.credential.Name, At: model.InstantOf(now),
		From: model.InstantOf(now.Add(-calendarWindow)), Until: model.InstantOf(now.Add(calendarWindow))}
	events, out, overLimit, err := from.collect(now, opt, read)
	res := result{read: out.Records, rejected: out.Rejected + overLimit, first: out.First}
	if err != nil {
		return res, err
	}
	if overLimit > 0 && res.first == nil {
		res.first = fmt.Errorf("more than %d series", from.credential.Limits.Series)
	}
	res.read -= overLimit
	if len(events) == 0 {
		return res, nil
	}
	refused, err := s.publish(ctx, events)
	if err != nil {
		return res, &problem{status: http.StatusServiceUnavailable, retry: time.Second, err: fmt.Errorf("not taken, send it again: %w", err)}
	}
	if refused != nil {
		res.rejected++
		if res.first == nil {
			res.first = refused
		}
	}
	return res, nil
}

// mostPoints is how many points a sender's room is kept for.
const mostPoints = 1 << 16

// collect reads a body under the sender's lock and returns its events, samples
// mapped.
func (s *sender) collect(now time.Time, opt format.Options, read func(format.Options, *format.Out) error) (events []any, out *format.Out, overLimit int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	samples := 0
	// What a broken body has put into the mapper must not come out later: points
	// are held back until the whole body has been read.
	points := s.points[:0]
	defer func() {
		clear(points) // they point into the body
		if s.points = points[:0]; cap(points) > mostPoints {
			s.points = nil
		}
	}()
	out = format.NewOut(func(event any) {
		if _, order := event.(model.Control); order && !s.credential.Control {
			out.Records--
			out.Reject(errControl)
			return
		}
		p, ok := event.(*format.Point)
		if !ok {
			if m, ok := event.(model.Metric); ok && !s.admit(now, &m) {
				overLimit++
				return
			}
			events = append(events, event)
			return
		}
		if err := checkLabels(p); err != nil {
			out.Records--
			out.Reject(err)
			return
		}
		samples++
		if s.series.most > 0 {
			if !s.series.admit(now, s.hash(p)) {
				overLimit++
				return
			}
		}
		if s.mapper.Wants(p.Name) {
			points = append(points, *p)
			if p.Series == nil {
				points[len(points)-1].Labels = append(format.Labels(nil), p.Labels...)
			}
		}
	})
	if err := read(opt, out); err != nil {
		var p *problem
		if !errors.As(err, &p) {
			err = &problem{status: http.StatusBadRequest, err: err}
		}
		return nil, out, overLimit, err
	}
	if wait := s.samples.take(now, float64(samples+len(events))); wait > 0 {
		return nil, out, overLimit, &problem{status: http.StatusTooManyRequests, retry: wait,
			err: fmt.Errorf("more than %v samples a second", s.credential.Limits.SamplesPerSecond)}
	}
	for i := range points {
		s.mapper.Add(&points[i])
	}
	if events == nil {
		events = make([]any, 0, s.mapper.Open())
	}
	s.mapper.Flush(false, func(m model.Metric) { events = append(events, m) })
	return events, out, overLimit, nil
}

// errControl refuses orders s producers of measurements.
var errControl = errors.New("this credential may not give orders: set control in the credentials file")

// admit tells whether a record's series may all be sent; known ones always may.
func (s *sender) admit(now time.Time, m *model.Metric) bool {
	if s.series.most == 0 {
		return true
	}
	for i := range m.Samples {
		s.key = append(append(s.key[:0], m.Entity...), 0xff, byte(m.Samples[i].Resource))
		if !s.series.admit(now, xxhash.Sum64(s.key)) {
			return false
		}
	}
	return true
}

// hash tells a point's series from all others.
func (s *sender) hash(p *format.Point) uint64 {
	if p.Series != nil {
		return p.Series.Hash
	}
	s.key = p.AppendIdentity(s.key[:0])
	return xxhash.Sum64(s.key)
}
