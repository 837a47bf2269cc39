package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/codec"
	"drover/internal/config"
	"drover/internal/model"
	"drover/internal/pipeline/recorded"
	"drover/internal/pipeline/trial"
	"drover/internal/stream"
)

type topicsFlags struct {
	recordedFlags
	fleet, archive, file string
}

func topicsCommand() *cobra.Command {
	var f topicsFlags
	c := &cobra.Command{
		Use:   "topics",
		Short: "Play policies on what the topics of a deployment have recorded",
		Long: `Play policies on what a deployment has recorded: what would other policies have
made of the same load? Loads, calls, servers, applications, calendar and
maintenance are read from the topics and live again as a simulated fleet. Where
load runs is decided by the policy, by the same stages as live, and a judge who
knows the true load counts minutes with broken promises, energy and moves.

Records come from Kafka (--brokers, --prefix), from a directory of 'drover
archive save' (--archive) or from a run of 'drover up --data' that has ended
(--data). What was recorded before --from is history to forecast from; without it
the first heartbeat counts, before which a fleet sends only history.

Policies: drover; static (never moves); threshold (moves what is on servers above
80 %, empties the least used); recorded (the moves that the deployment made, as
they were made); oracle (drover with the true load as forecast).`,
		Example: `  drover backtest topics --brokers kafka:9092 --fleet shop --from 2026-03-12 --to 2026-03-13
  drover backtest topics --archive ./2026-03-12 --report day.html
  drover up --data ./state --exit-after 5m && drover backtest topics --data ./state`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd)
		},
	}
	config.Register(c.Flags(), "kafka", "data_dir", "log")
	c.Flags().StringVar(&f.file, "config", os.Getenv("DROVER_CONFIG"), "configuration file (YAML)")
	c.Flags().StringVar(&f.archive, "archive", "", "read the records from this `directory` of 'drover archive save'")
	c.Flags().StringVar(&f.fleet, "fleet", "", "`name` of the fleet; empty: the only one")
	f.register(c, "the first heartbeat", "drover", "threshold", "static", trial.AsRecorded, "oracle")
	return c
}

func (f *topicsFlags) run(cmd *cobra.Command) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Fleet = model.FleetID(f.fleet)
	conf, err := config.Load(cmd.Flags(), os.Environ(), f.file)
	if err != nil {
		return cli.Usage(err)
	}
	reader := &topicReader{record: recorded.NewRecord()}
	source, err := reader.read(cmd.Context(), conf, f.archive, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if reader.unreadable > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d records can't be read and are left out; the first: %v\n",
			reader.unreadable, reader.first)
	}
	return playRecord(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), source, reader.record, o,
		&f.recordedFlags)
}

// played are the topics that a backtest reads.
func played() []string {
	return []string{stream.Metrics, stream.Calls, stream.Servers, stream.Applications, stream.Calendar, stream.Maintenance,
		stream.Scenarios, stream.Plans, stream.Steps, stream.Outcomes}
}

// topicReader folds records into a record of fleets.
type topicReader struct {
	record     *recorded.Record
	unreadable int64
	first      error
	seen       map[string]struct{} // ids of what was done, which repeats carry again
}

// read reads from the one place that is named, and says which it is.
func (t *topicReader) read(ctx context.Context, conf *config.Config, archive string, stderr io.Writer) (string, error) {
	brokers := len(conf.Kafka.Brokers) > 0
	switch {
	case archive != "" && !brokers && conf.Data == "":
		return archive, t.fromArchive(ctx, archive)
	case archive == "" && brokers:
		return conf.Kafka.Prefix + "*", t.fromTopics(ctx, conf, stderr)
	case archive == "" && conf.Data != "":
		return conf.Data, t.fromEmbedded(ctx, conf, stderr)
	}
	return "", cli.Usage(errPlaces)
}

// fromEmbedded reads the log of a `drover up --data` that has ended.
func (t *topicReader) fromEmbedded(ctx context.Context, conf *config.Config, stderr io.Writer) error {
	dir := filepath.Join(conf.Data, "broker")
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("--data %s: there is no log of 'drover up --data' in it: %w", conf.Data, err)
	}
	broker, err := stream.StartEmbedded(dir)
	if err != nil {
		return fmt.Errorf("--data %s: %w", conf.Data, err)
	}
	defer broker.Close()
	here := *conf
	here.Kafka.Brokers = broker.Brokers()
	return t.fromTopics(ctx, &here, stderr)
}

func (t *topicReader) fromTopics(ctx context.Context, conf *config.Config, stderr io.Writer) error {
	connection, err := service.Connect(ctx, conf, service.NewLogger(conf, stderr), nil)
	if err != nil {
		return err
	}
	for _, topic := range played() {
		if err := connection.ReadAll(ctx, t.take, topic); err != nil {
			return fmt.Errorf("%s%s: %w", conf.Kafka.Prefix, topic, err)
		}
	}
	return nil
}

// take adds one record. Tombstones say that something is gone; what it was is
// known from before.
func (t *topicReader) take(e stream.Entry) error {
	switch {
	case e.Value == nil:
	case e.Err != nil:
		t.refuse(fmt.Errorf("%s/%d at offset %d: %w", e.Topic, e.Partition, e.Offset, e.Err))
	case t.repeated(e):
	default:
		t.record.Add(e.Event)
	}
	return nil
}

func (t *topicReader) refuse(err error) {
	if t.unreadable++; t.first == nil {
		t.first = err
	}
}

// repeated tells whether a call or something done was seen under the same id in
// the same partition: it must not count twice.
func (t *topicReader) repeated(e stream.Entry) bool {
	switch e.Event.(type) {
	case model.Call, model.Plan, model.Step, model.Outcome:
	default:
		return false
	}
	id := e.ID()
	if id == "" {
		return false
	}
	if t.seen == nil {
		t.seen = map[string]struct{}{}
	}
	id = fmt.Sprintf("%s/%d/%s", e.Topic, e.Partition, id)
	_, again := t.seen[id]
	t.seen[id] = struct{}{}
	return again
}

// fromArchive reads container files, which carry their schemas.
func (t *topicReader) fromArchive(ctx context.Context, dir string) error {
	archive := stream.Archive{Dir: dir}
	held, err := archive.Topics()
	if err != nil {
		return err
	}
	if held[stream.Metrics] == 0 {
		return fmt.Errorf("archive: %s holds no %s, which the load is in: save that topic too", dir, stream.Metrics)
	}
	registry, err := stream.OpenFileRegistry("", "")
	if err != nil {
		return err
	}
	words, err := codec.New(ctx, registry)
	if err != nil {
		return err
	}
	register := func(topic, text string) (uint32, error) { return words.Register(ctx, topic, text) }
	for _, topic := range played() {
		err := archive.Read(topic, register, func(r stream.Raw) error {
			return errors.Join(ctx.Err(), t.take(stream.EntryOf(words, r)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
