package forecast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/stream"
)

// explaining are the flags of `drover forecast explain`.
type explaining struct {
	settings
	ahead  time.Duration
	config string
}

// explainCommand returns `drover forecast explain`.
func explainCommand() *cobra.Command {
	var e explaining
	c := &cobra.Command{
		Use:   "explain ENTITY",
		Short: "Take a forecast apart: level, season, trend, events, models",
		Long: `Explain shows what a forecast is made of and how far it can be relied on: the
level, what the season adds, what the present distance from both adds, what each
event adds, and the weights of the models with their errors so far.

It reads the state that forecasters keep in Redis, or with --input a file of series,
which it takes in as the service would; then ENTITY is a unique_id of the file.`,
		Example: `  drover forecast explain app:web --redis 127.0.0.1:6379
  drover forecast explain server:s01 --ahead 3h -o json
  drover forecast explain H1 --input hourly.csv --events calendar.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.output != "table" && e.output != "json" {
				return cli.Usage(fmt.Errorf("--output %q: want table or json", e.output))
			}
			if e.ahead < 0 {
				return cli.Usage(fmt.Errorf("--ahead %v: want 0 or more", e.ahead))
			}
			e.notes = cmd.ErrOrStderr()
			all, err := e.explain(cmd, args[0])
			if err != nil {
				return err
			}
			if e.output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(views(all))
			}
			return printExplained(cmd.OutOrStdout(), all)
		},
	}
	f := c.Flags()
	config.Register(f, "redis", "kafka.prefix", "kafka.entity_partitions", "interval", "horizon", "refit", "time_zones")
	f.StringVar(&e.config, "config", os.Getenv("DROVER_CONFIG"), "YAML file; see `drover config keys`")
	f.DurationVar(&e.ahead, "ahead", time.Hour, "explain the step that begins so long after the latest value")
	f.StringVar(&e.input, "input", "", "long CSV unique_id,ds,y in the place of Redis")
	f.StringVar(&e.freq, "freq", "", "step of the file (default: found in it)")
	f.StringVar(&e.zone, "time-zone", "", "wall clock that the file's seasons go by, such as Europe/Berlin (default: UTC)")
	f.StringVar(&e.season, "season", "", "season lengths in steps (default: by the step)")
	f.StringVar(&e.events, "events", "", "calendar of the file: CSV name,start,end[,unique_id] or .ics")
	f.StringVarP(&e.output, "output", "o", "table", "table or json")
	return c
}

func (e *explaining) explain(cmd *cobra.Command, entity string) ([]forecaster.Explained, error) {
	if e.input != "" {
		return e.fromFile(entity)
	}
	conf, err := config.Load(cmd.Flags(), os.Environ(), e.config)
	if err != nil {
		return nil, cli.Usage(err)
	}
	all, err := live(cmd.Context(), conf, model.EntityID(entity), e.ahead)
	if err == nil && len(all) == 0 {
		return nil, fmt.Errorf("no forecaster's state holds %q: entities are server:NAME, app:NAME or replica:NAME/INDEX, as in `drover forecast score --live`", entity)
	}
	return all, err
}

// live reads the forecasters' states in Redis; an empty entity stands for all.
func live(ctx context.Context, conf *config.Config, entity model.EntityID, ahead time.Duration) (out []forecaster.Explained, err error) {
	stages, err := service.Stages(conf, "")
	if err != nil {
		return nil, err
	}
	s, err := service.OpenStore(conf)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found := false
	for p := range int32(conf.Kafka.ByKey) {
		state, ok, err := s.Load(ctx, pipeline.Forecaster, p)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		found = true
		task := forecaster.NewTask(&stages.Forecaster, p)
		snapshot, err := stream.TaskSnapshot(state)
		if err == nil {
			err = task.Restore(snapshot)
		}
		if err != nil {
			return nil, fmt.Errorf("partition %d: %w", p, err)
		}
		out = append(out, task.Explain(entity, ahead)...)
	}
	if !found {
		return nil, fmt.Errorf("redis %s holds no forecaster's state under the prefix %q: is a forecaster running, and did it save (save_every)?",
			strings.Join(conf.Redis.Addresses, ","), conf.Kafka.Prefix)
	}
	return out, nil
}

// view is Explained without what JSON has no word for.
type view struct {
	Fleet       string             `json:"fleet,omitempty"`
	Entity      string             `json:"entity"`
	Resource    string             `json:"resource,omitempty"`
	At          model.Instant      `json:"at"`
	Observed    float64            `json:"observed"`
	ObservedAt  model.Instant      `json:"observed_at"`
	Level       float64            `json:"level"`
	Season      float64            `json:"season"`
	Trend       float64            `json:"trend"`
	Events      []eventView        `json:"events"`
	Forecast    float64            `json:"forecast"`
	Spread      float64            `json:"spread"`
	LevelShifts int                `json:"level_shifts"`
	Trusted     bool               `json:"trusted"`
	Note        string             `json:"note,omitempty"`
	Models      map[string]float64 `json:"models"`
	Fitted      map[string]float64 `json:"fitted,omitempty"`
	Accuracy    []accuracyView     `json:"accuracy"`
}

type eventView struct {
	Name         string  `json:"name"`
	Phase        string  `json:"phase"`
	Amount       float64 `json:"amount"`
	Doubt        float64 `json:"doubt"`
	Observations int     `json:"observations"`
}

type accuracyView struct {
	Lead       string              `json:"lead"`
	Targets    int64               `json:"targets"`
	MASE       *float64            `json:"mase"`
	NaiveMASE  *float64            `json:"naive_mase"`
	WQL        *float64            `json:"wql"`
	Coverage80 float64             `json:"coverage80"`
	Below95    float64             `json:"below95"`
	Bias       *float64            `json:"bias"`
	Models     map[string]*float64 `json:"models"` // mean absolute errors
}

func views(all []forecaster.Explained) []view {
	out := make([]view, len(all))
	for i, x := range all {
		v := view{Fleet: string(x.Fleet), Entity: string(x.Entity), At: x.At, Observed: x.Observed, ObservedAt: x.ObservedAt,
			Level: x.Level, Season: x.Season, Trend: x.Trend, Forecast: x.Forecast, Spread: x.Spread, LevelShifts: x.LevelShifts,
			Trusted: x.Info.Trusted, Note: x.Info.Note, Models: map[string]float64{}, Fitted: map[string]float64{}, Events: []eventView{}, Accuracy: []accuracyView{}}
		if x.Fleet != "" {
			v.Resource = x.Resource.String()
		}
		for _, e := range x.Events {
			v.Events = append(v.Events, eventView{e.Name, e.Phase, e.Amount, e.Doubt, e.Bins})
		}
		for _, m := range x.Models {
			v.Models[m.Name] = m.Weight
		}
		for _, m := range x.Fitted {
			v.Fitted[m.Name] = m.Weight
		}
		for _, a := range x.Accuracy {
			one := accuracyView{Lead: a.Lead.String(), Targets: a.Targets, MASE: finite(a.MASE), NaiveMASE: finite(a.NaiveMASE), WQL: finite(a.WQL),
				Coverage80: a.Coverage80, Below95: a.Below95, Bias: finite(a.Bias), Models: map[string]*float64{}}
			for _, m := range a.Models {
				one.Models[m.Name] = finite(m.Error)
			}
			v.Accuracy = append(v.Accuracy, one)
		}
		out[i] = v
	}
	return out
}

// finite is nil for what is not known.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// printExplained prints one block a series.
func printExplained(w io.Writer, all []forecaster.Explained) error {
	var b strings.Builder
	for i, v := range views(all) {
		if i > 0 {
			b.WriteByte('\n')
		}
		v.print(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (v *view) print(b *strings.Builder) {
	fmt.Fprintf(b, "%s  %s %s\n", strings.TrimSpace(v.Fleet+" "+v.Entity+" "+v.Resource), "forecast for", v.At)
	line := func(name string, value float64, note string) {
		fmt.Fprintf(b, "  %-26s %12.5g  %s\n", name, value, note)
	}
	line("observed", v.Observed, "at "+v.ObservedAt.String())
	line("level", v.Level, fmt.Sprintf("moved as a whole %d times", v.LevelShifts))
	line("+ season", v.Season, "")
	line("+ trend", v.Trend, "what is left of the present distance from level and season")
	for _, e := range v.Events {
		line("+ "+e.Name, e.Amount, fmt.Sprintf("%s, ± %.3g, from %d observations", e.Phase, e.Doubt, e.Observations))
	}
	line("= forecast", v.Forecast, fmt.Sprintf("± %.3g on average", v.Spread))
	trust := "to be trusted"
	if !v.Trusted {
		trust = "not to be trusted: " + v.Note
	}
	fmt.Fprintf(b, "  %s\n  models %s\n", trust, shares(v.Models))
	if len(v.Fitted) > 0 {
		fmt.Fprintf(b, "  fitted %s\n", shares(v.Fitted))
	}
	if len(v.Accuracy) > 0 {
		fmt.Fprintf(b, "  %-10s %8s %8s %8s %8s %8s %8s\n", "lead", "MASE", "naive", "WQL", "cov80", "bias", "targets")
	}
	for _, a := range v.Accuracy {
		fmt.Fprintf(b, "  %-10s %8s %8s %8s %8.3f %8s %8d\n", a.Lead, text(a.MASE), text(a.NaiveMASE), text(a.WQL), a.Coverage80, text(a.Bias), a.Targets)
	}
}

func text(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *v)
}
