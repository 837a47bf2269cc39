package actuator

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// resumePoll is how often a command that is still running is asked about.
const resumePoll = 200 * time.Millisecond

// Resume sees a command through that an earlier owner wrote the intent of. It
// asks for its status first; what is unknown is performed again, after the
// earlier owner's deadline (lost tells when) where the driver can't refuse that
// owner. The result is the command's outcome, as that of Perform.
func Resume(ctx context.Context, d Driver, c Command, lost time.Time) error {
	for {
		status, err := d.Status(ctx, c)
		if err != nil {
			return fmt.Errorf("status of %s: %w", c.Step.ID, err)
		}
		switch status.State {
		case Done:
			return nil
		case Failed:
			return errors.New(status.Reason)
		case Running:
			if err := Pause(ctx, resumePoll); err != nil {
				return err
			}
			continue
		}
		if capabilities := d.Capabilities(); !capabilities.Fences && !status.Gone {
			if err := Pause(ctx, time.Until(lost)); err != nil {
				return err
			}
		}
		return d.Perform(ctx, c)
	}
}
