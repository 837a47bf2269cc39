package operator

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/web/api"
)

func describeCommand() *cobra.Command {
	var s session
	c := &cobra.Command{Use: "describe KIND NAME", Short: "Show everything about one server, application, plan ...", Args: cobra.ExactArgs(2), ValidArgsFunction: s.completeKinds(describable),
		Example: "  drover describe server s01\n  drover describe application web -o yaml\n  drover describe execution p-7b47dc282835\n  drover describe deadletter metrics/2/77",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := s.open(ctx); err != nil {
				return err
			}
			return s.loop(ctx, cmd.OutOrStdout(), func(w io.Writer) error { return s.describe(ctx, w, args[0], args[1]) })
		}}
	s.registerRead(c)
	return c
}

func (s *session) describe(ctx context.Context, w io.Writer, kind, name string) error {
	q, err := s.query(ctx)
	if err != nil {
		return err
	}
	switch kind {
	case "plan", "plans":
		return s.showPlan(ctx, w, name)
	case "update", "updates":
		return s.describeUpdate(ctx, w, name)
	case "server", "servers":
		var h api.Host
		if err := s.Get(ctx, s.Path("servers", name), q, &h); err != nil {
			return err
		}
		if !s.text() {
			return s.print(w, h)
		}
		return describeServer(w, &h)
	case "application", "applications", "app":
		var a api.Application
		if err := s.Get(ctx, s.Path("applications", name), q, &a); err != nil {
			return err
		}
		if !s.text() {
			return s.print(w, a)
		}
		return describeApplication(w, &a)
	}
	return s.describeMore(ctx, w, q, kind, name)
}

func describeServer(w io.Writer, h *api.Host) error {
	fmt.Fprintf(w, "server %s in zone %s, rack %s\n", h.ID, h.Zone, h.Rack)
	fmt.Fprintf(w, "capacity  %.1f cores, %s memory\n", float64(h.Capacity.CPUMilli)/1000, bytesOf(h.Capacity.MemoryBytes))
	fmt.Fprintf(w, "now       CPU %s, memory %s\n", share(h.CPUPercent), share(h.MemoryPercent))
	if a := h.Ahead; a != nil {
		fmt.Fprintf(w, "ahead     CPU %s (median %s) at %s; above its safe %s with %.0f %%\n", share(a.HighPercent), share(a.Percent), clock(a.At), share(a.SafePercent), 100*a.Chance)
	}
	if h.Drained || h.Unschedulable {
		fmt.Fprintf(w, "takes nothing new: drained %s, unschedulable %s\n", yes(h.Drained), yes(h.Unschedulable))
	}
	_, err := fmt.Fprintf(w, "replicas  %s\n", strings.ReplaceAll(wrap(strings.ReplaceAll(texts(h.Replicas), ",", ", ")), "\n", "\n          "))
	return err
}

func describeApplication(w io.Writer, a *api.Application) error {
	fmt.Fprintf(w, "application %s, %d replicas on %s in zones %s\n", a.ID, a.Replicas, texts(a.Servers), strings.Join(a.Zones, ","))
	if p := a.Promise; p.ResponseMillis > 0 {
		fmt.Fprintf(w, "promise   p%.4g within %.4g ms, availability %.3f %%\n", 100*p.ResponseQuantile, p.ResponseMillis, 100*p.Availability)
	}
	switch d := a.Demand; {
	case d == nil:
		fmt.Fprintln(w, "demand    not known: usage and calls of an hour or more are needed")
	case d.Stated:
		fmt.Fprintf(w, "demand    %.3g ms CPU a call, as stated\n", d.Millis)
	default:
		fmt.Fprintf(w, "demand    %.3g +- %.2g ms CPU a call, %.0f millicores without calls (%d samples)\n", d.Millis, d.ErrorMillis, d.BaseMilli, d.Samples)
	}
	for _, m := range a.Margins {
		fmt.Fprintf(w, "margin    %s in %q\n", marginText(&m), m.Scenario)
	}
	for _, e := range a.Callers {
		fmt.Fprintf(w, "called by %s %.1f/s, p95 %.1f ms\n", e.Caller, e.CallsPerSecond, e.P95Millis)
	}
	for _, e := range a.Callees {
		fmt.Fprintf(w, "calls     %s %.1f/s, p95 %.1f ms\n", e.Callee, e.CallsPerSecond, e.P95Millis)
	}
	hit := "nothing else"
	if len(a.BlastRadius) > 0 {
		hit = wrap(strings.ReplaceAll(texts(a.BlastRadius), ",", ", "))
	}
	_, err := fmt.Fprintf(w, "if it fails, hit are: %s\n", hit)
	return err
}

func explainCommand() *cobra.Command {
	var s session
	var resource string
	c := &cobra.Command{Use: "explain PLAN|ENTITY", Short: "Say why: of a plan, or of a forecast", Args: cobra.ExactArgs(1),
		Example: "  drover explain p-7b47dc282835\n  drover explain server:s01 --resource memory",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := s.open(ctx); err != nil {
				return err
			}
			if !strings.Contains(args[0], ":") {
				return s.explainPlan(ctx, cmd.OutOrStdout(), args[0])
			}
			return s.explainForecast(ctx, cmd.OutOrStdout(), args[0], resource)
		}}
	s.registerRead(c)
	c.Flags().StringVar(&resource, "resource", "cpu", "cpu, memory, receive, transmit or disk")
	return c
}

func (s *session) explainForecast(ctx context.Context, w io.Writer, entity, resource string) error {
	q, err := s.query(ctx)
	if err != nil {
		return err
	}
	q.Set("entity", entity)
	q.Set("resource", resource)
	var f api.Forecast
	if err := s.Get(ctx, s.Path("forecast"), q, &f); err != nil {
		return err
	}
	if !s.text() {
		return s.print(w, f)
	}
	for _, line := range f.Explained {
		fmt.Fprintln(w, wrap(line))
	}
	if f.Told.Error != nil && f.Told.NaiveError != nil {
		fmt.Fprintf(w, "An hour ahead it was off by %.4g %s, yesterday's value by %.4g.\n", *f.Told.Error, f.Unit, *f.Told.NaiveError)
	}
	return nil
}

func (s *session) explainPlan(ctx context.Context, w io.Writer, id string) error {
	p, err := s.plan(ctx, id)
	if err != nil {
		return err
	}
	if !s.text() {
		return s.print(w, *p)
	}
	writePlan(w, p)
	for _, m := range p.Steps {
		if m.State == "dropped" {
			fmt.Fprintln(w, wrap(fmt.Sprintf("%s stays on %s: %s", m.Replica, m.From, m.Ending)))
			continue
		}
		fmt.Fprintln(w, wrap(fmt.Sprintf("%s from %s to %s: %s", m.Replica, m.From, m.To, m.Reason)))
	}
	if p.Evaluation == nil {
		return nil
	}
	writeStages(w, p.Evaluation.Stages)
	fmt.Fprintln(w)
	t := cli.NewTable(w, s.output == "wide", "WEIGHT", "BROKEN", "COST", "TIGHTEST THEN", "FUTURE")
	for _, sc := range p.Evaluation.Scenarios {
		tight := "-"
		if len(sc.Worst) > 0 {
			tight = string(sc.Worst[0].Application) + " " + marginText(&sc.Worst[0])
		}
		t.Add(fmt.Sprintf("%.2f", sc.Weight), fmt.Sprintf("%d>%d", sc.ViolationsBefore, sc.ViolationsAfter), fmt.Sprintf("%.2f>%.2f", sc.CostBefore, sc.CostAfter), tight, sc.Name)
	}
	return t.Write(w)
}
