package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// topicFlags are the flags of a replay of recorded topics.
type topicFlags struct {
	from, to, into, archive, speed string
}

func (f *topicFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "from", "", "begin at this `time`, or at offsets topic/partition=offset,...; empty: at what is still there")
	c.Flags().StringVar(&f.to, "to", "", "end at this `time`, or at offsets; empty: at what is there now")
	c.Flags().StringVar(&f.into, "into", "", "`prefix` of the topics and the store that the replay fills; nothing else may use it")
	c.Flags().StringVar(&f.archive, "archive", "", "read the records from this `directory` of 'drover archive save' instead of topics")
	c.Flags().StringVar(&f.speed, "speed", "max", "how much faster than recorded, such as 60x; max: as fast as it goes")
}

// ParseBound reads a time or a list of offsets.
func ParseBound(flag, text string) (stream.Bound, error) {
	var b stream.Bound
	if text == "" {
		return b, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return stream.Bound{Time: t}, nil
		}
	}
	b.Offsets = map[string]map[int32]int64{}
	for _, item := range strings.Split(text, ",") {
		place, number, ok := strings.Cut(strings.TrimSpace(item), "=")
		topic, part, slash := strings.Cut(place, "/")
		partition, err1 := strconv.ParseInt(part, 10, 32)
		offset, err2 := strconv.ParseInt(number, 10, 64)
		if !ok || !slash || err1 != nil || err2 != nil || partition < 0 || offset < 0 {
			return b, fmt.Errorf("--%s %q: want a time such as 2026-03-12T09:00:00Z, or offsets such as metrics/0=1200,metrics/1=1187", flag, item)
		}
		if _, err := stream.TopicNamed(topic); err != nil {
			return b, fmt.Errorf("--%s %q: %w", flag, item, err)
		}
		if b.Offsets[topic] == nil {
			b.Offsets[topic] = map[int32]int64{}
		}
		b.Offsets[topic][int32(partition)] = offset
	}
	return b, nil
}

func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
	if err != nil || !(v > 0) {
		return 0, fmt.Errorf("--speed %q: want max or a number above zero such as 60x", s)
	}
	return v, nil
}

// topicResult is what a replay of topics tells.
type topicResult struct {
	Into     string        `json:"into"`
	Records  int64         `json:"records"`
	LastTick model.Instant `json:"last_tick"`
	Seconds  float64       `json:"seconds"`
}

// topicReplay runs recorded topics again.
type topicReplay struct {
	shared     shared
	flags      topicFlags
	from, to   stream.Bound
	speed      float64
	conf       *config.Config
	began      time.Time
	first      time.Time // of the first record, for the speed
	records    int64
	watermarks map[string]map[int32]*stage.Watermark
}

func (t *topicReplay) load(c *cobra.Command) error {
	if t.flags.into == "" {
		return cli.Usage(errors.New("--into: want a prefix of its own for what the replay writes, such as trial-1"))
	}
	var err error
	if t.from, err = ParseBound("from", t.flags.from); err == nil {
		if t.to, err = ParseBound("to", t.flags.to); err == nil {
			t.speed, err = parseSpeed(t.flags.speed)
		}
	}
	if err != nil {
		return cli.Usage(err)
	}
	if t.conf, err = config.Load(c.Flags(), os.Environ(), t.shared.file); err != nil {
		return cli.Usage(err)
	}
	if t.conf.Kafka.Prefix == t.flags.into {
		return cli.Usage(fmt.Errorf("--into %q is what is replayed: give a prefix of its own", t.flags.into))
	}
	t.watermarks = map[string]map[int32]*stage.Watermark{}
	return nil
}

// run copies the recorded inputs and runs the stages on them until all have said
// what they have to say.
func (t *topicReplay) run(ctx context.Context, w io.Writer) error {
	t.began = time.Now()
	log := service.NewLogger(t.conf, os.Stderr)
	source, err := service.Open(ctx, t.conf, log)
	if err != nil {
		return err
	}
	defer source.Close()
	into := *t.conf
	into.Kafka.Prefix = t.flags.into
	target, err := service.Open(ctx, &into, log)
	if err != nil {
		return err
	}
	defer target.Close()
	if err := t.prepare(ctx, source, target); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	if t.shared.stages == "all" {
		stages, err := service.Stages(&into, service.Version())
		if err != nil {
			return err
		}
		for _, s := range stages.Stages() {
			group.Go(func() {
				if err := target.RunStage(ctx, s); err != nil {
					cancel(fmt.Errorf("%s: %w", s.Name, err))
				}
			})
		}
	}
	err = t.copy(ctx, source, target)
	if err == nil {
		err = t.await(ctx, target, &into)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	cancel(nil)
	group.Wait()
	if err != nil {
		return fmt.Errorf("replay into %s: %w", t.flags.into, err)
	}
	return t.write(w)
}

// prepare makes the topics, with as many partitions as the recorded ones have:
// what a stage sees depends on them.
func (t *topicReplay) prepare(ctx context.Context, source, target *service.Runtime) error {
	var widths map[string]int32
	var err error
	if t.flags.archive != "" {
		widths, err = stream.Archive{Dir: t.flags.archive}.Topics()
	} else {
		var admin *stream.Admin
		if admin, err = stream.NewAdmin(source.Connection); err != nil {
			return err
		}
		defer admin.Close()
		widths, err = admin.Widths(ctx)
	}
	if err != nil {
		return err
	}
	if n := widths[stream.Metrics]; n > 0 {
		target.Config.Kafka.ByKey = int(n)
	}
	if n := widths[stream.Control]; n > 0 {
		target.Config.Kafka.ByFleet = int(n)
	}
	if err := target.Apply(ctx); err != nil {
		return err
	}
	fresh, err := stream.NewAdmin(target.Connection)
	if err != nil {
		return err
	}
	defer fresh.Close()
	held, err := fresh.Held(ctx, ingest.Fed()...)
	if err == nil && held > 0 {
		err = fmt.Errorf("the topics under %q hold %d records already: choose another prefix", t.flags.into, held)
	}
	return err
}

// atOnce is how many records are sent together.
const atOnce = 5000

// copy sends the recorded inputs: what states the present from its beginning,
// the rest from where the replay begins.
func (t *topicReplay) copy(ctx context.Context, source, target *service.Runtime) error {
	producer, err := stream.NewProducer(target.Connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	for _, topic := range ingest.Fed() {
		var batch []stream.Raw
		take := func(r stream.Raw) error {
			t.note(target.Connection, r)
			batch = append(batch, r)
			if len(batch) < atOnce && t.speed == 0 {
				return nil
			}
			if err := t.pace(ctx, r.Time); err != nil {
				return err
			}
			err := producer.PublishRaw(ctx, batch)
			batch = batch[:0]
			return err
		}
		if t.flags.archive != "" {
			err = t.fromArchive(ctx, target.Connection, topic, take)
		} else {
			from := t.from
			if row, err := stream.TopicNamed(topic); err == nil && row.Compacted {
				from = stream.Bound{}
			}
			err = source.Connection.ReadRange(ctx, from, t.to, take, topic)
		}
		if err == nil {
			err = producer.PublishRaw(ctx, batch)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	return nil
}

// fromArchive reads a topic of an archive within the bounds.
func (t *topicReplay) fromArchive(ctx context.Context, c *stream.Connection, topic string, take func(stream.Raw) error) error {
	row, err := stream.TopicNamed(topic)
	if err != nil {
		return err
	}
	register := func(topic, text string) (uint32, error) { return c.Codec().Register(ctx, topic, text) }
	return stream.Archive{Dir: t.flags.archive}.Read(topic, register, func(r stream.Raw) error {
		if t.from.Before(r) && !row.Compacted || t.to.Given(r) && !t.to.Before(r) {
			return nil
		}
		return take(r)
	})
}

// pace waits until a record is due.
func (t *topicReplay) pace(ctx context.Context, at time.Time) error {
	if t.speed == 0 {
		return ctx.Err()
	}
	if t.first.IsZero() || at.Before(t.first) {
		t.first = at
	}
	due := t.began.Add(time.Duration(float64(at.Sub(t.first)) / t.speed))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(due)):
		return nil
	}
}

// note follows event time in the records that are sent.
func (t *topicReplay) note(c *stream.Connection, r stream.Raw) {
	t.records++
	h, ok := c.Entry(r).Event.(model.Heartbeat)
	if !ok {
		return
	}
	if t.watermarks[r.Topic] == nil {
		t.watermarks[r.Topic] = map[int32]*stage.Watermark{}
	}
	w := t.watermarks[r.Topic][r.Partition]
	if w == nil {
		w = &stage.Watermark{SilentAfter: t.conf.SilentAfter}
		t.watermarks[r.Topic][r.Partition] = w
	}
	w.Fold(h)
}

// lastTick returns the last tick that is complete in everything that was sent.
func (t *topicReplay) lastTick() (model.Instant, error) {
	least := model.Instant(0)
	for topic, parts := range t.watermarks {
		for n, w := range parts {
			at, ok := w.At()
			if !ok {
				return 0, fmt.Errorf("no heartbeat in %s/%d: nothing says how far it is complete", topic, n)
			}
			if least == 0 || at < least {
				least = at
			}
		}
	}
	if least == 0 {
		return 0, errors.New("there is no heartbeat in what was replayed: nothing is complete, and nothing is decided")
	}
	return least.Floor(t.conf.Interval), nil
}

// await waits until the planner has marked the last tick in every fleet partition
// and the executor has come as far.
func (t *topicReplay) await(ctx context.Context, target *service.Runtime, into *config.Config) error {
	last, err := t.lastTick()
	if err != nil || t.shared.stages == "none" {
		return err
	}
	open := map[string]bool{}
	for n := range into.Kafka.ByFleet {
		open[fmt.Sprint(stream.Plans, n)], open[fmt.Sprint(stream.Outcomes, n)] = true, true
	}
	return ended(target.Connection.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		if m, ok := e.Event.(model.Marker); ok && m.At >= last {
			delete(open, fmt.Sprint(e.Topic, e.Partition))
		}
		if len(open) == 0 {
			return errDone
		}
		return nil
	}, stream.Plans, stream.Outcomes))
}

// ended turns the end that was waited for into none.
func ended(err error) error {
	if errors.Is(err, errDone) {
		return nil
	}
	if err == nil {
		return context.Canceled // before it came
	}
	return err
}

func (t *topicReplay) write(w io.Writer) error {
	last, err := t.lastTick()
	if err != nil {
		return err
	}
	r := topicResult{t.flags.into, t.records, last, time.Since(t.began).Seconds()}
	if t.shared.output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	_, err = fmt.Fprintf(w, "%d records replayed into %s, decided up to %v, %.1f s\ncompare: drover diff %s %s\n",
		r.Records, r.Into, r.LastTick, r.Seconds, t.conf.Kafka.Prefix, r.Into)
	return err
}
