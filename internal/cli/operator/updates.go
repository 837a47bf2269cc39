package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/web/api"
)

// updateFlags are those of the order to update servers.
type updateFlags struct {
	zone, start, end string
	takes            time.Duration
	body             api.UpdateOrder
}

func updateCommand() *cobra.Command {
	c := &cobra.Command{Use: "update", Short: "Update servers one after the other, and see how far that is"}
	c.AddCommand(updateServersCommand(), changeUpdateCommand("cancel", "Call an update off: what has not begun is not done"),
		changeUpdateCommand("retry", "Let a failed update go on, with the failed server first"))
	return c
}

func updateServersCommand() *cobra.Command {
	var s session
	var f updateFlags
	c := &cobra.Command{
		Use:   "servers [SERVER...]",
		Short: "Order servers to be updated by a hook, one after the other",
		Long: `Order servers to be updated. Each is emptied when that costs least within the
time given, handed to the hook (a program or URL that the executor's file of
drivers names), which says whether it worked, and then taken back into use. No
more than --at-once are out of use together, and the first that fails stops the
others: drover update retry or drover update cancel says how it goes on.`,
		Example: `  drover update servers s01 s02 s03 --hook kernel
  drover update servers --zone b --hook firmware --at-once 2 --from 22:00 --until 05:00 --takes 20m
  drover get updates`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if (len(args) > 0) == (f.zone != "") {
				return cli.Usage(fmt.Errorf("name servers, or --zone for all of a zone"))
			}
			if f.takes <= 0 {
				return cli.Usage(fmt.Errorf("--takes %v: want more than nothing", f.takes))
			}
			if err := s.open(ctx); err != nil {
				return err
			}
			if err := s.fillUpdate(ctx, &f, args); err != nil {
				return err
			}
			var done api.Ordered
			if err := s.Post(ctx, s.Path("updates"), f.body, &done); err != nil {
				return err
			}
			if !s.text() {
				return s.print(cmd.OutOrStdout(), done)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "update %s of %d servers by %q ordered by %s; see it with `drover describe update %s`\n",
				done.ID, len(f.body.Servers), f.body.Hook, done.By, done.ID)
			return err
		},
	}
	s.register(c)
	c.Flags().StringVar(&f.body.Hook, "hook", "", "what is run on each server (needed)")
	c.Flags().StringVar(&f.zone, "zone", "", "all servers of a zone, in place of names")
	c.Flags().IntVar(&f.body.AtOnce, "at-once", 1, "how many may be out of use together")
	c.Flags().StringVar(&f.start, "from", "", "not before: 22:00 (UTC), RFC 3339, or in how long (2h); empty: now")
	c.Flags().StringVar(&f.end, "until", "", "done by: 05:00, RFC 3339, or in how long; empty: a day later")
	c.Flags().DurationVar(&f.takes, "takes", 30*time.Minute, "how long the update of one server takes")
	c.Flags().StringVarP(&f.body.Comment, "comment", "m", "", "why; it goes into the audit log")
	c.Flags().StringVar(&f.body.Key, "idempotency-key", "", "the same order under the same key counts once")
	_ = c.MarkFlagRequired("hook") // it is there
	return c
}

// fillUpdate turns what was written into an order: times are the fleet's.
func (s *session) fillUpdate(ctx context.Context, f *updateFlags, names []string) error {
	var fleet struct {
		Now model.Instant `json:"now"`
	}
	if err := s.Get(ctx, s.Path(), nil, &fleet); err != nil {
		return err
	}
	var err error
	if f.body.Start, err = instantOf("--from", f.start, fleet.Now); err != nil {
		return err
	}
	if f.body.End, err = instantOf("--until", f.end, max(fleet.Now, f.body.Start)); err != nil {
		return err
	}
	f.body.Seconds = f.takes.Seconds()
	for _, n := range names {
		f.body.Servers = append(f.body.Servers, model.ServerID(n))
	}
	if f.zone == "" {
		return nil
	}
	items, err := s.pages(ctx, "servers", map[string][]string{"zone": {f.zone}}, 0)
	if err != nil {
		return err
	}
	for _, raw := range items {
		var h api.Host
		if err := json.Unmarshal(raw, &h); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		f.body.Servers = append(f.body.Servers, h.ID)
	}
	if len(f.body.Servers) == 0 {
		return fmt.Errorf("--zone %s: no server of fleet %s stands there", f.zone, s.Fleet)
	}
	return nil
}

// instantOf reads a time of day (the next one), a full time, or how long from now.
func instantOf(flag, text string, now model.Instant) (model.Instant, error) {
	if text == "" {
		return model.NoInstant, nil
	}
	if in, err := time.ParseDuration(text); err == nil && in >= 0 {
		return now.Add(in), nil
	}
	if clock, err := time.Parse("15:04", text); err == nil {
		at := now.Floor(24 * time.Hour).Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
		if at < now {
			at = at.Add(24 * time.Hour)
		}
		return at, nil
	}
	at, err := model.ParseInstant(text)
	if err != nil {
		return 0, cli.Usage(fmt.Errorf("%s %q: want 22:00, RFC 3339 such as %v, or a duration such as 2h", flag, text, now))
	}
	return at, nil
}

func changeUpdateCommand(action, short string) *cobra.Command {
	var s session
	var body api.Order
	c := &cobra.Command{Use: action + " UPDATE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.open(cmd.Context()); err != nil {
				return err
			}
			var done api.Ordered
			if err := s.Post(cmd.Context(), s.Path("updates", args[0], action), body, &done); err != nil {
				return err
			}
			if !s.text() {
				return s.print(cmd.OutOrStdout(), done)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s of update %s ordered by %s (%s); see it with `drover describe update %s`\n", action, args[0], done.By, done.State, args[0])
			return err
		}}
	s.register(c)
	c.Flags().StringVarP(&body.Comment, "comment", "m", "", "why; it goes into the audit log")
	c.Flags().StringVar(&body.Key, "idempotency-key", "", "the same order under the same key counts once")
	return c
}

func updateTable(w io.Writer, items []api.ServerUpdate, wide bool) *cli.Table {
	t := cli.NewTable(w, wide, "UPDATE", "SERVER", "HOOK", "STATE", "FROM", "UNTIL", "WHY")
	for _, u := range items {
		why := u.Reason
		if why == "" && u.Plan != "" {
			why = "plan " + string(u.Plan)
		}
		t.Add(u.Roll, string(u.Server), u.Hook, string(u.State), clock(u.Start), clock(u.End), why)
	}
	return t
}

// describeUpdate shows how far a roll is, and what a person can do.
func (s *session) describeUpdate(ctx context.Context, w io.Writer, roll string) error {
	q, err := s.query(ctx)
	if err != nil {
		return err
	}
	raw, err := s.pages(ctx, "updates", q, 0)
	if err != nil {
		return err
	}
	var rows []api.ServerUpdate
	for _, r := range raw {
		var u api.ServerUpdate
		if err := json.Unmarshal(r, &u); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if u.Roll == roll {
			rows = append(rows, u)
		}
	}
	if len(rows) == 0 {
		return fmt.Errorf("no update %q in fleet %s; `drover get updates` lists them", roll, s.Fleet)
	}
	if !s.text() {
		return s.print(w, rows)
	}
	fmt.Fprintf(w, "update %s by %q: %s\n", roll, rows[0].Hook, progressOf(rows))
	for _, u := range rows {
		line := fmt.Sprintf("%s %s", u.Server, u.State)
		if !u.State.Ended() {
			line += fmt.Sprintf(", window %s to %s", clock(u.Start), clock(u.End))
		}
		if u.Plan != "" {
			line += ", plan " + string(u.Plan)
		}
		if u.Reason != "" {
			line += ": " + u.Reason
		}
		fmt.Fprintln(w, "  "+cli.Wrap(line, 78, 4))
	}
	if slices.ContainsFunc(rows, func(u api.ServerUpdate) bool { return u.State == model.UpdateFailed }) {
		fmt.Fprintf(w, "\nIt has stopped: drover update retry %s, or drover update cancel %s -m WHY\n", roll, roll)
	}
	if missed := serversIn(rows, model.UpdateMissed); len(missed) > 0 {
		again := fmt.Sprintf("Missed, order again with more time: drover update servers %s --hook %s --until TIME", strings.Join(missed, " "), rows[0].Hook)
		fmt.Fprintln(w, "\n"+cli.Wrap(again, 78, 4))
	}
	return nil
}

// serversIn lists the servers of a roll that are in a state.
func serversIn(rows []api.ServerUpdate, state model.UpdateState) []string {
	var out []string
	for _, u := range rows {
		if u.State == state {
			out = append(out, string(u.Server))
		}
	}
	return out
}

// progressOf counts the servers of a roll by state.
func progressOf(rows []api.ServerUpdate) string {
	count := map[model.UpdateState]int{}
	for _, u := range rows {
		count[u.State]++
	}
	text := fmt.Sprintf("%d of %d servers done", count[model.UpdateDone], len(rows))
	for _, state := range []model.UpdateState{model.UpdateFailed, model.UpdateRunning, model.UpdateDrained, model.UpdateDraining, model.UpdateWaiting, model.UpdateMissed} {
		if n := count[state]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, state)
		}
	}
	return text
}
