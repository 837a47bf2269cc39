package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// writers are the output formats.
var writers = map[string]func(io.Writer, result) error{"json": writeJSON, "dot": writeDOT, "table": writeTable}

func writeJSON(w io.Writer, r result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// writeDOT writes a graph for Graphviz: edges are labelled with calls and the
// median, red where calls failed.
func writeDOT(w io.Writer, r result) error {
	var b strings.Builder
	b.WriteString("digraph applications {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, n := range r.Nodes {
		fmt.Fprintf(&b, "  %s;\n", dotQuote(string(n)))
	}
	for _, e := range r.Edges {
		label := fmt.Sprintf("%d calls, %.3g ms", e.Calls, e.P50)
		colour := ""
		if e.Errors > 0 {
			label += fmt.Sprintf(", %d errors", e.Errors)
			colour = ", color=red"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", dotQuote(string(e.Caller)), dotQuote(string(e.Callee)), dotQuote(label), colour)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotQuote quotes a text by the rules of the DOT language.
func dotQuote(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
}

func writeTable(w io.Writer, r result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CALLER\tCALLEE\tCALLS\tERRORS\tREQUEST BYTES\tRESPONSE BYTES\tP50 MS\tP95 MS")
	for _, e := range r.Edges {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%.3f\t%.3f\n", e.Caller, e.Callee, e.Calls, e.Errors, e.RequestBytes, e.ResponseBytes, e.P50, e.P95)
	}
	return t.Flush()
}
