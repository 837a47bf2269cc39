package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// rows reads a CSV without its header.
func rows(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil || len(all) < 2 {
		return nil, fmt.Errorf("%s: no rows: %w", path, err)
	}
	return all[1:], nil
}

// hourly reads M4 Hourly's training part.
func hourly(folder string) (*panel.Panel, error) {
	all, err := rows(filepath.Join(folder, "m4", "hourly_train.csv"))
	if err != nil {
		return nil, err
	}
	p := &panel.Panel{Step: time.Hour, Seasons: []int{24, 168}}
	for _, row := range all {
		if n := len(p.Series); n == 0 || p.Series[n-1].ID != row[0] {
			at, err := model.ParseInstant(row[1])
			if err != nil {
				return nil, err
			}
			p.Series = append(p.Series, panel.Series{ID: row[0], Start: at})
		}
		v, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return nil, err
		}
		s := &p.Series[len(p.Series)-1]
		s.Values = append(s.Values, v)
	}
	return p, nil
}

// metrics are those of the servers' 19 that are judged: they vary, and are no
// copies of one another.
var metrics = []int{0, 3, 4, 5, 6, 7, 8, 14, 18}

// otherMetrics are the rest.
var otherMetrics = []int{1, 2, 9, 10, 11, 12, 13, 15, 16, 17}

// fiveMinutes reads some metrics of the eight servers of the ASD set.
func fiveMinutes(folder string, metrics []int) (*panel.Panel, error) {
	p := &panel.Panel{Step: 5 * time.Minute, Seasons: []int{288, 2016}}
	for server := 1; server <= 8; server++ {
		all, err := rows(filepath.Join(folder, "asd", fmt.Sprintf("server_%02d.csv", server)))
		if err != nil {
			return nil, err
		}
		start, err := model.ParseInstant(all[0][0])
		if err != nil {
			return nil, err
		}
		for _, m := range metrics {
			s := panel.Series{ID: fmt.Sprintf("server:%02d/m%02d", server, m), Start: start}
			for _, row := range all {
				v, err := strconv.ParseFloat(row[1+m], 64)
				if err != nil {
					return nil, err
				}
				s.Values = append(s.Values, v)
			}
			p.Series = append(p.Series, s)
		}
	}
	return p, nil
}

// means takes the means of so many steps.
func means(p *panel.Panel, factor int) *panel.Panel {
	out := &panel.Panel{Step: p.Step * time.Duration(factor)}
	for _, s := range p.Seasons {
		out.Seasons = append(out.Seasons, s/factor)
	}
	for _, s := range p.Series {
		short := panel.Series{ID: s.ID, Start: s.Start}
		for i := 0; i+factor <= len(s.Values); i += factor {
			sum := 0.0
			for _, v := range s.Values[i : i+factor] {
				sum += v
			}
			short.Values = append(short.Values, sum/float64(factor))
		}
		out.Series = append(out.Series, short)
	}
	return out
}
