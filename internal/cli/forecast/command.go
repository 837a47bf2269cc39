package forecast

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/forecast/effects"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/wallclock"
)

// settings are the flags of `drover forecast`.
type settings struct {
	input, out, events string
	horizon            int
	freq, season, zone string
	quantiles          string
	model              string
	origins            int
	gap                int
	seed               uint64
	threads            int
	lower, upper       float64
	output             string
	effort             string
	notes              io.Writer // what was done with the input that is worth knowing
	shown              *wallclock.Zone
}

// Command returns `drover forecast` with its subcommands `score` and `explain`.
func Command() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "forecast --input FILE.csv --horizon N --out OUT.csv",
		Short: "Forecast a file of series with quantiles",
		Long: `Forecast reads unique_id,ds,y and writes unique_id,ds,mean,q0.1,...: one row a step.

With --cv-origins K it also cuts the last steps off K times, forecasts them, writes
OUT.origin-1.history.csv and OUT.origin-1.csv and so on beside OUT.csv, newest
origin first, and prints the scores as JSON: those pairs are what a scorer of
several origins takes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.notes = cmd.ErrOrStderr()
			return run(cmd.OutOrStdout(), &s)
		},
	}
	f := c.Flags()
	f.StringVar(&s.input, "input", "", "long CSV: unique_id,ds,y")
	f.IntVar(&s.horizon, "horizon", 0, "steps to forecast")
	f.StringVar(&s.out, "out", "", "file that the forecasts go to")
	f.StringVar(&s.freq, "freq", "", "step, such as 5m, 1h, 24h, 1d (default: found in the input); rows off its grid are joined to means of each step")
	f.StringVar(&s.zone, "time-zone", "", "wall clock that seasons and dates go by, such as Europe/Berlin (default: UTC)")
	f.StringVar(&s.season, "season", "", "season lengths in steps, such as 24,168 (default: by the step)")
	f.StringVar(&s.quantiles, "quantiles", "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.95,0.99", "levels, rising within (0,1)")
	f.StringVar(&s.events, "events", "", "calendar: CSV name,start,end[,unique_id] or .ics")
	f.StringVar(&s.model, "model", ensemble.Auto, "auto, "+strings.Join(ensemble.Names(), ", "))
	f.StringVar(&s.effort, "effort", "full", "full, or quick: what the service does for its series, 3 CPU milliseconds each")
	f.IntVar(&s.origins, "cv-origins", 0, "judge the forecast at so many rolling origins, too")
	f.IntVar(&s.gap, "cv-step", 0, "steps between rolling origins (default: the horizon)")
	f.Uint64Var(&s.seed, "seed", 1, "seed of everything that draws")
	f.IntVar(&s.threads, "threads", 1, "models fitted at the same time; the result does not depend on it")
	f.Float64Var(&s.lower, "lower", math.NaN(), "lower bound of every series (default: 0 where no value was negative)")
	f.Float64Var(&s.upper, "upper", math.NaN(), "upper bound of every series (default: none)")
	f.StringVarP(&s.output, "output", "o", "text", "text or json: how a summary is printed")
	c.AddCommand(scoreCommand(), explainCommand())
	return c
}

// run checks the flags, reads, forecasts and writes; nothing is written where
// anything is wrong.
func run(stdout io.Writer, s *settings) error {
	o, err := s.options()
	if err != nil {
		return cli.Usage(err)
	}
	far := &stages{show: func(float64) {}, runs: 1 + s.origins}
	var progress *cli.Progress
	if s.notes != nil {
		progress = cli.NewProgress(s.notes, "forecasting")
		far.show = progress.Show
	}
	defer progress.End()
	o.Each = far.each(o.Each)
	p, err := s.read(&o)
	if err != nil {
		return err
	}
	result, err := ensemble.Run(p, o)
	if err != nil {
		return fmt.Errorf("%s: %w", s.input, err)
	}
	far.next()
	files := []output{{s.out, func(w io.Writer) error { return writeForecast(w, result, p.Step, s.shown) }}}
	var scores any
	if s.origins > 0 {
		more, judged, err := s.crossValidate(p, o, far.next)
		if err != nil {
			return err
		}
		files, scores = append(files, more...), judged
	}
	progress.End()
	if err := writeAll(files); err != nil {
		return err
	}
	if flows(s.out) {
		return nil // the forecast may have gone where the summary would go
	}
	return s.summary(stdout, p, result, scores)
}

// options turns the flags into what the ensemble takes.
func (s *settings) options() (ensemble.Options, error) {
	o := ensemble.Options{Horizon: s.horizon, Model: s.model, Seed: s.seed, Lower: s.lower, Upper: s.upper}
	if s.input == "" || s.out == "" || s.horizon == 0 {
		return o, fmt.Errorf("--input, --horizon and --out are needed: drover forecast --input FILE.csv --horizon 24 --out OUT.csv")
	}
	if err := checkOut(s.out, s.origins); err != nil {
		return o, err
	}
	if s.output != "text" && s.output != "json" {
		return o, fmt.Errorf("--output %q: want text or json", s.output)
	}
	if s.origins < 0 || s.gap < 0 || s.threads < 1 {
		return o, fmt.Errorf("--cv-origins %d, --cv-step %d, --threads %d: want at least 0, 0 and 1", s.origins, s.gap, s.threads)
	}
	effort, known := ensemble.ParseEffort(s.effort)
	if !known {
		return o, fmt.Errorf("--effort %q: want full or quick", s.effort)
	}
	o.Effort = effort
	for _, text := range strings.Split(s.quantiles, ",") {
		p, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return o, fmt.Errorf("--quantiles: %q is not a number", text)
		}
		o.Levels = append(o.Levels, p)
	}
	o.Each = pool(s.threads)
	return o, o.Check()
}

// read reads the series and the events.
func (s *settings) read(o *ensemble.Options) (*panel.Panel, error) {
	zone, location, err := parseZone(s.zone)
	if err != nil {
		return nil, cli.Usage(err)
	}
	t, err := open(s.input, "y")
	if err != nil {
		return nil, err
	}
	g := gridding{means: s.freq != ""}
	if g.step, err = s.step(t); err != nil {
		return nil, err
	}
	g.seasons = defaultSeasons(g.step)
	if s.season != "" {
		if g.seasons, err = parseSeasons(s.season); err != nil {
			return nil, cli.Usage(err)
		}
	}
	from, to := t.span()
	if t.byTheWall(zone, g.step) {
		s.shown = zone // the panel's times are what the clock shows
	} else if g.step%(24*time.Hour) != 0 {
		o.Zone = zone
	}
	joined := 0
	g.moved = func(string) { joined++ }
	p, err := t.panel(g)
	if err != nil {
		return nil, err
	}
	if joined > 0 {
		s.note("%s: rows of %d of %d series lie off the grid of %v or share a time: means of each step were taken", s.input, joined, len(p.Series), g.step)
	}
	if s.events == "" {
		return p, nil
	}
	reach := time.Duration(s.horizon)*g.step + 10*24*time.Hour
	c := calendar{path: s.events, zone: zone, location: location, from: from.Add(-10 * 24 * time.Hour), to: to.Add(reach)}
	if o.Events, err = c.read(); err != nil {
		return nil, err
	}
	s.placeEvents(o.Events, p)
	return p, nil
}

// placeEvents moves events to the panel's clock and tells of those that concern
// no series.
func (s *settings) placeEvents(events []effects.Event, p *panel.Panel) {
	known := make(map[string]bool, len(p.Series))
	for _, one := range p.Series {
		known[one.ID] = true
	}
	lost := 0
	for i := range events {
		e := &events[i]
		e.Start, e.End = s.shown.Wall(e.Start), max(s.shown.Wall(e.End), s.shown.Wall(e.Start)+1)
		if e.Series != "" && !known[e.Series] {
			if lost++; lost == 1 {
				s.note("%s: no series is called %q, which an event is for", s.events, e.Series)
			}
		}
	}
	if lost > 1 {
		s.note("%s: %d events are for series that are not in %s", s.events, lost, s.input)
	}
}

// note tells of what was done with the input.
func (s *settings) note(format string, args ...any) {
	if s.notes != nil {
		fmt.Fprintf(s.notes, "drover forecast: "+format+"\n", args...) //nolint:errcheck // for people only
	}
}

func (s *settings) step(t *table) (time.Duration, error) {
	if s.freq == "" {
		return t.inferStep()
	}
	step, err := parseStep(s.freq)
	if err != nil {
		return 0, cli.Usage(err)
	}
	return step, nil
}

// parseStep reads Go's durations, and days and weeks besides.
func parseStep(text string) (time.Duration, error) {
	number, unit := strings.ToLower(strings.TrimSpace(text)), time.Duration(0)
	switch {
	case strings.HasSuffix(number, "min"):
		number, unit = strings.TrimSuffix(number, "min"), time.Minute
	case strings.HasSuffix(number, "d"):
		number, unit = strings.TrimSuffix(number, "d"), 24*time.Hour
	case strings.HasSuffix(number, "w"):
		number, unit = strings.TrimSuffix(number, "w"), 168*time.Hour
	case number == "h":
		number, unit = "", time.Hour
	}
	step, err := time.ParseDuration(number)
	if unit != 0 {
		n := 1
		if number != "" {
			n, err = strconv.Atoi(number)
		} else {
			err = nil
		}
		step = time.Duration(n) * unit
	}
	if err != nil || step < time.Millisecond || step > 366*24*time.Hour {
		return 0, fmt.Errorf("--freq %q: want a duration such as 5m, 1h, 24h, 1d", text)
	}
	return step, nil
}

func parseSeasons(text string) ([]int, error) {
	var seasons []int
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > 1_000_000 || len(seasons) > 0 && n <= seasons[len(seasons)-1] {
			return nil, fmt.Errorf("--season %q: want whole numbers of steps, rising, such as 24,168", text)
		}
		if n > 1 {
			seasons = append(seasons, n)
		}
	}
	if len(seasons) > 2 {
		return nil, fmt.Errorf("--season %q: at most two seasons are used", text)
	}
	return seasons, nil
}

// summary prints what was done.
func (s *settings) summary(w io.Writer, p *panel.Panel, r *ensemble.Result, scores any) error {
	if s.output == "text" && scores == nil {
		_, err := fmt.Fprintf(w, "%d series, %d steps of %v: %s\n", len(p.Series), s.horizon, p.Step, s.out)
		return err
	}
	document := map[string]any{"series": len(p.Series), "horizon": s.horizon, "step": p.Step.String(), "seasons": p.Seasons, "out": s.out, "models": r.Models}
	if scores != nil {
		document["cv"] = scores
	}
	return json.NewEncoder(w).Encode(document)
}
