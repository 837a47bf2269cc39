package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
)

// Sink takes events and returns once they are safe.
type Sink interface {
	Publish(ctx context.Context, events []any) error
}

// Config says how feeds are fetched. Sink is needed, the rest has defaults.
type Config struct {
	Sink   Sink
	Fleet  model.FleetID
	Rules  *mapping.Rules // nil: the shipped ones
	Client *http.Client   // nil: one with a time-out of 30 seconds
	// MaxBytes bounds one answer. Default 32 MiB.
	MaxBytes int64
	Now      func() time.Time
	Logger   *slog.Logger
}

// Poller fetches feeds.
type Poller struct {
	cfg   Config
	feeds []*feed
}

// Status is how a feed is doing.
type Status struct {
	URL string `json:"url"`
	// LastGood is when it was last read whole, or confirmed unchanged; what it
	// said then is still in force.
	LastGood time.Time `json:"last_good"`
	Failures int       `json:"failures"` // in a row
	Error    string    `json:"error,omitempty"`
	Events   int       `json:"events"` // of the last good answer
}

// New returns a poller of the targets; nothing is fetched yet.
func New(cfg Config, targets []Target) (*Poller, error) {
	if cfg.Sink == nil {
		return nil, errors.New("pull: Config.Sink is needed")
	}
	if cfg.Rules == nil {
		rules, err := mapping.Shipped()
		if err != nil {
			return nil, err
		}
		cfg.Rules = rules
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 32 << 20
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Poller{cfg: cfg}
	for _, t := range targets {
		p.feeds = append(p.feeds, &feed{target: t, status: Status{URL: t.URL}})
	}
	return p, nil
}

// Run polls all feeds until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, f := range p.feeds {
		group.Go(func() {
			timer := time.NewTimer(0)
			defer timer.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				if err := p.poll(ctx, f); err != nil && ctx.Err() == nil {
					p.cfg.Logger.Warn("feed", "url", f.target.URL, "error", err)
				}
				timer.Reset(f.wait())
			}
		})
	}
	group.Wait()
	return nil
}

// Status returns how the feeds are doing, in the order of the targets.
func (p *Poller) Status() []Status {
	list := make([]Status, len(p.feeds))
	for i, f := range p.feeds {
		f.mu.Lock()
		list[i] = f.status
		f.mu.Unlock()
	}
	return list
}

// feed is one target with what is known of it.
type feed struct {
	target Target

	mu             sync.Mutex
	status         Status
	etag, modified string
	// listed are the calendar events of the last answer that was taken, by id;
	// next are those of the answer at hand.
	listed, next map[string]model.CalendarEvent
}

// calendarWindow is how far back and ahead occurrences of calendars are taken:
// beyond a year, so that what comes once a year is always in sight.
const calendarWindow = 400 * 24 * time.Hour

// longestWait is the longest time between two tries of a feed that fails.
const longestWait = time.Hour

// wait returns how long to wait until the next poll: the interval, doubled for
// each failure in a row.
func (f *feed) wait() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait := f.target.Every
	for range min(f.status.Failures, 20) {
		wait = min(2*wait, max(longestWait, f.target.Every))
	}
	return wait
}

// poll fetches a feed once and publishes what it says.
func (p *Poller) poll(ctx context.Context, f *feed) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := p.cfg.Now()
	events, err := p.fetch(ctx, f, now)
	if err == nil && len(events) > 0 {
		err = p.cfg.Sink.Publish(ctx, events)
	}
	if err != nil {
		f.status.Failures++
		f.status.Error = err.Error()
		f.etag, f.modified = "", "" // what was not taken must be fetched again
		return err
	}
	if f.next != nil {
		f.listed, f.next = f.next, nil
	}
	f.status.Failures, f.status.Error, f.status.LastGood = 0, "", now
	return nil
}

// fetch returns the events of a feed, none where it is unchanged.
func (p *Poller) fetch(ctx context.Context, f *feed, now time.Time) ([]any, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.target.URL, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"If-None-Match": f.etag, "If-Modified-Since": f.modified} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if f.target.Token != "" {
		request.Header.Set("Authorization", "Bearer "+f.target.Token)
	}
	response, err := p.cfg.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusNotModified {
		return nil, nil
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, p.cfg.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > p.cfg.MaxBytes {
		return nil, fmt.Errorf("an answer of more than %d bytes", p.cfg.MaxBytes)
	}
	events, err := p.read(f, body, now)
	if err != nil {
		return nil, err
	}
	f.etag, f.modified = response.Header.Get("ETag"), response.Header.Get("Last-Modified")
	return events, nil
}

// read parses an answer. One that can't be read whole is a failure: nothing of
// it counts, so that half a calendar cancels nothing.
func (p *Poller) read(f *feed, body []byte, now time.Time) ([]any, error) {
	parse, err := catalog.Find(f.target.Format)
	if err != nil {
		return nil, err
	}
	opt := format.Options{Fleet: p.cfg.Fleet, Producer: f.target.URL, At: model.InstantOf(now),
		From: model.InstantOf(now.Add(-calendarWindow)), Until: model.InstantOf(now.Add(calendarWindow))}
	mapper := mapping.NewMapper(p.cfg.Rules, opt)
	instance := ""
	if u, err := url.Parse(f.target.URL); err == nil {
		instance = u.Host
	}
	var events []any
	out := format.NewOut(func(event any) {
		if point, ok := event.(*format.Point); ok {
			f.target.label(point, instance)
			mapper.Add(point)
			return
		}
		events = append(events, event)
	})
	parse(body, opt, out)
	if !out.OK() && (out.Records == 0 || !f.target.metrics()) {
		return nil, fmt.Errorf("%d records refused: %w", out.Rejected, out.First)
	}
	mapper.Flush(true, func(m model.Metric) { events = append(events, m) })
	f.status.Events = len(events)
	return append(events, f.gone(events, opt.From)...), nil
}

// label adds the target's labels to a sample that has none of the name.
func (t *Target) label(p *format.Point, instance string) {
	add := func(name, value string) {
		if p.Labels.Get(name) == "" {
			p.Labels = append(p.Labels, format.Label{Name: name, Value: value})
		}
	}
	for name, value := range t.Labels {
		add(name, value)
	}
	add("instance", instance)
	p.Labels.Sort()
}

// gone returns the calendar events that were listed before and are no more, as
// cancelled, in the order of their ids.
func (f *feed) gone(events []any, from model.Instant) []any {
	now := map[string]model.CalendarEvent{}
	for _, e := range events {
		if c, ok := e.(model.CalendarEvent); ok {
			now[c.ID] = c
		}
	}
	var cancelled []any
	for _, id := range sortedKeys(f.listed) {
		if _, still := now[id]; !still {
			c := f.listed[id]
			if c.End <= from {
				continue // it has left the window by itself
			}
			c.Cancelled = true
			cancelled = append(cancelled, c)
		}
	}
	f.next = now
	return cancelled
}

func sortedKeys(m map[string]model.CalendarEvent) []string {
	return slices.Sorted(maps.Keys(m))
}
