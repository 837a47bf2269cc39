package forecaster

import (
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drover/internal/model"
)

// Meters publish how forecasts do, as means over the series of a partition:
// single series, which may be hundreds of thousands, are told of by the
// forecasts topic and `drover forecast score --live`. They are safe for
// concurrent use; nil publishes nothing.
type Meters struct {
	accuracy *prometheus.GaugeVec // measure, resource, lead, partition
	models   *prometheus.GaugeVec // model, resource, lead, partition
	series   *prometheus.GaugeVec // trusted, partition
	refits   *prometheus.GaugeVec // partition
}

// NewMeters registers the metrics.
func NewMeters(registerer prometheus.Registerer) *Meters {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "drover", Subsystem: "forecast", Name: name, Help: help}, append(labels, "partition"))
		registerer.MustRegister(g)
		return g
	}
	return &Meters{
		accuracy: gauge("accuracy", "Mean over judged series: mase, naive_mase, wql, coverage80, below95 or bias at a lead.", "measure", "resource", "lead"),
		models:   gauge("model_mase", "Mean over judged series of a model's absolute error, scaled as mase is.", "model", "resource", "lead"),
		series:   gauge("series", "Series by whether their forecast is to be trusted.", "trusted"),
		refits:   gauge("refitted_series", "Series in all fits of models so far."),
	}
}

// mean of what is a number.
type mean struct{ sum, n float64 }

func (m *mean) add(v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		m.sum, m.n = m.sum+v, m.n+1
	}
}

// measured names a gauge's value.
type measured struct {
	name     string
	resource model.Resource
	lead     time.Duration
}

// publish sets the gauges from a partition's series; it is called once an hour
// of event time.
func (m *Meters) publish(partition int32, all iter.Seq[Explained], refitted uint64) {
	if m == nil {
		return
	}
	accuracy, models := map[measured]*mean{}, map[measured]*mean{}
	put := func(to map[measured]*mean, name string, resource model.Resource, lead time.Duration, v float64) {
		key := measured{name, resource, lead}
		if to[key] == nil {
			to[key] = &mean{}
		}
		to[key].add(v)
	}
	trusted := map[bool]float64{true: 0, false: 0}
	for x := range all {
		trusted[x.Info.Trusted]++
		for _, a := range x.Accuracy {
			for name, v := range map[string]float64{"mase": a.MASE, "naive_mase": a.NaiveMASE, "wql": a.WQL, "coverage80": a.Coverage80,
				"below95": a.Below95, "bias": a.Bias} {
				put(accuracy, name, x.Resource, a.Lead, v)
			}
			for _, one := range a.Models {
				put(models, one.Name, x.Resource, a.Lead, one.Error/a.Models[0].Error*a.NaiveMASE)
			}
		}
	}
	number := fmt.Sprint(partition)
	set := func(g *prometheus.GaugeVec, from map[measured]*mean) {
		for key, v := range from {
			if v.n > 0 {
				g.WithLabelValues(key.name, key.resource.String(), key.lead.String(), number).Set(v.sum / v.n)
			}
		}
	}
	set(m.accuracy, accuracy)
	set(m.models, models)
	for ok, n := range trusted {
		m.series.WithLabelValues(fmt.Sprint(ok), number).Set(n)
	}
	m.refits.WithLabelValues(number).Set(float64(refitted))
}
