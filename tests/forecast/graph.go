package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"drover/internal/forecast"
	"drover/internal/model"
	"drover/internal/simfleet"
)

// propagation measures what callers' forecasts tell of their callees: on a
// recorded day of ten services, and on a generated fleet with campaigns that the
// calendar knows for their entry applications only.
func propagation(folder string) (figures, error) {
	recorded, err := recordedDay(filepath.Join(folder, "..", "nezha"))
	if err != nil {
		return nil, err
	}
	fleet, err := campaigns()
	if err != nil {
		return nil, err
	}
	return figures{"nezha": recorded, "campaigns": fleet}, nil
}

// service is one of the recorded services with its load by the minute.
type service struct {
	load     []float64
	forecast *forecast.Series
}

// recordedDay forecasts each callee's requests half an hour ahead: from its own
// past, as the sum over its callers' forecasts times calls per request, and as the
// mean of both. Calls per request are those of the recorded traces, in all of them
// (which favours the sum); what the sum is short of is learned from four hours.
func recordedDay(folder string) (figures, error) {
	services, minutes, err := workloads(folder)
	if err != nil {
		return nil, err
	}
	calls, err := callsPerRequest(filepath.Join(folder, "edges_ob_20220822.csv"))
	if err != nil {
		return nil, err
	}
	cfg := forecast.DefaultConfig()
	cfg.Bin, cfg.Seasons, cfg.Horizon = time.Minute, nil, 30
	for _, s := range services {
		s.forecast = forecast.NewSeries(cfg)
	}
	var own, sum, mean, last float64
	n := 0
	for m := range minutes {
		if m >= 240 && m%30 == 0 && m+30 <= minutes {
			points := map[string][]float64{}
			for name, s := range services {
				points[name] = medians(s.forecast, minuteOf(m), 30)
			}
			for callee, callers := range calls {
				s := services[callee]
				if s == nil || len(callers) == 0 {
					continue
				}
				factor := shortfall(services, callers, s, m)
				level := average(s.load)
				for h := range 30 {
					fromCallers := 0.0
					for caller, rate := range callers {
						fromCallers += factor * rate * points[caller][h]
					}
					y := s.load[m+h]
					own += math.Abs(y-points[callee][h]) / level
					sum += math.Abs(y-fromCallers) / level
					mean += math.Abs(y-(fromCallers+points[callee][h])/2) / level
					last += math.Abs(y-s.load[m-1]) / level
					n++
				}
			}
		}
		for _, s := range services {
			s.forecast.Observe(minuteOf(m), s.load[m], nil)
		}
	}
	total := float64(n)
	fmt.Printf("recorded day, half an hour ahead, error over the level: own %.4f, callers' sum %.4f, mean of both %.4f, last value %.4f (%d targets)\n",
		own/total, sum/total, mean/total, last/total, n)
	return figures{"own": own / total, "callers": sum / total, "both": mean / total, "last_value": last / total, "targets": n}, nil
}

func minuteOf(m int) model.Instant { return model.Instant(1_661_140_260_000 + int64(m)*60_000) }

func medians(s *forecast.Series, at model.Instant, horizon int) []float64 {
	q, _ := s.Forecast(at, horizon, nil)
	out := make([]float64, horizon)
	for h := range out {
		out[h] = q.At(h, 0.5)
	}
	return out
}

// shortfall is a callee's load over the sum of its callers', in the last four hours.
func shortfall(services map[string]*service, callers map[string]float64, of *service, m int) float64 {
	seen, sum := 0.0, 0.0
	for k := m - 240; k < m; k++ {
		seen += of.load[k]
		for caller, rate := range callers {
			sum += rate * services[caller].load[k]
		}
	}
	return seen / max(sum, 1e-9)
}

func average(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return max(sum/float64(len(v)), 1e-9)
}

// workloads reads each service's requests a second, minute by minute.
func workloads(folder string) (map[string]*service, int, error) {
	files, err := filepath.Glob(filepath.Join(folder, "metric", "*service-*_metric.csv"))
	if err != nil {
		return nil, 0, err
	}
	files = append(files, filepath.Join(folder, "metric", "frontend-579b9bff58-t2dbm_metric.csv"))
	out, minutes := map[string]*service{}, math.MaxInt
	for _, path := range files {
		all, err := rows(path)
		if err != nil {
			return nil, 0, err
		}
		s := &service{}
		for _, row := range all {
			v, err := strconv.ParseFloat(row[17], 64)
			if err != nil || math.IsNaN(v) {
				v = 0
			}
			s.load = append(s.load, v)
		}
		minutes = min(minutes, len(s.load))
		name, _, _ := strings.Cut(filepath.Base(path), "-")
		out[name] = s
	}
	return out, minutes, nil
}

// callsPerRequest reads callee -> caller -> calls for each request of the caller.
func callsPerRequest(path string) (map[string]map[string]float64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	calls, requests := map[string]map[string]float64{}, map[string]float64{}
	for _, row := range all[1:] {
		n, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			return nil, err
		}
		requests[row[2]] += n
		if calls[row[2]] == nil {
			calls[row[2]] = map[string]float64{}
		}
		if row[1] != "ENTRY" {
			calls[row[2]][row[1]] += n
		}
	}
	for _, callers := range calls {
		for caller := range callers {
			callers[caller] /= requests[caller]
		}
	}
	return calls, nil
}

// campaigns forecasts the callees of a generated fleet a day ahead through the
// live week, without and with what campaigns on entry applications carry to them.
func campaigns() (figures, error) {
	spec, err := simfleet.GeneratedSpec(simfleet.Generated{Seed: 11, Servers: 40, Days: 7})
	if err != nil {
		return nil, err
	}
	world, err := simfleet.New(spec)
	if err != nil {
		return nil, err
	}
	cfg := forecast.DefaultConfig()
	series := map[model.ApplicationID]*forecast.Series{}
	for _, a := range spec.Applications {
		series[a.ID] = forecast.NewSeries(cfg)
	}
	var plain, carried [2]float64 // errors over the level in the campaigns' hours: callees, then others' hours
	var n [2]float64
	begin := spec.Start.Add(-spec.History)
	for day := range 21 {
		midnight := begin.Add(time.Duration(day) * 24 * time.Hour)
		events, lists := entryEvents(spec), map[model.ApplicationID]map[model.ApplicationID]float64{}
		points := map[model.ApplicationID][]float64{}
		for id, s := range series {
			points[id] = medians(s, midnight, 288)
		}
		for bin := range 288 {
			at := midnight.Add(time.Duration(bin) * cfg.Bin)
			rates := world.Rates(at.Add(cfg.Bin / 2))
			for _, a := range spec.Applications {
				y := world.CPUMilli(a.ID, rates)
				if a.Entry == 0 && day >= 14 {
					change := 0.0
					for _, e := range events {
						if at >= e.Start && at < e.End {
							if lists[e.Applications[0]] == nil {
								lists[e.Applications[0]] = model.Carried(edgesOf(spec, world.Rates(midnight)), e.Applications[0])
							}
							change += lists[e.Applications[0]][a.ID] * float64(e.UpliftPPM) / 1e6
						}
					}
					side, level := 1, max(points[a.ID][bin], 1)
					if change > 0.01 {
						side = 0
					}
					plain[side] += math.Abs(y-points[a.ID][bin]) / level
					carried[side] += math.Abs(y-points[a.ID][bin]*(1+change)) / level
					n[side]++
				}
				series[a.ID].Observe(at, y, nil)
			}
		}
	}
	fmt.Printf("campaigns known for entries only, callees a day ahead, error over the level: in campaigns %.3f without, %.3f carried (%.0f targets); else %.3f\n",
		plain[0]/n[0], carried[0]/n[0], n[0], plain[1]/n[1])
	return figures{"campaign_plain": plain[0] / n[0], "campaign_carried": carried[0] / n[0], "targets": n[0], "else": plain[1] / n[1]}, nil
}

// entryEvents is the calendar as people write it: for the application they mean.
func entryEvents(spec *simfleet.Spec) []model.CalendarEvent {
	var out []model.CalendarEvent
	for _, c := range spec.Campaigns {
		if begin := spec.Start.Add(c.Begin); !c.Unannounced {
			out = append(out, model.CalendarEvent{ID: c.ID, Kind: "campaign", Start: begin, End: begin.Add(c.Length),
				Applications: []model.ApplicationID{c.Application}, UpliftPPM: int64(c.Uplift * 1e6)})
		}
	}
	slices.SortFunc(out, func(a, b model.CalendarEvent) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// edgesOf is the dependency graph as it is seen at given rates.
func edgesOf(spec *simfleet.Spec, rates map[model.ApplicationID]float64) []model.Edge {
	var out []model.Edge
	for _, a := range spec.Applications {
		for _, c := range a.Calls {
			out = append(out, model.Edge{Caller: a.ID, Callee: c.Callee, CallsPerSecond: rates[a.ID] * c.Rate})
		}
	}
	return out
}
