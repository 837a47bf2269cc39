package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
	"drover/internal/netmap"
)

// pathFormats are the formats that hold traceroutes.
var pathFormats = map[string]bool{"ripe-atlas": true, "mtr": true, "scamper": true, "traceroute-text": true, "events": true}

// network is the map as it is printed.
type network struct {
	Links   []link   `json:"links"`
	Domains []domain `json:"domains"`
}

// link is the way between two servers, in milliseconds.
type link struct {
	From     model.ServerID `json:"from"`
	To       model.ServerID `json:"to"`
	RTT      float64        `json:"rtt_ms"`
	Error    float64        `json:"error_ms"`
	Loss     float64        `json:"loss"`
	Measured bool           `json:"measured"`
	Routes   int            `json:"routes"`
	Changes  int            `json:"changes"`
}

// domain is a set of servers that share fate.
type domain struct {
	Routers []string         `json:"routers"`
	Servers []model.ServerID `json:"servers"`
}

func networkCommand() *cobra.Command {
	var formatName, output, server string
	cmd := &cobra.Command{
		Use:   "network --format ripe-atlas|mtr|scamper|traceroute-text|events FILE...",
		Short: "Build the network map of traceroutes: links, estimates, fate",
		Args:  cli.WantFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			if !pathFormats[formatName] {
				return cli.Usage(fmt.Errorf("--format %q: want ripe-atlas, mtr, scamper, traceroute-text or events", formatName))
			}
			if output != "json" && output != "table" {
				return cli.Usage(fmt.Errorf("--output %q: want json or table", output))
			}
			n, err := readNetwork(cmd, formatName, model.ServerID(server), files)
			if err != nil {
				return err
			}
			if output == "json" {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(n)
			}
			return n.table(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&formatName, "format", "", "format of the files: ripe-atlas, mtr, scamper, traceroute-text or events")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "json or table")
	cmd.Flags().StringVar(&server, "server", "this-server", "server that traced, where the input does not say")
	_ = cmd.MarkFlagRequired("format")
	return cmd
}

// readNetwork folds the traceroutes of all files, as of the newest. Those that
// carry no time are taken as of the first day, in their order.
func readNetwork(cmd *cobra.Command, formatName string, server model.ServerID, files []string) (network, error) {
	parse, err := catalog.Find(formatName)
	if err != nil {
		return network{}, cli.Usage(err)
	}
	m, newest := netmap.New(netmap.Config{}), model.Instant(1)
	for _, file := range files {
		data, err := cli.ReadInput(cmd.InOrStdin(), file)
		if err != nil {
			return network{}, err
		}
		out := format.NewOut(func(event any) {
			p, ok := event.(model.Path)
			if !ok {
				return
			}
			p.Fleet = "files"
			if p.At <= 0 {
				p.At = newest
			}
			newest = max(newest, p.At)
			m.Observe(p)
		})
		parse(data, format.Options{Server: server}, out)
		if out.Rejected > 0 && out.Records == 0 {
			return network{}, fmt.Errorf("%s: no traceroute could be read: %w; is it %s?", file, out.First, formatName)
		}
		if out.Rejected > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d of %d records left out: %v\n", file, out.Rejected, out.Rejected+out.Records, out.First)
		}
	}
	if refused, impossible := m.Refused(); refused+impossible > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d paths without source or other target, %d impossible round trips left out\n", refused, impossible)
	}
	return newNetwork(m, newest), nil
}

// newNetwork reads a map as of a time.
func newNetwork(m *netmap.Map, at model.Instant) network {
	n := network{Links: []link{}, Domains: []domain{}}
	for _, l := range m.Changed(at) {
		way, _ := m.Way(l.Fleet, l.From, string(l.To))
		n.Links = append(n.Links, link{From: l.From, To: l.To, RTT: float64(l.RTTMicros) / 1000, Error: float64(l.RTTErrorMicros) / 1000,
			Loss: float64(l.LossPPM) / 1e6, Measured: l.Measured, Routes: len(way.Routes), Changes: way.Changes})
	}
	for _, d := range m.Domains("files") {
		n.Domains = append(n.Domains, domain(d))
	}
	return n
}

func (n network) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FROM\tTO\tRTT MS\t+- MS\tLOSS\tROUTES\tCHANGES")
	for _, l := range n.Links {
		mark := ""
		if !l.Measured {
			mark = " (estimated)"
		}
		fmt.Fprintf(t, "%s\t%s\t%.3f%s\t%.3f\t%.1f%%\t%d\t%d\n", l.From, l.To, l.RTT, mark, l.Error, 100*l.Loss, l.Routes, l.Changes)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, d := range n.Domains {
		names := make([]string, len(d.Servers))
		for i, s := range d.Servers {
			names[i] = string(s)
		}
		if _, err := fmt.Fprintf(w, "share fate behind %s: %s\n", strings.Join(d.Routers, ", "), strings.Join(names, " ")); err != nil {
			return err
		}
	}
	return nil
}
