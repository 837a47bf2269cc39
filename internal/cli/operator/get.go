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
	single  bool // one can be asked for by name
	// fetch, where set, asks in place of the list at path; named says what it needs
	// a name of, empty: it needs none.
	fetch    func(s *session, ctx context.Context, q url.Values, name string) ([]json.RawMessage, error)
	named    string
	anyFleet bool // it belongs to no fleet
	show     func(w io.Writer, items []json.RawMessage, wide bool) error
	showOne  func(w io.Writer, items []json.RawMessage, wide bool) error // nil: as show
}

// kinds lists what get knows.
func kinds() []kind {
	return append([]kind{
		{name: "servers", aliases: []string{"server", "s"}, path: "servers", single: true, show: rows(serverTable)},
		{name: "applications", aliases: []string{"application", "apps", "app"}, path: "applications", single: true, show: rows(applicationTable)},
		{name: "edges", aliases: []string{"edge"}, path: "edges", show: rows(edgeTable)},
		{name: "links", aliases: []string{"link", "network"}, path: "network", show: rows(linkTable)},
		{name: "forecasts", aliases: []string{"forecast"}, path: "forecasts", show: rows(forecastTable), showOne: rows(pointTable)},
		{name: "outlook", aliases: []string{"tight"}, path: "outlook", show: rows(outlookTable)},
		{name: "margins", aliases: []string{"margin", "slo"}, path: "margins", show: rows(marginTable)},
		{name: "decisions", aliases: []string{"decision", "evaluations"}, path: "evaluations", show: rows(decisionTable)},
		{name: "plans", aliases: []string{"plan"}, path: "plans", single: true, show: rows(planTable)},
		{name: "executions", aliases: []string{"execution"}, path: "executions", single: true, show: rows(executionTable)},
		{name: "updates", aliases: []string{"update"}, path: "updates", show: rows(updateTable)},
		{name: "calendar", aliases: []string{"events"}, path: "calendar", show: rows(calendarTable)},
		{name: "deadletters", aliases: []string{"deadletter"}, path: "deadletters", single: true, show: rows(letterTable)},
		{name: "audit", path: "audit", show: rows(auditTable)},
		{name: "log", aliases: []string{"lines"}, path: "log", show: rows(lineTable)},
	}, more()...)
}

// rows decodes items of one type and makes a table of them.
func rows[T any](make func(w io.Writer, items []T, wide bool) *cli.Table) func(io.Writer, []json.RawMessage, bool) error {
	return func(w io.Writer, raw []json.RawMessage, wide bool) error {
		items := []T{}
		for _, r := range raw {
			var v T
			if err := json.Unmarshal(r, &v); err != nil {
				return fmt.Errorf("answer: %w; are drover here and there of the same version?", err)
			}
			items = append(items, v)
		}
		return make(w, items, wide).Write(w)
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
	c := &cobra.Command{Use: "get KIND [NAME]", Short: "List servers, applications, forecasts, plans ...", Args: cobra.RangeArgs(1, 2), ValidArgsFunction: s.completeKinds(names),
		Long:    cli.Wrap("List what a running Drover knows: "+strings.Join(names, ", ")+".", cli.Columns, 0) + "\nWith a name it is one of them: of series and forecasts an entity such as\nserver:s01, whose values or steps are listed. Tables fit 80 columns; -o wide cuts\nnothing. --at shows a past moment.",
		Example: "  drover get servers\n  drover get plans --watch\n  drover get applications --contains web -o json\n  drover get servers --at 2h\n  drover get server s01\n  drover get series app:web --resource memory --hours 6\n  drover get forecast server:s01",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := kindNamed(args[0])
			if err != nil {
				return err
			}
			name := ""
			if len(args) == 2 {
				name = args[1]
			}
			if k.named != "" && name == "" {
				return errNoName(&k)
			}
			ctx := cmd.Context()
			if err := s.connect(); err != nil {
				return err
			}
			if !k.anyFleet {
				if err := s.Resolve(ctx); err != nil {
					return err
				}
			}
			return s.loop(ctx, cmd.OutOrStdout(), func(w io.Writer) error { return s.list(ctx, w, &k, name, contains, limit) })
		}}
	s.registerRead(c)
	c.Flags().StringVar(&s.resource, "resource", "", "of series and forecasts: cpu (default), memory, receive, transmit or disk")
	c.Flags().IntVar(&s.hours, "hours", 0, "of series: how far back (default 24)")
	c.Flags().StringVar(&contains, "contains", "", "only what holds this text")
	c.Flags().IntVar(&limit, "limit", 0, "how many at most; 0: all")
	return c
}

// list fetches all pages and shows them.
func (s *session) list(ctx context.Context, w io.Writer, k *kind, name, contains string, limit int) error {
	q, err := s.query(ctx)
	if err != nil {
		return err
	}
	if contains != "" {
		q.Set("q", contains)
	}
	var items []json.RawMessage
	if name != "" || k.fetch != nil {
		items, err = s.one(ctx, k, q, name)
	} else {
		items, err = s.pages(ctx, k.path, q, limit)
	}
	if err != nil {
		return err
	}
	switch {
	case !s.text() && name != "" && k.single:
		return s.print(w, items[0])
	case !s.text():
		return s.print(w, items)
	case len(items) == 0 && k.anyFleet:
		_, err := fmt.Fprintf(w, "no %s\n", k.name)
		return err
	case len(items) == 0:
		_, err := fmt.Fprintf(w, "no %s in fleet %s\n", k.name, s.Fleet)
		return err
	}
	if name != "" && k.showOne != nil {
		return k.showOne(w, items, s.output == "wide")
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
