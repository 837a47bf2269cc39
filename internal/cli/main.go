package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs a program's command, with the arguments of the process, until it is
// done or a signal comes, and exits. The first interrupt or SIGTERM ends the
// command's context, so that it can leave things in order; the second ends the
// process at once, whatever the command does.
func Main(c *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from then on signals do what they do by default
	c.SilenceErrors, c.SilenceUsage = true, true
	Fit(c)
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage(err) })
	err := c.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, ErrSilent) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", c.Name(), err)
	}
	os.Exit(ExitCode(err))
}
