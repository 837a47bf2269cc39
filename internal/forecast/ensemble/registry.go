package ensemble

import (
	"slices"

	"drover/internal/forecast/arima"
	"drover/internal/forecast/base"
	"drover/internal/forecast/gbdt"
	"drover/internal/forecast/linear"
	"drover/internal/forecast/lstm"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/smoothing"
)

// Effort says how much work the models of the registry do.
type Effort uint8

// The efforts.
const (
	// Full is for files: every model is fitted twice, before the rolling origins
	// and at the end, and the global ones learn from all there is.
	Full Effort = iota
	// Quick is for the stream, where series come by the hundred thousand: the same
	// models with smaller forests and networks, common coefficients in the place
	// of each series' own, fitted once, before the rolling origins. The streaming
	// set stands beside them there and not among them.
	Quick
)

// String returns the word of --effort.
func (e Effort) String() string { return [...]string{"full", "quick"}[min(e, Quick)] }

// ParseEffort reads what String writes.
func ParseEffort(s string) (Effort, bool) {
	i := slices.Index([]string{"full", "quick"}, s)
	return Effort(max(0, i)), i >= 0
}

// origins is how many rolling origins the weights are learned at.
func (e Effort) origins() int {
	if e == Quick {
		return 2
	}
	return 4
}

// models returns one model, or all that the ensemble joins: the registry.
func models(name string, o *Options) []panel.Model {
	all := full()
	if o.Effort == Quick {
		all = quick(o.Warm)
	}
	if name == Auto {
		return all
	}
	var out []panel.Model
	for _, m := range append(all, streaming{}) {
		if m.Name() == name && len(out) == 0 {
			out = append(out, m)
		}
	}
	return out
}

func full() []panel.Model {
	return []panel.Model{
		smoothing.Naive{},
		smoothing.Mean{HalfLife: 5, WeekHalfLife: 3},
		smoothing.Double{},
		arima.Model{},
		linear.Ridge{Label: "ar-ridge", Season: 0, Lags: 8, Strength: 300, Penalty: 0.02, Log: true},
		linear.Ridge{Label: "ar-ridge-long", Season: 1, Lags: 8, Strength: 1000, Penalty: 0.02, Log: true},
		streaming{},
		gbdt.Default(),
		lstm.Default(),
	}
}

func quick(warm []byte) []panel.Model {
	network := lstm.Quick()
	network.Warm = warm
	return []panel.Model{
		smoothing.Naive{},
		smoothing.Mean{HalfLife: 5, WeekHalfLife: 3},
		base.Model{Label: "holt-winters"},
		arima.Model{Few: true},
		base.Model{Label: "ar-ridge"},
		base.Model{Label: "ar-ridge-long"},
		gbdt.Quick(),
		network,
	}
}

// Names lists the models that can be asked for.
func Names() []string { return NamesAt(Full) }

// NamesAt lists the models that the ensemble joins at an effort, in the order of
// its weights.
func NamesAt(e Effort) []string {
	var names []string
	for _, m := range models(Auto, &Options{Effort: e}) {
		names = append(names, m.Name())
	}
	return names
}

func known(name string) bool { return slices.Contains(Names(), name) }
