package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/graph"
	"drover/internal/model"
)

// neighbour is one application next to another.
type neighbour struct {
	Application     model.ApplicationID `json:"application"`
	CallsPerSecond  float64             `json:"calls_per_second"`
	ErrorsPerSecond float64             `json:"errors_per_second"`
	P50             float64             `json:"p50_ms"`
	P95             float64             `json:"p95_ms"`
	Origins         []string            `json:"origins"`
}

func newNeighbour(app model.ApplicationID, e model.Edge) neighbour {
	return neighbour{Application: app, CallsPerSecond: e.CallsPerSecond, ErrorsPerSecond: e.ErrorsPerSecond,
		P50: float64(e.P50Micros) / 1000, P95: float64(e.P95Micros) / 1000, Origins: originNames(e.Origins)}
}

func originNames(o model.EdgeOrigin) []string {
	names := []string{}
	for _, origin := range []struct {
		bit  model.EdgeOrigin
		name string
	}{{model.Declared, "declared"}, {model.Observed, "observed"}, {model.Inferred, "inferred"}} {
		if o&origin.bit != 0 {
			names = append(names, origin.name)
		}
	}
	return names
}

func neighboursCommand() *cobra.Command {
	var s source
	var app string
	cmd := &cobra.Command{
		Use:     "neighbours --application NAME --format FORMAT FILE...",
		Short:   "Show who calls an application and whom it calls",
		Example: "  drover graph neighbours --application cart --format zipkin traces.json",
		RunE: func(cmd *cobra.Command, files []string) error {
			v, _, err := s.view(cmd, files)
			if err != nil {
				return err
			}
			id := model.ApplicationID(app)
			if err := known(v, id); err != nil {
				return err
			}
			answer := struct {
				Application model.ApplicationID `json:"application"`
				Callers     []neighbour         `json:"callers"`
				Callees     []neighbour         `json:"callees"`
			}{id, []neighbour{}, []neighbour{}}
			for _, e := range v.Callers(id) {
				answer.Callers = append(answer.Callers, newNeighbour(e.Caller, e))
			}
			for _, e := range v.Callees(id) {
				answer.Callees = append(answer.Callees, newNeighbour(e.Callee, e))
			}
			return show(cmd, s.output, answer, "DIRECTION\tAPPLICATION\tCALLS/S\tERRORS/S\tP50 MS\tP95 MS\tORIGINS", func(w io.Writer) {
				for _, n := range answer.Callers {
					n.row(w, "called by")
				}
				for _, n := range answer.Callees {
					n.row(w, "calls")
				}
			})
		},
	}
	s.bind(cmd)
	cmd.Flags().StringVar(&app, "application", "", "the application")
	return cmd
}

func (n neighbour) row(w io.Writer, direction string) {
	fmt.Fprintf(w, "%s\t%s\t%.3g\t%.3g\t%.3f\t%.3f\t%s\n", direction, n.Application, n.CallsPerSecond, n.ErrorsPerSecond, n.P50, n.P95, strings.Join(n.Origins, ","))
}

// impact is one application within a blast radius.
type impact struct {
	Application model.ApplicationID `json:"application"`
	Share       float64             `json:"share"`
	Distance    int                 `json:"distance"`
}

func impactCommand() *cobra.Command {
	var s source
	var lostApps, lostServers []string
	cmd := &cobra.Command{
		Use:   "impact --application NAME|--server NAME --format FORMAT FILE...",
		Short: "Show the blast radius of an application or a server",
		Long: `Show the blast radius of applications or servers: each application whose
requests need what is lost, the share of its requests that do, and how many calls
away it is. A server's applications are those that the inventory given as
--declared places on it; of an application with several replicas, the share that
stands there is lost.`,
		Example: "  drover graph impact --application redis --format zipkin traces.json\n" +
			"  drover graph impact --server s1 --declared inventory.yaml --format spans-csv minute.csv",
		RunE: func(cmd *cobra.Command, files []string) error {
			v, apps, err := s.view(cmd, files)
			if err != nil {
				return err
			}
			lost, err := lostOf(v, apps, lostApps, lostServers)
			if err != nil {
				return err
			}
			answer := []impact{}
			for _, i := range v.BlastRadius(lost) {
				answer = append(answer, impact(i))
			}
			return show(cmd, s.output, answer, "APPLICATION\tREQUESTS\tCALLS AWAY", func(w io.Writer) {
				for _, i := range answer {
					fmt.Fprintf(w, "%s\t%.1f%%\t%d\n", i.Application, 100*i.Share, i.Distance)
				}
			})
		},
	}
	s.bind(cmd)
	cmd.Flags().StringSliceVar(&lostApps, "application", nil, "applications that are lost")
	cmd.Flags().StringSliceVar(&lostServers, "server", nil, "servers that are lost; want --declared with an inventory")
	return cmd
}

// lostOf returns the share of each application that is lost.
func lostOf(v *graph.View, apps []model.Application, lostApps, lostServers []string) (map[model.ApplicationID]float64, error) {
	if len(lostApps)+len(lostServers) == 0 {
		return nil, cli.Usage(errors.New("want --application or --server: what is lost"))
	}
	placement, servers := model.Placement{}, map[model.ServerID]bool{}
	for _, a := range apps {
		for i, server := range a.Placement {
			placement[model.NewReplicaID(a.ID, i)] = server
			servers[server] = true
		}
	}
	var gone []model.ServerID
	for _, name := range lostServers {
		if server := model.ServerID(name); servers[server] {
			gone = append(gone, server)
			continue
		}
		return nil, fmt.Errorf("--server %q: no application is placed on it (--declared names the placements)", name)
	}
	lost := graph.Lost(placement, gone...)
	for _, name := range lostApps {
		if err := known(v, model.ApplicationID(name)); err != nil {
			return nil, err
		}
		lost[model.ApplicationID(name)] = 1
	}
	return lost, nil
}

func componentsCommand() *cobra.Command {
	var s source
	cmd := &cobra.Command{
		Use:   "components --format FORMAT FILE...",
		Short: "Show the applications that call each other in circles",
		Long: `Show the strongly connected components of more than one application: each can
be reached from each other one by calls, so that none of them comes up, or is
moved, without the others.`,
		RunE: func(cmd *cobra.Command, files []string) error {
			v, _, err := s.view(cmd, files)
			if err != nil {
				return err
			}
			answer := slices.DeleteFunc(v.Components(), func(c []model.ApplicationID) bool { return len(c) < 2 })
			if answer == nil {
				answer = [][]model.ApplicationID{}
			}
			return show(cmd, s.output, answer, "SIZE\tAPPLICATIONS", func(w io.Writer) {
				for _, c := range answer {
					fmt.Fprintf(w, "%d\t%s\n", len(c), joined(c, ", "))
				}
			})
		},
	}
	s.bind(cmd)
	return cmd
}

// path is one chain of calls.
type path struct {
	Applications   []model.ApplicationID `json:"applications"`
	CallsPerSecond float64               `json:"calls_per_second"`
	Share          float64               `json:"share"`
	Wait           float64               `json:"wait_ms"`
}

func pathsCommand() *cobra.Command {
	var s source
	var count int
	cmd := &cobra.Command{
		Use:   "paths --format FORMAT FILE...",
		Short: "Show the critical paths: the calls that requests wait for most",
		Long: `Show the critical paths from where requests enter: the chains of calls that
most time is waited for, with the share of the entry's requests that go each way
and how long one of them waits for the last call on average.`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if count < 1 {
				return cli.Usage(fmt.Errorf("--count %d: want at least 1", count))
			}
			v, _, err := s.view(cmd, files)
			if err != nil {
				return err
			}
			answer := []path{}
			for _, p := range v.CriticalPaths(count) {
				answer = append(answer, path{p.Applications, p.CallsPerSecond, p.Share, p.WaitMicros / 1000})
			}
			return show(cmd, s.output, answer, "REQUESTS\tCALLS/S\tWAIT MS\tPATH", func(w io.Writer) {
				for _, p := range answer {
					fmt.Fprintf(w, "%.1f%%\t%.3g\t%.3f\t%s\n", 100*p.Share, p.CallsPerSecond, p.Wait, joined(p.Applications, " > "))
				}
			})
		},
	}
	s.bind(cmd)
	cmd.Flags().IntVar(&count, "count", 10, "how many paths")
	return cmd
}

func joined(apps []model.ApplicationID, between string) string {
	names := make([]string, len(apps))
	for i, a := range apps {
		names[i] = string(a)
	}
	return strings.Join(names, between)
}

// show writes an answer as JSON, or its rows under a header.
func show(cmd *cobra.Command, output string, answer any, header string, rows func(io.Writer)) error {
	if output == "json" {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(answer)
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, header)
	rows(t)
	return t.Flush()
}
