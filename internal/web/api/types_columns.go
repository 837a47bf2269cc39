package api

import (
	"time"

	"drover/internal/model"
)

// Heat is the load of every server over time. Times holds the ends of the bins;
// the first Past of them were measured, the others are expected. All rows are by
// server, then by time; percentages are whole, -1 stands for unknown.
type Heat struct {
	Resource string           `json:"resource" enum:"cpu,memory"`
	At       model.Instant    `json:"at" doc:"The present that this is seen from."`
	Times    []model.Instant  `json:"times"`
	Past     int              `json:"past" doc:"How many of the times lie in the past."`
	Servers  []model.ServerID `json:"servers"`
	Zones    []string         `json:"zones" doc:"By server."`
	Racks    []string         `json:"racks" doc:"By server."`
	Replicas []int            `json:"replicas" doc:"By server, at present."`
	Safe     []int            `json:"safe" doc:"By server: the safe share in percent."`
	Percent  [][]int          `json:"percent" doc:"Measured, or the median of what is expected."`
	High     [][]int          `json:"high" doc:"The 0.95 quantile, for expected times only."`
	Chance   [][]int          `json:"chance" doc:"Chance of passing the safe share in percent, for expected times only."`
}

// Graph is the dependency graph as columns; edges name applications by index.
type Graph struct {
	Applications GraphNodes `json:"applications"`
	Edges        GraphEdges `json:"edges"`
}

// GraphNodes are the applications, by index.
type GraphNodes struct {
	ID       []model.ApplicationID `json:"id"`
	Group    []string              `json:"group" doc:"Namespace."`
	Zones    []string              `json:"zones" doc:"Zones that its replicas stand in, joined by +."`
	Replicas []int                 `json:"replicas" doc:"0: only seen in calls."`
	Stateful []bool                `json:"stateful"`
}

// GraphEdges are the dependencies, by index.
type GraphEdges struct {
	From            []int     `json:"from"`
	To              []int     `json:"to"`
	CallsPerSecond  []float64 `json:"calls_per_second"`
	ErrorsPerSecond []float64 `json:"errors_per_second"`
	P95Millis       []float64 `json:"p95_ms"`
	Origins         []int     `json:"origins" doc:"1 declared + 2 observed + 4 inferred."`
	Confidence      []float64 `json:"confidence"`
}

// Series is a run of measured bins.
type Series struct {
	Entity   model.EntityID `json:"entity"`
	Resource string         `json:"resource"`
	Unit     string         `json:"unit"`
	Start    model.Instant  `json:"start" doc:"End of the first bin."`
	Step     float64        `json:"step_seconds"`
	Values   []*float64     `json:"values" doc:"null: nothing measured."`
}

// ForecastRow is a forecast in a list.
type ForecastRow struct {
	Entity     model.EntityID `json:"entity"`
	Resource   string         `json:"resource"`
	Origin     model.Instant  `json:"origin"`
	Model      string         `json:"model"`
	Trusted    bool           `json:"trusted"`
	Note       string         `json:"note,omitempty" doc:"Why it is not trusted, or how it came about."`
	MASE       *float64       `json:"mase" doc:"Error relative to seasonal naive's: below 1 is better. null: not known yet."`
	Coverage80 *float64       `json:"coverage80" doc:"Share of what happened that lay in the 80 % band. null: not known yet."`
	Samples    int64          `json:"samples" doc:"How many forecasts that was measured on."`
	Observed   float64        `json:"observed"`
	Peak       float64        `json:"peak" doc:"Greatest of the last week."`
}

// Forecast is a forecast with everything it is to be judged by.
type Forecast struct {
	ForecastRow
	Unit     string        `json:"unit"`
	Step     float64       `json:"step_seconds"`
	Capacity *float64      `json:"capacity" doc:"Of the server; null for others."`
	Safe     *float64      `json:"safe" doc:"Safe share of the capacity; null for others."`
	Levels   []float64     `json:"levels"`
	Start    model.Instant `json:"start" doc:"End of the first step."`
	// Quantiles[h][l] is the value at step h for Levels[l].
	Quantiles [][]float64 `json:"quantiles"`
	Mean      []float64   `json:"mean"`
	History   Series      `json:"history"`
	Naive     []*float64  `json:"naive" doc:"What seasonal naive says for each step: the value a day before."`
	Told      Told        `json:"told" doc:"What was expected an hour ahead, beside what happened."`
	Events    []Event     `json:"events"`
	Explained []string    `json:"explained" doc:"How it came about, in words."`
}

// Told compares what was expected an hour ahead with what happened.
type Told struct {
	Times  []model.Instant `json:"times"`
	Low    []float64       `json:"low" doc:"0.1 quantile."`
	Middle []float64       `json:"middle"`
	High   []float64       `json:"high" doc:"0.9 quantile."`
	// Error and NaiveError are mean absolute errors over the same times.
	Error      *float64 `json:"error"`
	NaiveError *float64 `json:"naive_error" doc:"Of the value a day before."`
	Inside     *float64 `json:"inside" doc:"Share of what happened within low and high."`
}

// seconds writes a duration as the API does.
func seconds(d time.Duration) float64 { return d.Seconds() }
