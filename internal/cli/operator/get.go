package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/web/api"
)

// kind is something that can be listed.
type kind struct {
	name    string
	aliases []string
	path    string
	show    func(w io.Writer, items []json.RawMessage, wide bool) error
}

// kinds lists what get knows.
func kinds() []kind {
	return []kind{
		{"servers", []string{"server", "s"}, "servers", rows(serverTable)},
		{"applications", []string{"application", "apps", "app"}, "applications", rows(applicationTable)},
		{"edges", []string{"edge"}, "edges", rows(edgeTable)},
		{"links", []string{"link", "network"}, "network", rows(linkTable)},
		{"forecasts", []string{"forecast"}, "forecasts", rows(forecastTable)},
		{"outlook", []string{"tight"}, "outlook", rows(outlookTable)},
		{"margins", []string{"margin", "slo"}, "margins", rows(marginTable)},
		{"decisions", []string{"decision", "evaluations"}, "evaluations", rows(decisionTable)},
		{"plans", []string{"plan"}, "plans", rows(planTable)},
		{"executions", []string{"execution"}, "executions", rows(executionTable)},
		{"updates", []string{"update"}, "updates", rows(updateTable)},
		{"calendar", []string{"events"}, "calendar", rows(calendarTable)},
		{"deadletters", []string{"deadletter"}, "deadletters", rows(letterTable)},
		{"audit", nil, "audit", rows(auditTable)},
		{"log", []string{"lines"}, "log", rows(lineTable)},
	}
}

// rows decodes items of one type and makes a table of them.
func rows[T any](make func(w io.Writer, items []T, wide bool) *table) func(io.Writer, []json.RawMessage, bool) error {
	return func(w io.Writer, raw []json.RawMessage, wide bool) error {
		items := []T{}
		for _, r := range raw {
			var v T
			if err := json.Unmarshal(r, &v); err != nil {
				return fmt.Errorf("answer: %w; are drover here and there of the same version?", err)
			}
			items = append(items, v)
		}
		return make(w, items, wide).write(w)
	}
}

func kindNamed(name string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == name || slices.Contains(k.aliases, name) {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, cli.Usage(fmt.Errorf("%q: want one of %s", name, strings.Join(names, ", ")))
}

func getCommand() *cobra.Command {
	var s session
	var contains string
	var limit int
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	c := &cobra.Command{Use: "get KIND", Short: "List servers, applications, forecasts, plans ... of a running Drover", Args: cobra.ExactArgs(1), ValidArgs: names,
		Long:    "List what a running Drover knows: " + strings.Join(names, ", ") + ".\nTables fit 80 columns; -o wide cuts nothing. --at shows a past moment.",
		Example: "  drover get servers\n  drover get plans --watch\n  drover get applications --contains web -o json\n  drover get servers --at 2h",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := kindNamed(args[0])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if err := s.open(ctx); err != nil {
				return err
			}
			return s.loop(ctx, cmd.OutOrStdout(), func(w io.Writer) error { return s.list(ctx, w, &k, contains, limit) })
		}}
	s.registerRead(c)
	c.Flags().StringVar(&contains, "contains", "", "only what holds this text")
	c.Flags().IntVar(&limit, "limit", 0, "how many at most; 0: all")
	return c
}

// list fetches all pages and shows them.
func (s *session) list(ctx context.Context, w io.Writer, k *kind, contains string, limit int) error {
	q, err := s.query(ctx)
	if err != nil {
		return err
	}
	if contains != "" {
		q.Set("q", contains)
	}
	items, err := s.pages(ctx, k.path, q, limit)
	if err != nil {
		return err
	}
	if !s.text() {
		return s.print(w, items)
	}
	if len(items) == 0 {
		_, err := fmt.Fprintf(w, "no %s in fleet %s\n", k.name, s.Fleet)
		return err
	}
	return k.show(w, items, s.output == "wide")
}

func (s *session) pages(ctx context.Context, path string, q url.Values, limit int) ([]json.RawMessage, error) {
	const most = 1000
	q.Set("limit", fmt.Sprint(most))
	if limit > 0 && limit < most {
		q.Set("limit", fmt.Sprint(limit))
	}
	all := []json.RawMessage{}
	for {
		var page api.Page[json.RawMessage]
		if err := s.Get(ctx, s.Path(path), q, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if limit > 0 && len(all) >= limit {
			return all[:limit], nil
		}
		if page.Next == "" {
			return all, nil
		}
		q.Set("after", page.Next)
	}
}
