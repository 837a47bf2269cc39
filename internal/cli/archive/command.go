// Package archive is `drover archive`: topics to Avro container files and back.
package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/replay"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/stream"
)

// options are flags that the configuration does not have.
type options struct {
	file, output, dir, topics, from, to string
}

// Command returns the command.
func Command() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "archive",
		Short: "Keep topics in Avro container files, and bring them back",
		Long: `Keep what the topics hold in Avro container files, one a partition, for the time
when retention and compaction have dropped it: DIR/TOPIC/PARTITION.avro. A record
is kept as it stands on Kafka (offset, time, key, payload, headers); the files
carry the schemas of the payloads. Any Avro tool reads them.`,
		Example: `  drover archive save --dir ./2026-03-12 --from 2026-03-12 --to 2026-03-13 --brokers kafka:9092
  drover archive load --dir ./2026-03-12 --prefix trial-1. --brokers kafka:9092
  drover replay --archive ./2026-03-12 --into trial-2. --brokers kafka:9092 --redis redis:6379`,
	}
	flags := c.PersistentFlags()
	config.Register(flags, "kafka", "data_dir", "log")
	flags.StringVar(&o.file, "config", os.Getenv("DROVER_CONFIG"), "configuration file (YAML)")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	flags.StringVar(&o.dir, "dir", "", "`directory` of the container files")
	flags.StringVar(&o.topics, "topics", "", "topics without prefix, comma-separated; empty: all")
	save := &cobra.Command{Use: "save", Short: "Write topics into container files", Args: cobra.NoArgs, RunE: o.save}
	save.Flags().StringVar(&o.from, "from", "", "begin at this `time`, or at offsets topic/partition=offset,...; empty: at what is still there")
	save.Flags().StringVar(&o.to, "to", "", "end at this `time`, or at offsets; empty: at what is there now")
	load := &cobra.Command{Use: "load", Short: "Publish container files into topics, which must be empty", Args: cobra.NoArgs, RunE: o.load}
	list := &cobra.Command{Use: "list", Short: "Tell what the container files hold", Args: cobra.NoArgs, RunE: o.list}
	c.AddCommand(save, load, list)
	return c
}

// chosen returns the topics that the flag names, in the order of the table.
func (o *options) chosen() ([]string, error) {
	var out []string
	for _, t := range stream.Topology() {
		if o.topics == "" || slices.Contains(strings.Split(o.topics, ","), t.Name) {
			out = append(out, t.Name)
		}
	}
	if n := len(strings.Split(o.topics, ",")); o.topics != "" && n != len(out) {
		return nil, fmt.Errorf("--topics %q: at least one is no topic; `drover topics describe` lists them", o.topics)
	}
	return out, nil
}

func (o *options) check() error {
	if o.dir == "" {
		return cli.Usage(fmt.Errorf("--dir: want the directory of the container files"))
	}
	if o.output != "table" && o.output != "json" {
		return cli.Usage(fmt.Errorf("--output %q: want table or json", o.output))
	}
	return nil
}

func (o *options) connect(c *cobra.Command) (*stream.Connection, *config.Config, error) {
	conf, err := config.Load(c.Flags(), os.Environ(), o.file)
	if err != nil {
		return nil, nil, cli.Usage(err)
	}
	connection, err := service.Connect(c.Context(), conf, service.NewLogger(conf, c.ErrOrStderr()), nil)
	return connection, conf, err
}

func (o *options) save(c *cobra.Command, _ []string) error {
	if err := o.check(); err != nil {
		return err
	}
	topics, err := o.chosen()
	if err != nil {
		return cli.Usage(err)
	}
	from, err := replay.ParseBound("from", o.from)
	if err != nil {
		return cli.Usage(err)
	}
	to, err := replay.ParseBound("to", o.to)
	if err != nil {
		return cli.Usage(err)
	}
	connection, _, err := o.connect(c)
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for _, topic := range topics {
		n, err := stream.Archive{Dir: o.dir}.Save(c.Context(), connection, from, to, topic)
		if err != nil {
			return fmt.Errorf("save %s: %w", topic, err)
		}
		counts[topic] = n
		fmt.Fprintf(c.ErrOrStderr(), "%s: %d records\n", topic, n)
	}
	return o.say(c.OutOrStdout(), "saved", counts)
}

// say prints how many records there are of each topic.
func (o *options) say(w io.Writer, done string, counts map[string]int64) error {
	var total int64
	for _, n := range counts {
		total += n
	}
	if o.output == "json" {
		return json.NewEncoder(w).Encode(map[string]any{"records": total, "topics": counts})
	}
	for _, topic := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%-14s %d\n", topic, counts[topic])
	}
	_, err := fmt.Fprintf(w, "%s %d records\n", done, total)
	return err
}

func (o *options) load(c *cobra.Command, _ []string) error {
	if err := o.check(); err != nil {
		return err
	}
	topics, err := o.chosen()
	if err != nil {
		return cli.Usage(err)
	}
	connection, conf, err := o.connect(c)
	if err != nil {
		return err
	}
	archive := stream.Archive{Dir: o.dir}
	widths, err := archive.Topics()
	if err != nil {
		return err
	}
	if err := o.create(c.Context(), connection, conf, widths); err != nil {
		return err
	}
	producer, err := stream.NewProducer(connection)
	if err != nil {
		return err
	}
	defer producer.Close()
	counts := map[string]int64{}
	for _, topic := range topics {
		if counts[topic], err = load(c.Context(), connection, producer, archive, topic); err != nil {
			return fmt.Errorf("load %s: %w", topic, err)
		}
	}
	return o.say(c.OutOrStdout(), "loaded", counts)
}

// create makes the topics with as many partitions as the archive has, and refuses
// those that hold something.
func (o *options) create(ctx context.Context, connection *stream.Connection, conf *config.Config, widths map[string]int32) error {
	admin, err := stream.NewAdmin(connection)
	if err != nil {
		return err
	}
	defer admin.Close()
	plan := stream.Plan{Partitions: stream.Partitions{ByKey: int32(conf.Kafka.ByKey), ByFleet: int32(conf.Kafka.ByFleet)}, Replicas: int16(max(0, conf.Kafka.Replication))}
	if n := widths[stream.Metrics]; n > 0 {
		plan.Partitions.ByKey = n
	}
	if n := widths[stream.Control]; n > 0 {
		plan.Partitions.ByFleet = n
	}
	if _, err := admin.Apply(ctx, plan); err != nil {
		return err
	}
	held, err := admin.Held(ctx, slices.Sorted(maps.Keys(widths))...)
	if err != nil {
		return err
	}
	if held > 0 {
		return fmt.Errorf("the topics under %q hold %d records already: load into a prefix of its own", conf.Kafka.Prefix, held)
	}
	return nil
}

func load(ctx context.Context, connection *stream.Connection, producer *stream.Producer, archive stream.Archive, topic string) (n int64, err error) {
	const atOnce = 5000
	var batch []stream.Raw
	register := func(topic, text string) (uint32, error) { return connection.Codec().Register(ctx, topic, text) }
	err = archive.Read(topic, register, func(r stream.Raw) error {
		batch = append(batch, r)
		n++
		if len(batch) < atOnce {
			return nil
		}
		err := producer.PublishRaw(ctx, batch)
		batch = batch[:0]
		return err
	})
	if err == nil {
		err = producer.PublishRaw(ctx, batch)
	}
	return n, err
}

func (o *options) list(c *cobra.Command, _ []string) error {
	if err := o.check(); err != nil {
		return err
	}
	archive := stream.Archive{Dir: o.dir}
	widths, err := archive.Topics()
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for topic := range widths {
		err := archive.Read(topic, nil, func(stream.Raw) error { counts[topic]++; return nil })
		if err != nil {
			return err
		}
	}
	return o.say(c.OutOrStdout(), "there are", counts)
}
