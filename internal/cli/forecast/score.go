package forecast

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
	"drover/internal/forecast/score"
	"drover/internal/forecaster"
	"drover/internal/model"
)

// scoreCommand returns `drover forecast score`.
func scoreCommand() *cobra.Command {
	var actuals, pictures, file string
	var season int
	var ofService bool
	c := &cobra.Command{
		Use:   "score --actuals ACTUALS.csv HISTORY.csv:FORECAST.csv...",
		Short: "Judge forecasts beside seasonal naive, of files or the service",
		Long: `Score judges files of forecasts, or with --live what the running forecasters found
their own forecasts to be worth: one line for each series and lead, from the state that
they keep in Redis.`,
		Example: `  drover forecast score --actuals in.csv out.origin-1.history.csv:out.origin-1.csv
  drover forecast score --live --redis 127.0.0.1:6379`,
		Args: func(_ *cobra.Command, args []string) error {
			if ofService && len(args) == 0 && actuals == "" {
				return nil
			}
			if ofService {
				return cli.Usage(fmt.Errorf("--live takes no files"))
			}
			if len(args) == 0 || actuals == "" {
				return cli.Usage(fmt.Errorf("want --actuals ACTUALS.csv and at least one HISTORY.csv:FORECAST.csv"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if ofService {
				return scoreLive(cmd, file)
			}
			return scoreFiles(cmd.OutOrStdout(), actuals, pictures, season, args)
		},
	}
	c.Flags().StringVar(&actuals, "actuals", "", "long CSV unique_id,ds,y that covers the forecast steps")
	c.Flags().IntVar(&season, "season", 24, "steps of the season of MASE and of seasonal naive")
	c.Flags().StringVar(&pictures, "pictures", "", "folder for typical.svg and worst.svg: the windows with the median and the greatest MASE")
	c.Flags().BoolVar(&ofService, "live", false, "judge the service's forecasts by the state in Redis; prints JSON lines")
	c.Flags().StringVar(&file, "config", os.Getenv("DROVER_CONFIG"), "YAML file; see `drover config keys`")
	config.Register(c.Flags(), "redis", "kafka.prefix", "kafka.entity_partitions", "interval", "horizon", "refit", "time_zones")
	return c
}

// scoreLive prints one JSON object a series, those that forecast worst first.
func scoreLive(cmd *cobra.Command, file string) error {
	conf, err := config.Load(cmd.Flags(), os.Environ(), file)
	if err != nil {
		return cli.Usage(err)
	}
	all, err := live(cmd.Context(), conf, "", 0)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b forecaster.Explained) int { return cmp.Compare(worth(&b), worth(&a)) })
	encoder := json.NewEncoder(cmd.OutOrStdout())
	for _, v := range views(all) {
		line := map[string]any{"fleet": v.Fleet, "entity": v.Entity, "resource": v.Resource, "trusted": v.Trusted, "note": v.Note, "accuracy": v.Accuracy}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// worth is a series' error over seasonal naive's at the longest lead; 0: unknown.
func worth(x *forecaster.Explained) float64 {
	if n := len(x.Accuracy); n > 0 {
		if r := x.Accuracy[n-1].MASE / x.Accuracy[n-1].NaiveMASE; !math.IsNaN(r) && !math.IsInf(r, 0) {
			return r
		}
	}
	return 0
}

// judging gathers the scores of a file after the other.
type judging struct {
	season      int
	came        map[string]map[model.Instant]float64
	ours, naive score.Tally
	windows     []window
}

// window is one forecast with its error.
type window struct {
	mase float64
	picture
}

// scoreFiles prints one JSON object: ours and seasonal naive's errors.
func scoreFiles(w io.Writer, actuals, pictures string, season int, pairs []string) error {
	if season < 1 {
		return cli.Usage(fmt.Errorf("--season %d: want at least 1", season))
	}
	truth, err := sole(actuals, "y")
	if err != nil {
		return err
	}
	j := judging{season: season, came: make(map[string]map[model.Instant]float64)}
	for id, rows := range truth.rows {
		j.came[id] = make(map[model.Instant]float64, len(rows))
		for _, r := range rows {
			j.came[id][r.at] = r.value
		}
	}
	for _, pair := range pairs {
		history, forecast, ok := strings.Cut(pair, ":")
		if !ok {
			return cli.Usage(fmt.Errorf("%q: want HISTORY.csv:FORECAST.csv", pair))
		}
		if err := j.pair(history, forecast); err != nil {
			return err
		}
	}
	if pictures != "" {
		if err := j.draw(pictures); err != nil {
			return err
		}
	}
	return json.NewEncoder(w).Encode(map[string]any{"forecast": j.ours.Result(), "seasonal_naive": j.naive.Result()})
}

// draw writes the window in the middle and the worst one.
func (j *judging) draw(folder string) error {
	if len(j.windows) == 0 {
		return nil
	}
	slices.SortStableFunc(j.windows, func(a, b window) int { return cmp.Compare(a.mase, b.mase) })
	middle, last := &j.windows[len(j.windows)/2], &j.windows[len(j.windows)-1]
	middle.title = fmt.Sprintf("typical: %s, MASE %.2f", middle.title, middle.mase)
	last.title = fmt.Sprintf("worst: %s, MASE %.2f", last.title, last.mase)
	return writeAll([]output{{filepath.Join(folder, "typical.svg"), middle.svg}, {filepath.Join(folder, "worst.svg"), last.svg}})
}

// sole reads a file in which no series has two rows of one time.
func sole(path, column string) (*table, error) {
	t, err := open(path, column)
	if err == nil {
		err = t.repeated
	}
	return t, err
}

func open(path, column string) (*table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readTable(path, file, column)
}

// levelsOf returns the quantile columns of a forecast file, rising.
func levelsOf(path string) (names []string, levels []float64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(file, head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	for _, name := range strings.Split(strings.TrimSpace(line), ",") {
		if p, err := strconv.ParseFloat(strings.TrimPrefix(name, "q"), 64); err == nil && strings.HasPrefix(name, "q") {
			if len(levels) > 0 && p <= levels[len(levels)-1] {
				return nil, nil, fmt.Errorf("%s: line 1: column %s: levels must rise", path, name)
			}
			names, levels = append(names, name), append(levels, p)
		}
	}
	if len(levels) == 0 {
		return nil, nil, fmt.Errorf("%s: line 1: no quantile columns such as q0.5", path)
	}
	return names, levels, nil
}

// pair adds one origin: the steps that a forecast file holds.
func (j *judging) pair(history, forecast string) error {
	past, err := sole(history, "y")
	if err != nil {
		return err
	}
	names, levels, err := levelsOf(forecast)
	if err != nil {
		return err
	}
	columns := make([]*table, len(names))
	for l, name := range names {
		if columns[l], err = sole(forecast, name); err != nil {
			return err
		}
	}
	for _, id := range past.names {
		if len(columns[0].rows[id]) == 0 {
			return fmt.Errorf("%s: no forecast of %q", forecast, id)
		}
		q, actual := j.match(id, columns, levels)
		if len(actual) == 0 {
			return fmt.Errorf("%s: no actual value at any forecast step of %q", forecast, id)
		}
		values := make([]float64, len(past.rows[id]))
		for i, r := range past.rows[id] {
			values[i] = r.value
		}
		j.add(id, values, actual, q)
	}
	return nil
}

// match returns the forecast steps of a series at which a value came.
func (j *judging) match(id string, columns []*table, levels []float64) (q model.Quantiles, actual []float64) {
	q.Levels = levels
	for h, step := range columns[0].rows[id] {
		y, ok := j.came[id][step.at]
		if !ok {
			continue
		}
		row := make([]float64, len(levels))
		for l := range levels {
			row[l] = columns[l].rows[id][h].value
		}
		q.Values, q.Mean, actual = append(q.Values, row), append(q.Mean, row[len(row)/2]), append(actual, y)
	}
	return q, actual
}

func (j *judging) add(id string, values, actual []float64, q model.Quantiles) {
	j.ours.Add(values, actual, q, j.season)
	j.naive.Add(values, actual, repeat(values, actual, q.Levels, j.season), j.season)
	point := make([]float64, len(actual))
	for h := range point {
		point[h] = q.At(h, 0.5)
	}
	if e := score.MASE(values, actual, point, j.season); !math.IsNaN(e) && !math.IsInf(e, 0) {
		j.windows = append(j.windows, window{e, picture{title: id, history: values, actual: actual, quantiles: q}})
	}
}

// repeat is seasonal naive as quantiles without spread.
func repeat(values, actual, levels []float64, season int) model.Quantiles {
	q := model.Quantiles{Levels: levels, Mean: make([]float64, len(actual))}
	season = min(season, len(values))
	for h := range actual {
		v := values[len(values)-season+h%season]
		row := make([]float64, len(levels))
		for l := range row {
			row[l] = v
		}
		q.Values, q.Mean[h] = append(q.Values, row), v
	}
	return q
}
