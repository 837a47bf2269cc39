package ensemble

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"drover/internal/forecast/panel"
	"drover/internal/forecast/score"
)

// hourly reads every tenth series of the M4 Hourly training part.
func hourly(t *testing.T) *panel.Panel {
	t.Helper()
	root := os.Getenv("DROVER_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	file, err := os.Open(filepath.Join(root, "forecast", "m4", "hourly_train.csv"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("left out: the M4 Hourly data are not there (%v); set DROVER_DATA", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	p := &panel.Panel{Step: time.Hour, Seasons: []int{24, 168}}
	last, seen := "", 0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			continue // the header
		}
		if row[0] != last {
			last, seen = row[0], seen+1
			if seen%10 == 0 {
				p.Series = append(p.Series, panel.Series{ID: row[0], Start: start})
			}
		}
		if seen%10 == 0 {
			s := &p.Series[len(p.Series)-1]
			s.Values = append(s.Values, v)
		}
	}
}

// TestModelsBeatSeasonalNaiveOnRealSeries judges the last 48 hours.
func TestModelsBeatSeasonalNaiveOnRealSeries(t *testing.T) {
	p := hourly(t)
	cut, _ := p.Cut(48, 1)
	owa := func(name string) float64 {
		o := options(name)
		o.Horizon, o.Effort = 48, Full
		var tally score.Tally
		for i, s := range run(t, cut, o).Series {
			history := cut.Series[i].Values
			tally.Add(history, p.Series[i].Values[len(history):], s.Quantiles, 24)
		}
		return tally.Result().OWA
	}
	naive := owa("seasonal-naive")
	for _, name := range []string{"holt-winters", "arima", "ar-ridge-long"} {
		if got := owa(name); got > 0.92*naive {
			t.Errorf("%s: OWA %.3f, seasonal naive %.3f", name, got, naive)
		}
	}
}
