package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/scenario/question"
)

// fileFutures is the YAML form of a list of futures.
type fileFutures struct {
	Futures []Future `yaml:"futures"`
}

// Future is the YAML form of one future.
type Future struct {
	Name     string     `yaml:"name"`
	Weight   float64    `yaml:"weight"`
	Required bool       `yaml:"required"`
	Quantile float64    `yaml:"quantile"`
	Growth   string     `yaml:"growth"`
	Load     []fileLoad `yaml:"load"`
	Lost     []fileLoss `yaml:"lost"`
	Slow     []fileSlow `yaml:"slow"`
}

type fileLoad struct {
	Application string `yaml:"application"` // empty or "all": every one
	Change      string `yaml:"change"`
	Start       string `yaml:"start"`
	End         string `yaml:"end"`
}

type fileLoss struct {
	Server  string `yaml:"server"`
	Rack    string `yaml:"rack"`
	Zone    string `yaml:"zone"`
	Drained bool   `yaml:"drained"`
	Start   string `yaml:"start"`
	End     string `yaml:"end"`
}

type fileSlow struct {
	From     string `yaml:"from"`
	To       string `yaml:"to"`
	FromZone string `yaml:"from_zone"`
	ToZone   string `yaml:"to_zone"`
	Factor   string `yaml:"factor"`
}

// ParseFutures reads futures from YAML. Unknown fields are errors with their
// line; bad values name the future and the field.
func ParseFutures(text []byte) ([]scenario.Future, error) {
	var file fileFutures
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("not a list of futures: %w", err)
	}
	return futuresOf(file.Futures)
}

// futuresOf checks futures and gives them the form that planning uses.
func futuresOf(list []Future) ([]scenario.Future, error) {
	var out []scenario.Future
	seen := map[string]bool{}
	for i, f := range list {
		future, err := f.future()
		if err == nil {
			err = future.Validate()
		}
		if err == nil && seen[future.Name] {
			err = fmt.Errorf("name: used twice")
		}
		if err != nil {
			return nil, fmt.Errorf("futures[%d] %q: %w", i, f.Name, err)
		}
		seen[future.Name] = true
		out = append(out, future)
	}
	return out, nil
}

func (f *Future) future() (scenario.Future, error) {
	out := scenario.Future{Name: f.Name, Kind: model.ScenarioUser, Weight: f.Weight, Required: f.Required, Quantile: f.Quantile}
	if out.Weight == 0 {
		out.Weight = 0.1
	}
	var err error
	if f.Growth != "" {
		if out.GrowthPPM, err = question.ParseChange(f.Growth); err != nil {
			return out, fmt.Errorf("growth %q: %w", f.Growth, err)
		}
	}
	for i, l := range f.Load {
		load := scenario.LoadChange{Application: model.ApplicationID(l.Application)}
		if l.Application == "all" {
			load.Application = ""
		}
		if load.ChangePPM, err = question.ParseChange(l.Change); err != nil {
			return out, fmt.Errorf("load[%d].change %q: %w", i, l.Change, err)
		}
		if load.Start, load.End, err = parseWindow(l.Start, l.End); err != nil {
			return out, fmt.Errorf("load[%d].%w", i, err)
		}
		out.Load = append(out.Load, load)
	}
	for i, l := range f.Lost {
		loss := scenario.Loss{Server: model.ServerID(l.Server), Rack: l.Rack, Zone: l.Zone, Drained: l.Drained}
		if loss.Start, loss.End, err = parseWindow(l.Start, l.End); err != nil {
			return out, fmt.Errorf("lost[%d].%w", i, err)
		}
		out.Lost = append(out.Lost, loss)
	}
	for i, s := range f.Slow {
		ppm, err := question.ParseFactor(s.Factor)
		if err != nil {
			return out, fmt.Errorf("slow[%d].factor %q: %w", i, s.Factor, err)
		}
		out.Slow = append(out.Slow, scenario.SlowLink{
			From: model.ServerID(s.From), To: model.ServerID(s.To), FromZone: s.FromZone, ToZone: s.ToZone, FactorPPM: ppm,
		})
	}
	return out, nil
}

// parseWindow reads a start and an end; empty leaves that side open.
func parseWindow(start, end string) (from, to model.Instant, err error) {
	if start != "" {
		if from, err = model.ParseInstant(start); err != nil {
			return 0, 0, fmt.Errorf("start: %w", err)
		}
	}
	if end != "" {
		if to, err = model.ParseInstant(end); err != nil {
			return 0, 0, fmt.Errorf("end: %w", err)
		}
	}
	return from, to, nil
}
