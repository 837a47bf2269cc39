package forecast

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/forecast/score"
	"drover/internal/model"
)

// scoreCommand returns `drover forecast score`.
func scoreCommand() *cobra.Command {
	var actuals string
	var season int
	c := &cobra.Command{
		Use:   "score --actuals ACTUALS.csv HISTORY.csv:FORECAST.csv...",
		Short: "Judge files of forecasts beside seasonal naive",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || actuals == "" {
				return cli.Usage(fmt.Errorf("want --actuals ACTUALS.csv and at least one HISTORY.csv:FORECAST.csv"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return scoreFiles(cmd.OutOrStdout(), actuals, season, args)
		},
	}
	c.Flags().StringVar(&actuals, "actuals", "", "long CSV unique_id,ds,y that covers the forecast steps")
	c.Flags().IntVar(&season, "season", 24, "steps of the season of MASE and of seasonal naive")
	return c
}

// scoreFiles prints one JSON object: ours and seasonal naive's errors.
func scoreFiles(w io.Writer, actuals string, season int, pairs []string) error {
	if season < 1 {
		return cli.Usage(fmt.Errorf("--season %d: want at least 1", season))
	}
	truth, err := open(actuals, "y")
	if err != nil {
		return err
	}
	came := make(map[string]map[model.Instant]float64)
	for id, rows := range truth.rows {
		came[id] = make(map[model.Instant]float64, len(rows))
		for _, r := range rows {
			came[id][r.at] = r.value
		}
	}
	var ours, naive score.Tally
	for _, pair := range pairs {
		history, forecast, ok := strings.Cut(pair, ":")
		if !ok {
			return cli.Usage(fmt.Errorf("%q: want HISTORY.csv:FORECAST.csv", pair))
		}
		if err := scorePair(&ours, &naive, came, history, forecast, season); err != nil {
			return err
		}
	}
	return json.NewEncoder(w).Encode(map[string]any{"forecast": ours.Result(), "seasonal_naive": naive.Result()})
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

// scorePair adds one origin: the steps that a forecast file holds.
func scorePair(ours, naive *score.Tally, came map[string]map[model.Instant]float64, history, forecast string, season int) error {
	past, err := open(history, "y")
	if err != nil {
		return err
	}
	names, levels, err := levelsOf(forecast)
	if err != nil {
		return err
	}
	columns := make([]*table, len(names))
	for l, name := range names {
		if columns[l], err = open(forecast, name); err != nil {
			return err
		}
	}
	for _, id := range past.names {
		steps := columns[0].rows[id]
		if len(steps) == 0 {
			return fmt.Errorf("%s: no forecast of %q", forecast, id)
		}
		q := model.Quantiles{Levels: levels}
		var actual []float64
		for h, step := range steps {
			y, ok := came[id][step.at]
			if !ok {
				continue
			}
			row := make([]float64, len(levels))
			for l := range levels {
				row[l] = columns[l].rows[id][h].value
			}
			q.Values, q.Mean, actual = append(q.Values, row), append(q.Mean, row[len(row)/2]), append(actual, y)
		}
		if len(actual) == 0 {
			return fmt.Errorf("%s: no actual value at any forecast step of %q", forecast, id)
		}
		values := make([]float64, len(past.rows[id]))
		for i, r := range past.rows[id] {
			values[i] = r.value
		}
		ours.Add(values, actual, q, season)
		naive.Add(values, actual, repeat(values, actual, levels, season), season)
	}
	return nil
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
