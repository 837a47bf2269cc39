package forecast

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/score"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// writeForecast writes unique_id,ds,mean,q...: one row a step. Steps are given by
// what the clock of a zone shows; nil: in UTC.
func writeForecast(w io.Writer, r *ensemble.Result, step time.Duration, shown *wallclock.Zone) error {
	if len(r.Series) == 0 {
		return nil
	}
	line := []byte("unique_id,ds,mean")
	for _, p := range r.Series[0].Quantiles.Levels {
		line = append(line, ",q"...)
		line = strconv.AppendFloat(line, p, 'g', -1, 64)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	for _, f := range r.Series {
		id := quoted(f.ID)
		for h, row := range f.Quantiles.Values {
			line = append(line[:0], id...)
			line = append(line, ',')
			line = append(line, shown.Instant(f.First+model.Instant(int64(h)*step.Milliseconds())).String()...)
			line = number(line, f.Quantiles.Mean[h])
			for _, v := range row {
				line = number(line, v)
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// number appends a comma and a value with ten significant digits, which keeps
// the order of quantiles.
func number(line []byte, v float64) []byte {
	return strconv.AppendFloat(append(line, ','), v, 'g', 10, 64)
}

// quoted returns a CSV field.
func quoted(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// writeHistory writes unique_id,ds,y; missing values are left out.
func writeHistory(w io.Writer, p *panel.Panel, shown *wallclock.Zone) error {
	if _, err := io.WriteString(w, "unique_id,ds,y\n"); err != nil {
		return err
	}
	for _, s := range p.Series {
		for i, v := range s.Values {
			if math.IsNaN(v) {
				continue
			}
			at := shown.Instant(s.Start + model.Instant(int64(i)*p.Step.Milliseconds()))
			if _, err := fmt.Fprintf(w, "%s,%s,%s\n", quoted(s.ID), at, strconv.FormatFloat(v, 'g', -1, 64)); err != nil {
				return err
			}
		}
	}
	return nil
}

// origin is the score of one rolling origin.
type origin struct {
	Back int `json:"back"` // steps from the origin to the end of each series
	score.Result
}

// crossValidate forecasts from rolling origins, newest first, each time with
// nothing of a series after the origin within reach.
func (s *settings) crossValidate(p *panel.Panel, o ensemble.Options, next func()) ([]output, any, error) {
	gap := s.gap
	if gap == 0 {
		gap = s.horizon
	}
	var files []output
	var origins []origin
	var all score.Tally
	for k := range s.origins {
		back := s.horizon + k*gap
		cut, index := p.Cut(back, 2)
		if len(cut.Series) == 0 {
			return nil, nil, fmt.Errorf("%s: no series reaches back %d steps: fewer --cv-origins or a smaller --cv-step", s.input, back)
		}
		r, err := ensemble.Run(cut, o)
		if err != nil {
			return nil, nil, err
		}
		next()
		var one score.Tally
		for j, i := range index {
			history := cut.Series[j].Values
			actual := p.Series[i].Values[len(history):min(len(p.Series[i].Values), len(history)+s.horizon)]
			one.Add(history, actual, r.Series[j].Quantiles, p.Season())
			all.Add(history, actual, r.Series[j].Quantiles, p.Season())
		}
		origins = append(origins, origin{back, one.Result()})
		stem := fmt.Sprintf("%s.origin-%d", strings.TrimSuffix(s.out, ".csv"), k+1)
		files = append(files,
			output{stem + ".history.csv", func(w io.Writer) error { return writeHistory(w, cut, s.shown) }},
			output{stem + ".csv", func(w io.Writer) error { return writeForecast(w, r, p.Step, s.shown) }})
	}
	return files, map[string]any{"all": all.Result(), "origins": origins}, nil
}

// pool returns a way to do independent things on a number of threads.
func pool(threads int) func(n int, f func(int)) {
	return func(n int, f func(int)) {
		var wait sync.WaitGroup
		slots := make(chan struct{}, threads)
		for i := range n {
			wait.Add(1)
			slots <- struct{}{}
			go func() {
				defer wait.Done()
				f(i)
				<-slots
			}()
		}
		wait.Wait()
	}
}
