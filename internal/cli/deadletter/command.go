// Package deadletter is `drover deadletter`: look at the records that were
// refused, send them again, or drop them.
package deadletter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/model"
	"drover/internal/stream"
)

// options are flags that the configuration does not have.
type options struct {
	file    string
	output  string
	comment string
	class   string
	topic   string
	fleet   string
	all     bool
}

// Command returns the command.
func Command() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "deadletter",
		Short: "List, show, replay and drop records that were refused",
		Long: `Records that can't be read, or are not acceptable, go whole to the dead letters
with the reason, and the stream goes on. A letter's id is where the record
stood: topic/partition/offset.`,
	}
	flags := c.PersistentFlags()
	config.Register(flags, "kafka", "data_dir", "log")
	flags.StringVar(&o.file, "config", "", "configuration file (YAML)")
	flags.StringVarP(&o.output, "output", "o", "table", "table, wide or json")
	flags.StringVar(&o.class, "class", "", "only letters of this class: decode, schema, value, partition, ...")
	flags.StringVar(&o.topic, "topic", "", "only letters of this topic (without prefix)")
	flags.StringVar(&o.fleet, "fleet-name", "", "only letters of this fleet")
	list := &cobra.Command{Use: "list", Short: "List the letters", Args: cobra.NoArgs, RunE: o.list}
	show := &cobra.Command{Use: "show ID", Short: "Print one letter as JSON, whole", Args: cobra.ExactArgs(1), RunE: o.show}
	replay := &cobra.Command{Use: "replay [ID...]", Short: "Send records to their topics again, each where its key belongs", RunE: o.replay}
	drop := &cobra.Command{Use: "drop [ID...]", Short: "Take letters off the list", RunE: o.drop}
	for _, many := range []*cobra.Command{replay, drop} {
		many.Flags().BoolVar(&o.all, "all", false, "all letters that the filters leave")
		many.Flags().StringVarP(&o.comment, "comment", "m", "", "why; it goes into the audit log")
	}
	c.AddCommand(list, show, replay, drop)
	return c
}

// open connects and returns the letters that the filters leave.
func (o *options) open(c *cobra.Command) (*stream.Connection, []stream.Letter, error) {
	if o.output != "table" && o.output != "wide" && o.output != "json" {
		return nil, nil, cli.Usage(fmt.Errorf("--output %q: want table, wide or json", o.output))
	}
	conf, err := config.Load(c.Flags(), os.Environ(), o.file)
	if err != nil {
		return nil, nil, err
	}
	connection, err := service.Connect(c.Context(), conf, service.NewLogger(conf, c.ErrOrStderr()), nil)
	if err != nil {
		return nil, nil, err
	}
	letters, err := connection.Letters(c.Context())
	if err != nil {
		return nil, nil, fmt.Errorf("%w; are --brokers right? `drover doctor` looks, and `drover get deadletters` asks a running console instead", err)
	}
	var kept []stream.Letter
	for _, l := range letters {
		if matches(o.class, l.Letter.Class) && matches(o.topic, l.Letter.Topic) && matches(o.fleet, string(l.Fleet)) {
			kept = append(kept, l)
		}
	}
	return connection, kept, nil
}

func matches(want, have string) bool { return want == "" || want == have }

// line is a letter as `list -o json` prints it, without the record itself.
type line struct {
	ID      string `json:"id"`
	Fleet   string `json:"fleet"`
	Time    string `json:"time"`
	Stage   string `json:"stage"`
	Class   string `json:"class"`
	Message string `json:"message"`
	Bytes   int    `json:"bytes"`
}

func (o *options) list(c *cobra.Command, _ []string) error {
	_, letters, err := o.open(c)
	if err != nil {
		return err
	}
	lines := make([]line, 0, len(letters))
	for _, l := range letters {
		lines = append(lines, line{l.ID, string(l.Fleet), l.Time.UTC().Format(time.RFC3339), l.Letter.Stage, l.Letter.Class, l.Letter.Message, len(l.Letter.Value)})
	}
	if o.output == "json" {
		return json.NewEncoder(c.OutOrStdout()).Encode(lines)
	}
	return writeLines(c.OutOrStdout(), lines, o.output == "wide")
}

// writeLines writes a table; narrow, it fits 80 columns.
func writeLines(out io.Writer, lines []line, wide bool) error {
	if len(lines) == 0 {
		_, err := fmt.Fprintln(out, "no dead letters")
		return err
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 4, 2, ' ', 0)
	if wide {
		fmt.Fprintln(w, "ID\tFLEET\tTIME\tSTAGE\tBYTES\tCLASS\tMESSAGE")
	} else {
		fmt.Fprintln(w, "ID\tFLEET\tTIME\tCLASS\tMESSAGE")
	}
	for _, l := range lines {
		if wide {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", l.ID, cli.Clean(l.Fleet), l.Time, l.Stage, l.Bytes, l.Class, cli.Clean(l.Message))
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, cli.Clean(l.Fleet), short(l.Time), l.Class, cli.Clean(l.Message))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	const width = 80
	for _, l := range strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n") {
		if r := []rune(l); !wide && len(r) > width {
			l = string(r[:width-1]) + "…"
		}
		if _, err := fmt.Fprintln(out, l); err != nil {
			return err
		}
	}
	return nil
}

// short writes a time as tables do: the day and the minute.
func short(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.Format("01-02 15:04")
}

func (o *options) show(c *cobra.Command, args []string) error {
	_, letters, err := o.open(c)
	if err != nil {
		return err
	}
	chosen, err := choose(letters, args)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(c.OutOrStdout())
	enc.SetIndent("", "  ")
	return enc.Encode(chosen[0])
}

// choose returns the letters with the ids. Two fleets may have refused the same
// record's key; then both are meant.
func choose(letters []stream.Letter, ids []string) ([]stream.Letter, error) {
	var out []stream.Letter
	for _, id := range ids {
		found := false
		for _, l := range letters {
			if l.ID == id {
				out, found = append(out, l), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no dead letter %q: `drover deadletter list` shows what there is", id)
		}
	}
	return out, nil
}

func (o *options) replay(c *cobra.Command, args []string) error {
	return o.each(c, args, "replayed", func(p *stream.Producer, l stream.Letter) error { return p.Replay(c.Context(), l) })
}

func (o *options) drop(c *cobra.Command, args []string) error {
	return o.each(c, args, "dropped", func(p *stream.Producer, l stream.Letter) error { return p.DropLetter(c.Context(), l) })
}

// audit says in the audit log who deals with a letter, and why it was refused.
// The command talks to the brokers, which know a user of their own: the name is
// that of this machine's.
func (o *options) audit(action string, l stream.Letter) model.Audit {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return model.Audit{Fleet: l.Fleet, At: model.InstantOf(time.Now()), Actor: name + " (command)", Action: action, Object: "deadletter/" + l.ID,
		Before: l.Letter.Class + ": " + l.Letter.Message, After: o.comment}
}

// each does something to the letters that the arguments name, after the audit log
// has it.
func (o *options) each(c *cobra.Command, args []string, done string, do func(*stream.Producer, stream.Letter) error) error {
	if o.all == (len(args) > 0) {
		return cli.Usage(errors.New("want ids, or --all"))
	}
	connection, letters, err := o.open(c)
	if err != nil {
		return err
	}
	if !o.all {
		if letters, err = choose(letters, args); err != nil {
			return err
		}
	}
	p, err := stream.NewProducer(connection)
	if err != nil {
		return err
	}
	defer p.Close()
	for _, l := range letters {
		if err := p.Publish(c.Context(), stream.Audit, l.Fleet, "deadletter/"+l.ID, o.audit(c.Name(), l)); err != nil {
			return err
		}
		if err := do(p, l); err != nil {
			return err
		}
		fmt.Fprintln(c.OutOrStdout(), done, l.ID)
	}
	return nil
}
