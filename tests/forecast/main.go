// Command forecast prints the figures of docs/forecasting.md, each on a hold-out
// of data at hand. The last line of its output is one JSON object.
//
//	go run ./tests/forecast              # all
//	go run ./tests/forecast m4 stream    # some
//
// What is judged and how is in m4.go, servers.go, events.go, stream.go and
// speed.go. CPU seconds are those of the whole process, all threads together.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/score"
)

// figures are measured numbers by name.
type figures map[string]any

// benches are what can be asked for.
var benches = map[string]func(folder string) (figures, error){
	"m4":      m4,
	"quick":   quick,
	"models":  models,
	"servers": servers,
	"fine":    fine,
	"events":  events,
	"stream":  stream,
	"graph":   propagation,
	"tails":   tails,
	"speed":   speed,
}

// usual are run where nothing is asked for.
var usual = []string{"m4", "quick", "servers", "events", "stream", "speed"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "forecast:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	root := os.Getenv("DROVER_DATA")
	if root == "" {
		root = filepath.Join("..", "shared", "data")
	}
	if len(names) == 0 {
		names = usual
	}
	all := figures{}
	for _, name := range names {
		bench := benches[name]
		if bench == nil {
			return fmt.Errorf("%q: want some of %s", name, strings.Join(slices.Sorted(maps.Keys(benches)), ", "))
		}
		found, err := bench(filepath.Join(root, "forecast"))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all[name] = found
	}
	line, err := json.Marshal(all)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return nil
}

// cpu is the process's CPU seconds so far.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// options are those of the command line's defaults.
func options(model string, horizon int) ensemble.Options {
	o := ensemble.Options{Horizon: horizon, Model: model, Seed: 1, Levels: []float64{.1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .99}}
	o.Lower, o.Upper = ensemble.Unbounded()
	return o
}

// judge forecasts the panel from so many steps before its end and adds the
// scores.
func judge(p *panel.Panel, back int, o ensemble.Options, tally *score.Tally) (*ensemble.Result, error) {
	cut, index := p.Cut(back, 2)
	r, err := ensemble.Run(cut, o)
	if err != nil {
		return nil, err
	}
	for j, i := range index {
		history := cut.Series[j].Values
		actual := p.Series[i].Values[len(history):min(len(p.Series[i].Values), len(history)+o.Horizon)]
		tally.Add(history, actual, r.Series[j].Quantiles, p.Season())
	}
	return r, nil
}

// table prints one line of scores.
func table(name string, r score.Result, seconds float64) {
	fmt.Printf("%-34s OWA %.4f sMAPE %6.3f MASE %.4f WQL %.4f cov80 %.3f q95 %.3f q99 %.3f  %6.1f CPU s\n",
		name, r.OWA, r.SMAPE, r.MASE, r.WQL, r.Cov80, r.P95, r.P99, seconds)
}

func scores(r score.Result, seconds float64) figures {
	return figures{"owa": r.OWA, "smape": r.SMAPE, "mase": r.MASE, "wql": r.WQL, "cov80": r.Cov80, "q95": r.P95, "q99": r.P99,
		"crossings": r.Crossings, "windows": r.Windows, "cpu_s": seconds}
}
