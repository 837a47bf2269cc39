package operator

import (
	"fmt"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/web/api"
)

// orderKind is one order as a command.
type orderKind struct {
	name, short string
	plan        bool // it needs a plan; others may be for the whole fleet
	fleet       bool // it is for the whole fleet only
	server      bool // it is for a server
}

var orderKinds = []orderKind{
	{"approve", "Let a plan run that waits for a person", true, false, false},
	{"reject", "Refuse a plan", true, false, false},
	{"pause", "Let moves stop at their next step; without a plan, all moves", false, false, false},
	{"resume", "Let what was paused go on", false, false, false},
	{"stop", "End a plan, or all: finish its moves, compensate, or leave it", false, false, false},
	{"kill", "Throw the fleet's kill switch: no command at all is given any more", false, true, false},
	{"revive", "Lift the kill switch", false, true, false},
	{"drain", "Ask for a server to be emptied", false, false, true},
	{"undrain", "Take a server back into use", false, false, true},
}

// orderCommands returns a command for each order; at the top there is watch too.
func orderCommands(top bool) []*cobra.Command {
	var out []*cobra.Command
	for _, k := range orderKinds {
		if top || !k.fleet && !k.server {
			out = append(out, orderCommand(k))
		}
	}
	if top {
		out = append(out, watchCommand())
	}
	return out
}

func orderCommand(k orderKind) *cobra.Command {
	var s session
	var body api.Order
	var mode string
	use, args := k.name+" [PLAN]", cobra.MaximumNArgs(1)
	switch {
	case k.plan:
		use, args = k.name+" PLAN", cobra.ExactArgs(1)
	case k.fleet:
		use, args = k.name, cobra.NoArgs
	case k.server:
		use, args = k.name+" SERVER", cobra.ExactArgs(1)
	}
	c := &cobra.Command{Use: use, Short: k.short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			body.Mode = model.StopMode(mode)
			if err := s.open(cmd.Context()); err != nil {
				return err
			}
			path := s.Path(k.name)
			switch {
			case k.server:
				path = s.Path("servers", args[0], k.name)
			case len(args) == 1:
				path = s.Path("plans", args[0], k.name)
			}
			var done api.Ordered
			if err := s.Post(cmd.Context(), path, body, &done); err != nil {
				return err
			}
			if !s.text() {
				return s.print(cmd.OutOrStdout(), done)
			}
			what := "fleet " + string(done.Fleet)
			next := "drover get executions"
			switch {
			case k.server:
				what, next = "server "+args[0], "drover get server "+args[0]
			case done.Plan != "":
				what, next = "plan "+string(done.Plan), "drover watch "+string(done.Plan)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s of %s ordered by %s (it was %s); see it with `%s`\n", k.name, what, done.By, done.State, next)
			return err
		}}
	switch {
	case k.server:
		c.ValidArgsFunction = s.completeServers
	case !k.fleet:
		c.ValidArgsFunction = s.completePlans
	}
	s.register(c)
	c.Flags().StringVarP(&body.Comment, "comment", "m", "", "why; it goes into the audit log")
	c.Flags().StringVar(&body.Key, "idempotency-key", "", "the same order under the same key counts once")
	switch k.name {
	case "approve":
		c.Flags().IntVar(&body.Waves, "waves", 0, "only the first so many waves; 0: all")
	case "stop":
		c.Flags().StringVar(&mode, "mode", "finish", "finish, compensate or leave")
		c.PreRunE = func(*cobra.Command, []string) error {
			switch model.StopMode(mode) {
			case model.StopFinish, model.StopCompensate, model.StopLeave:
				return nil
			}
			return cli.Usage(fmt.Errorf("--mode %q: want finish, compensate or leave", mode))
		}
	}
	return c
}
