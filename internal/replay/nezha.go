package replay

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"drover/internal/graph/linker"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/metricscsv"
	"drover/internal/ingest/format/spanscsv"
	"drover/internal/model"
)

// Names of the Nezha fleet, a shop of ten services.
const (
	NezhaFleet    model.FleetID = "nezha"
	NezhaProducer string        = "nezha-replay"
)

// Nezha is the recorded day of the shop: events by the minute that they belong
// to. Where spans of a minute are there its calls are made of them; for the
// other minutes the recorded counts per edge are taken.
type Nezha struct {
	minutes  map[model.Instant][]any
	Services []model.ApplicationID
	// Entries are the requests that came from outside, as the traces count them.
	Entries []NezhaEntry
}

// NezhaEntry are the requests to a service from outside in the minute that ends
// at At.
type NezhaEntry struct {
	Service  model.ApplicationID
	At       model.Instant
	Requests uint64
}

// OpenNezha reads the data set's folder.
func OpenNezha(dir string) (*Nezha, error) {
	n := &Nezha{minutes: map[model.Instant][]any{}}
	traced, err := n.readSpans(filepath.Join(dir, "trace"))
	if err != nil {
		return nil, err
	}
	if err := n.readEdges(dir, traced); err != nil {
		return nil, err
	}
	if err := n.readMetrics(filepath.Join(dir, "metric")); err != nil {
		return nil, err
	}
	if len(n.minutes) == 0 {
		return nil, fmt.Errorf("%s: no events: want the folders metric and trace and a file edges_*.csv", dir)
	}
	return n, nil
}

// add puts an event into the minute that ends at or after it.
func (n *Nezha) add(at model.Instant, event any) {
	end := at.Floor(time.Minute)
	if end < at {
		end = end.Add(time.Minute)
	}
	n.minutes[end] = append(n.minutes[end], event)
}

func (n *Nezha) readMetrics(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*-*_metric.csv"))
	if err != nil {
		return fmt.Errorf("nezha metrics: %w", err)
	}
	slices.Sort(files)
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("nezha metrics: %w", err)
		}
		out := format.NewOut(func(event any) {
			if m, ok := event.(model.Metric); ok {
				n.addMetric(m)
			}
		})
		metricscsv.Parse(data, format.Options{Fleet: NezhaFleet, Producer: NezhaProducer}, out)
		if out.Records == 0 {
			return fmt.Errorf("nezha metrics: %s: no row could be read: %w", path, out.First)
		}
	}
	slices.Sort(n.Services)
	return nil
}

// addMetric takes a pod's measurements as those of its service, which has one
// pod each in this data set.
func (n *Nezha) addMetric(m model.Metric) {
	kind, name, ok := m.Entity.Split()
	if !ok {
		return
	}
	service := model.ApplicationID(name)
	if kind == model.KindReplica {
		if app, _, err := model.ReplicaID(name).Split(); err == nil {
			service = app
		}
	}
	if !slices.Contains(n.Services, service) {
		n.Services = append(n.Services, service)
	}
	m.Entity = model.ApplicationEntity(service)
	n.add(m.At, m)
}

// readSpans links each file's spans into calls and returns the minutes that
// they cover.
func (n *Nezha) readSpans(dir string) (map[model.Instant]int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("nezha spans: %w", err)
	}
	slices.Sort(files)
	traced := map[model.Instant]int{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("nezha spans: %w", err)
		}
		var spans []model.Span
		out := format.NewOut(func(event any) {
			if s, ok := event.(model.Span); ok {
				spans = append(spans, s)
			}
		})
		spanscsv.Parse(data, format.Options{Fleet: NezhaFleet, Producer: NezhaProducer}, out)
		first, last, err := countTraces(spans, traced)
		if err != nil {
			return nil, fmt.Errorf("nezha spans: %s: %w", path, err)
		}
		calls, _ := linker.Parents(spans)
		for _, c := range calls {
			c.At = min(max(c.At, first+1), last.Add(time.Minute)) // some clocks are years off
			n.add(c.At, c)
		}
	}
	return traced, nil
}

// countTraces counts the traces that begin in each minute and returns the first
// and the last of these minutes that are worth the name.
func countTraces(spans []model.Span, traced map[model.Instant]int) (first, last model.Instant, err error) {
	counts, all := map[model.Instant]int{}, 0
	for _, s := range spans {
		if s.ParentID == "" && s.StartMicros > 0 {
			counts[model.Instant(s.StartMicros/1000).Floor(time.Minute)]++
			all++
		}
	}
	for minute, n := range counts {
		traced[minute] += n
		if n*100 < all {
			continue // a clock that is years off
		}
		if first == 0 || minute < first {
			first = minute
		}
		last = max(last, minute)
	}
	if all == 0 {
		return 0, 0, errors.New("no trace could be read")
	}
	return first, last, nil
}

// readEdges takes the recorded calls per edge and minute, but for the rows that
// were made of the traces whose spans are there.
func (n *Nezha) readEdges(dir string, traced map[model.Instant]int) error {
	files, err := filepath.Glob(filepath.Join(dir, "edges_*.csv"))
	if err != nil {
		return fmt.Errorf("nezha edges: %w", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("nezha edges: %w", err)
		}
		rows := csv.NewReader(bytes.NewReader(data))
		for line := 1; ; line++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil && line > 1 {
				err = n.addEdge(row, traced)
			}
			if err != nil {
				return fmt.Errorf("nezha edges: %s: line %d: %w", path, line, err)
			}
		}
	}
	return nil
}

func (n *Nezha) addEdge(row []string, traced map[model.Instant]int) error {
	if len(row) < 7 {
		return fmt.Errorf("%d fields, want minute, caller, callee, calls, mean, p95 and traces", len(row))
	}
	seconds, err := strconv.ParseInt(row[0], 10, 64)
	if err != nil {
		return fmt.Errorf("minute %q: %w", row[0], err)
	}
	minute := model.Instant(seconds * 1000)
	traces, err := strconv.Atoi(row[6])
	if err != nil {
		return fmt.Errorf("traces %q: %w", row[6], err)
	}
	entry := strings.EqualFold(row[1], "ENTRY")
	if n, ok := traced[minute]; ok && n == traces && !entry {
		return nil
	}
	calls, err := strconv.ParseUint(row[3], 10, 64)
	if err != nil {
		return fmt.Errorf("calls %q: %w", row[3], err)
	}
	if entry {
		n.Entries = append(n.Entries, NezhaEntry{model.ApplicationID(row[2]), minute.Add(time.Minute), calls})
		return nil
	}
	mean, err := strconv.ParseFloat(row[4], 64)
	if err != nil {
		return fmt.Errorf("mean %q: %w", row[4], err)
	}
	n.add(minute.Add(time.Minute), model.Call{Fleet: NezhaFleet, Caller: model.ApplicationID(row[1]), Callee: model.ApplicationID(row[2]),
		At: minute.Add(time.Minute), Producer: NezhaProducer, Origin: model.Observed, Calls: calls, DurationMicros: []uint64{uint64(mean)}})
	return nil
}

// First returns the first minute's end.
func (n *Nezha) First() model.Instant { return slices.Min(slices.Collect(maps.Keys(n.minutes))) }

// Last returns the last minute's end.
func (n *Nezha) Last() model.Instant {
	var last model.Instant
	for at := range n.minutes {
		last = max(last, at)
	}
	return last
}

// Each hands all events to fn, minute by minute.
func (n *Nezha) Each(fn func(event any)) {
	for _, at := range slices.Sorted(maps.Keys(n.minutes)) {
		for _, e := range n.minutes[at] {
			fn(e)
		}
	}
}

// Run feeds the day from behind the last heartbeat on.
func (n *Nezha) Run(ctx context.Context, feed Feed, after model.Instant) error {
	ends := slices.Sorted(maps.Keys(n.minutes))
	for i, at := range ends {
		if at <= after {
			continue
		}
		if err := feed.Publish(ctx, n.minutes[at]); err != nil {
			return fmt.Errorf("minute %v: %w", at, err)
		}
		if err := feed.Heartbeat(ctx, at, i == len(ends)-1); err != nil {
			return fmt.Errorf("minute %v: %w", at, err)
		}
	}
	return nil
}

// LastTick returns the last tick that the day completes.
func (n *Nezha) LastTick(interval time.Duration) model.Instant { return n.Last().Floor(interval) }
