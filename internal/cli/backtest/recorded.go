package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
	"drover/internal/pipeline/recorded"
	"drover/internal/pipeline/trial"
)

// recordedFlags are those of every backtest of a record.
type recordedFlags struct {
	from, to, inventory string
	interval            time.Duration
	scale               float64
	policies            []string
	threads             int
	seed                uint64
	report, output      string
	known               []string // policies
}

func (f *recordedFlags) register(c *cobra.Command, from string, known ...string) {
	f.known = known
	fs := c.Flags()
	fs.StringVar(&f.from, "from", "", "judge from this `time`, what was recorded before is history; empty: "+from)
	fs.StringVar(&f.to, "to", "", "judge up to this `time`; empty: the end of the record")
	fs.StringVar(&f.inventory, "inventory", "", "`file` of servers and applications (docs/ingest.md) in place of the record's")
	fs.DurationVar(&f.interval, "interval", 5*time.Minute, "time between decisions, whole minutes")
	fs.Float64Var(&f.scale, "scale", 0, "multiply the recorded load; 0: as recorded, or what made-up servers are for")
	fs.StringSliceVar(&f.policies, "policies", known[:min(len(known), 4)], strings.Join(known, ", "))
	fs.IntVar(&f.threads, "threads", 2, "policies played at once; the results are the same")
	fs.Uint64Var(&f.seed, "seed", 1, "seed of what moves last and whether they succeed")
	fs.StringVar(&f.report, "report", "", "write a report with pictures to this HTML `file`")
	fs.StringVarP(&f.output, "output", "o", "table", "table or json")
}

// options checks the flags and returns what they ask for.
func (f *recordedFlags) options() (o recorded.Options, err error) {
	o = recorded.Options{Interval: f.interval, Scale: f.scale, Seed: f.seed}
	if err := checkPlayed(f.policies, f.known, f.threads, f.output, f.report); err != nil {
		return o, err
	}
	switch {
	case f.interval < time.Minute || f.interval%time.Minute != 0 || f.interval > time.Hour:
		return o, cli.Usage(fmt.Errorf("--interval %v: want whole minutes, at most an hour", f.interval))
	case !(f.scale >= 0) || f.scale > 1e9:
		return o, cli.Usage(fmt.Errorf("--scale %v: want a number above zero, or 0", f.scale))
	}
	for _, b := range []struct {
		flag, text string
		at         *model.Instant
	}{{"from", f.from, &o.From}, {"to", f.to, &o.To}} {
		if b.text == "" {
			continue
		}
		if *b.at, err = model.ParseInstant(b.text); err != nil {
			return o, cli.Usage(fmt.Errorf("--%s: %w", b.flag, err))
		}
	}
	if o.From != 0 && o.To != 0 && o.To <= o.From {
		return o, cli.Usage(fmt.Errorf("--to %s: want a time after --from %s", f.to, f.from))
	}
	o.Inventory, err = readInventory(f.inventory)
	return o, err
}

// readInventory reads servers and applications; no path is none.
func readInventory(path string) ([]any, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--inventory: %w", err)
	}
	parse, err := catalog.Find("inventory")
	if err != nil {
		return nil, err
	}
	var events []any
	out := format.NewOut(func(event any) { events = append(events, event) })
	parse(data, format.Options{}, out)
	if out.Rejected > 0 {
		return nil, fmt.Errorf("--inventory %s: %w", path, out.First)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("--inventory %s: there is nothing in it", path)
	}
	return events, nil
}

// recordedResult is the JSON document: the same bytes for the same record and
// flags.
type recordedResult struct {
	Source  string           `json:"source"`
	Records int64            `json:"records"`
	Record  recorded.Account `json:"record"`
	// AsRecorded and MadeUp say what is a fact and what is what-if.
	AsRecorded []string                 `json:"as_recorded"`
	MadeUp     []string                 `json:"made_up"`
	Policies   []trial.Summary          `json:"policies"`
	Trials     map[string]*trial.Result `json:"trials"`
}

// playRecord builds the fleet of a record, plays the policies and writes what
// became of them.
func playRecord(ctx context.Context, stdout, stderr io.Writer, source string, record *recorded.Record,
	o recorded.Options, f *recordedFlags) error {
	clock := startClock()
	fleet, err := record.Build(o)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	out := recordedResult{Source: source, Records: record.Events(), Record: fleet.Account,
		Trials: map[string]*trial.Result{}}
	out.say(o)
	progress := cli.NewProgress(stderr, "playing "+strings.Join(f.policies, ", "))
	plan := trial.Plan{Policies: f.policies, Seeds: 1, First: o.Seed, Spec: fleet.Spec, Length: fleet.Length,
		Done: fleet.Done, Threads: f.threads, Progress: shareOfAll(len(f.policies), progress.Show)}
	results, summaries, err := play(ctx, plan)
	progress.End()
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	out.Policies = summaries
	for p, of := range results {
		out.Trials[p] = of[0]
	}
	_, cpu := clock.read()
	fmt.Fprintf(stderr, "%d policies played in %.1f CPU s\n", len(f.policies), cpu)
	return give(stdout, f.report, f.output, out, out.html, out.table)
}

// say tells what is recorded and what is not.
func (r *recordedResult) say(o recorded.Options) {
	r.AsRecorded = []string{"the load of every application, minute by minute",
		"how often applications call one another, in the mean"}
	r.MadeUp = []string{"where replicas run: each policy decides that",
		"the load of each replica: an even share of its application's",
		"response times: simulated from the load of the servers", "how long moves take: simulated, as in drover up"}
	switch {
	case o.Servers != nil:
		if r.Record.Scale != 1 {
			r.AsRecorded[0] += fmt.Sprintf(", times %.6g", r.Record.Scale)
		}
		r.MadeUp = append(r.MadeUp, "servers, replicas and promises: see the notes")
	case len(o.Inventory) > 0:
		r.AsRecorded = append(r.AsRecorded, "calendar")
		r.MadeUp = append(r.MadeUp, "servers, applications and maintenance: those of --inventory")
	default:
		r.AsRecorded = append(r.AsRecorded, "servers, applications, promises, calendar and maintenance",
			"where replicas stood at the beginning")
	}
	if o.Servers == nil && r.Record.Scale != 1 {
		r.AsRecorded[0] += fmt.Sprintf(", times %.6g", r.Record.Scale)
	}
}

// table writes what was played and the summary, at most 80 columns wide.
func (r *recordedResult) table(w io.Writer) error {
	var b strings.Builder
	a := &r.Record
	replicas := 0
	for _, app := range a.Applications {
		replicas += app.Replicas
	}
	title := fmt.Sprintf("%s: fleet %s, %d servers of %.6g cores together, %d applications with %d replicas",
		r.Source, a.Fleet, a.Servers, a.Cores, len(a.Applications), replicas)
	fmt.Fprintf(&b, "%s\n", cli.Wrap(title, 80, 0))
	fmt.Fprintf(&b, "judged    %v to %v (%.1f h)\n", a.From, a.To, a.To.Sub(a.From).Hours())
	fmt.Fprintf(&b, "history   %.1f h before\n", a.From.Sub(a.Begin).Hours())
	fmt.Fprintf(&b, "recorded  %s\n", cli.Wrap(strings.Join(r.AsRecorded, "; "), 80, 10))
	fmt.Fprintf(&b, "made up   %s\n", cli.Wrap(strings.Join(r.MadeUp, "; "), 80, 10))
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "note      %s\n", cli.Wrap(n, 80, 10))
	}
	b.WriteByte('\n')
	summaryTable(&b, r.Policies)
	_, err := io.WriteString(w, b.String())
	return err
}

// errPlaces says that a record was asked for from two places, or none.
var errPlaces = errors.New("want one of --brokers (topics on Kafka), --archive DIR (of 'drover archive save') " +
	"and --data DIR (of 'drover up --data')")
