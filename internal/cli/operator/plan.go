package operator

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/web/api"
)

func planCommand() *cobra.Command {
	c := &cobra.Command{Use: "plan", Short: "List, show, watch and decide on plans"}
	var s session
	list := &cobra.Command{Use: "list", Short: "List the plans, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := kindNamed("plans")
			if err != nil {
				return err
			}
			if err := s.open(cmd.Context()); err != nil {
				return err
			}
			return s.loop(cmd.Context(), cmd.OutOrStdout(), func(w io.Writer) error { return s.list(cmd.Context(), w, &k, "", "", 0) })
		}}
	s.registerRead(list)
	c.AddCommand(list, showCommand(), watchCommand())
	c.AddCommand(orderCommands(false)...)
	return c
}

func showCommand() *cobra.Command {
	var s session
	c := &cobra.Command{Use: "show PLAN", Short: "Show a plan: why, every move with its reason, how far it is", Args: cobra.ExactArgs(1), ValidArgsFunction: s.completePlans,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.open(cmd.Context()); err != nil {
				return err
			}
			return s.loop(cmd.Context(), cmd.OutOrStdout(), func(w io.Writer) error { return s.showPlan(cmd.Context(), w, args[0]) })
		}}
	s.registerRead(c)
	return c
}

// plan asks for a plan as of the time that is meant.
func (s *session) plan(ctx context.Context, id string) (*api.Plan, error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	var p api.Plan
	return &p, s.Get(ctx, s.Path("plans", id), q, &p)
}

func (s *session) showPlan(ctx context.Context, w io.Writer, id string) error {
	p, err := s.plan(ctx, id)
	if err != nil {
		return err
	}
	if !s.text() {
		return s.print(w, *p)
	}
	writePlan(w, p)
	t := cli.NewTable(w, s.output == "wide", "WAVE", "REPLICA", "FROM", "TO", "STATE", "WHY")
	for _, m := range p.Steps {
		why := m.Reason
		if m.State == "dropped" {
			why = m.Ending
		}
		t.Add(fmt.Sprint(m.Wave), string(m.Replica), string(m.From), string(m.To), m.State, why)
	}
	if err := t.Write(w); err != nil {
		return err
	}
	for _, left := range p.Left {
		fmt.Fprintf(w, "to do by hand: %s\n", left)
	}
	if p.Evaluation != nil {
		writeStages(w, p.Evaluation.Stages)
	}
	if p.Waiting {
		fmt.Fprintf(w, "\nIt waits for you: drover approve %s, or drover reject %s -m WHY\n", p.ID, p.ID)
	}
	return nil
}

// writePlan writes what a plan is about.
func writePlan(w io.Writer, p *api.Plan) {
	fmt.Fprintf(w, "plan %s of %s: %s\n", p.ID, clock(p.Tick), stateOf(&p.PlanRow))
	if p.Ending != "" {
		fmt.Fprintf(w, "%s\n", wrap(p.Ending))
	}
	fmt.Fprintf(w, "%s\n", wrap(p.Reason))
	sums := fmt.Sprintf("broken promises %d -> %d, cost %.2f -> %.2f, confidence %.0f %%", p.ViolationsBefore, p.ViolationsAfter, p.CostBefore, p.CostAfter, 100*p.Confidence)
	if p.Deadline != 0 {
		sums += ", ready by " + clock(p.Deadline)
	}
	fmt.Fprintln(w, wrap(sums))
	writeBalance(w, p)
	for _, o := range p.Orders {
		line := fmt.Sprintf("%s %s by %s", clock(o.At), o.Kind, o.By)
		if o.Comment != "" {
			line += ": " + o.Comment
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}

// writeBalance says what really happened, once that is known.
func writeBalance(w io.Writer, p *api.Plan) {
	b := p.Balance
	if b == nil {
		return
	}
	text := fmt.Sprintf("what happened: %d of %d moves made, %d failed; broken promises %d, foretold %d; cost %.2f, foretold %.2f",
		b.Succeeded, p.Moves, b.Failed, b.PromisesHad, b.PromisesExpected, b.CostHad, b.CostExpected)
	if b.ExpectedEnd != 0 {
		text += fmt.Sprintf("; ended %s, foretold %s", clock(b.Ended), clock(b.ExpectedEnd))
	}
	fmt.Fprintln(w, wrap(text+" (of the expected and the high-load future)"))
}

// writeStages says what is foreseen for later periods.
func writeStages(w io.Writer, stages []api.Stage) {
	for _, s := range stages {
		fmt.Fprintf(w, "\n%s\n", cli.Wrap(fmt.Sprintf("foreseen for %s: %s", clock(s.At), s.Reason), 78, 2))
		for _, m := range s.Moves {
			fmt.Fprintf(w, "  %s %s > %s\n", m.Replica, m.From, m.To)
		}
	}
}

// wrap breaks a text into lines of at most 78 columns.
func wrap(text string) string { return cli.Wrap(text, 78, 0) }

func watchCommand() *cobra.Command {
	var s session
	c := &cobra.Command{Use: "watch [PLAN]", Short: "Follow a plan until it ends (without one, the newest)", Args: cobra.MaximumNArgs(1), ValidArgsFunction: s.completePlans,
		Long: `Follow a plan until it ends. On a terminal every move has a progress bar;
elsewhere each change is one line. Exit code 0 if it succeeded, 1 otherwise.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := s.open(ctx); err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			} else {
				var page api.Page[api.PlanRow]
				if err := s.Get(ctx, s.Path("plans"), nil, &page); err != nil {
					return err
				}
				if len(page.Items) == 0 {
					return fmt.Errorf("fleet %s has no plan yet; `drover get decisions` says why", s.Fleet)
				}
				id = string(page.Items[0].ID)
			}
			return s.follow(ctx, cmd.OutOrStdout(), id)
		}}
	s.register(c)
	return c
}

// follow shows a plan until it ends.
func (s *session) follow(ctx context.Context, w io.Writer, id string) error {
	const every = time.Second
	said := map[string]string{}
	for {
		var e api.Execution
		if err := s.Get(ctx, s.Path("executions", id), nil, &e); err != nil {
			return err
		}
		if cli.IsTerminal(w) && s.text() {
			fmt.Fprint(w, "\x1b[H\x1b[2J", bars(&e))
		} else if err := s.changes(w, &e, said); err != nil {
			return err
		}
		if e.Ended != 0 || model.PlanState(e.State).Ended() {
			if e.State != string(model.PlanSucceeded) {
				return fmt.Errorf("plan %s %s: %s: %w", id, stateOf(&e.PlanRow), e.Ending, cli.ErrSilent)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// changes writes a line for everything that is new.
func (s *session) changes(w io.Writer, e *api.Execution, said map[string]string) error {
	tell := func(what, state string) {
		if said[what] != state {
			said[what] = state
			fmt.Fprintf(w, "%s %s %s\n", e.Now.Time().Format("15:04:05"), what, state)
		}
	}
	if !s.text() {
		return s.print(w, e)
	}
	for _, m := range e.Rows {
		state := m.State
		if m.Ending != "" {
			state += ": " + m.Ending
		}
		tell(fmt.Sprintf("%s %s>%s", m.Replica, m.From, m.To), state)
	}
	if e.Copy != nil {
		tell("plan "+string(e.ID), copyText(e.Copy))
	}
	tell("plan "+string(e.ID), stateOf(&e.PlanRow)+" "+e.Ending)
	return nil
}

// copyText says how far a copy is: bytes, rate, time left.
func copyText(c *api.Copy) string {
	text := bytesOf(c.DoneBytes) + " of " + bytesOf(c.TotalBytes)
	if c.BytesPerSecond > 0 {
		text += ", " + bytesOf(c.BytesPerSecond) + "/s"
	}
	if left := time.Duration(c.SecondsLeft * float64(time.Second)); left > 0 {
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text
}

// bars draws every move with how far it is.
func bars(e *api.Execution) string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan %s: %s  %s %.0f %%\n\n", e.ID, stateOf(&e.PlanRow), cli.Bar(e.Progress, 30), 100*e.Progress)
	for _, m := range e.Rows {
		state := cli.Cut(m.State+" "+m.Step, 20)
		if m.Copy != nil {
			state = cli.Cut(copyText(m.Copy), 37)
		}
		fmt.Fprintf(&b, "%-14s %-14s %s %s\n", cli.Cut(string(m.Replica), 14), cli.Cut(string(m.From)+" > "+string(m.To), 14), cli.Bar(m.Progress, 10), state)
	}
	if e.Copy != nil {
		fmt.Fprintf(&b, "\ncopied %s\n", copyText(e.Copy))
	}
	fmt.Fprintf(&b, "\ndrover pause %s | drover stop %s --mode compensate\n", e.ID, e.ID)
	return b.String()
}
