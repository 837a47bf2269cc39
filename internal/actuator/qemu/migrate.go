package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// errStuck says that a migration has been cancelled since it made no headway.
var errStuck = errors.New("the migration makes no headway: it is cancelled")

// migrate takes the guest from one QEMU to another, or goes on with a migration
// that somebody has begun, and verifies that it is the same guest.
func (d *Driver) migrate(ctx context.Context, c *actuator.Command, from, to *Place) error {
	source, target, err := runStates(ctx, from, to)
	if err != nil {
		return err
	}
	switch {
	case target == runRunning && source != runRunning: // done before
		return d.verify(ctx, c, to)
	case source == runRunning:
		err = d.send(ctx, c, from, to)
	case source == runSwitching || source == runMigrated && target == runWaiting: // under way
		err = d.follow(ctx, from)
	default:
		return fmt.Errorf("the source is %s and the target %s: neither has the guest", orGone(source), orGone(target))
	}
	if err != nil {
		return errors.Join(err, d.recover(ctx, from, to))
	}
	if err := d.running(ctx, to); err != nil {
		return err
	}
	return d.verify(ctx, c, to)
}

// send begins a migration unless one is under way, and follows it to its end.
func (d *Driver) send(ctx context.Context, c *actuator.Command, from, to *Place) error {
	now, err := query(ctx, from)
	if err != nil {
		return err
	}
	if !now.under() {
		if err := d.remember(ctx, c, from); err != nil {
			return err
		}
		if err := d.provide(ctx, from, to); err != nil {
			return err
		}
		if err := d.begin(ctx, c, from, to); err != nil {
			return err
		}
		d.Trace.At("migrating")
	}
	return d.follow(ctx, from)
}

// begin sets the limits on both sides and starts the copy.
func (d *Driver) begin(ctx context.Context, c *actuator.Command, from, to *Place) error {
	bandwidth := c.Move.BandwidthBytesPerSecond
	if bandwidth <= 0 {
		bandwidth = d.BandwidthBytesPerSecond
	}
	parameters := map[string]any{"downtime-limit": d.Downtime.Milliseconds(), "max-bandwidth": max(bandwidth, 0)}
	capabilities := map[string]any{"capabilities": []map[string]any{{"capability": "auto-converge", "state": d.Throttle}}}
	for _, step := range []struct {
		at        *Place
		command   string
		arguments any
	}{
		{from, "migrate-set-capabilities", capabilities},
		{from, "migrate-set-parameters", parameters},
		{to, "migrate-incoming", map[string]any{"uri": to.Incoming}},
		{from, "migrate", map[string]any{"uri": to.Incoming}},
	} {
		err := ask(ctx, step.at.QMP, step.command, step.arguments, nil)
		// The target listens already where who began this has died in between.
		var refused *qmpError
		if step.command == "migrate-incoming" && errors.As(err, &refused) && strings.Contains(refused.Text, "once") {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow watches a migration to its end. One that makes no headway for too long
// is cancelled: in the first round something has to be sent, later on what is left
// to copy has to become less than ever before.
func (d *Driver) follow(ctx context.Context, from *Place) error {
	least, sent, since := int64(-1), int64(0), time.Now()
	final := error(nil)
	err := actuator.Poll(ctx, pollEvery, func() (bool, error) {
		now, err := query(ctx, from)
		if err != nil {
			return false, err
		}
		switch {
		case now.Status == migrationCompleted:
			return true, nil
		case !now.under():
			final = fmt.Errorf("the migration has %s: %s", orNever(now.Status), now.Error)
			return true, nil
		case now.Status == migrationSetup || least < 0 || now.RAM.Remaining < least, now.RAM.Rounds <= 1 && now.RAM.Transferred > sent:
			least, sent, since = now.RAM.Remaining, now.RAM.Transferred, time.Now()
		case time.Since(since) > d.Stuck:
			final = fmt.Errorf("%w after %d rounds, %d bytes left", errStuck, now.RAM.Rounds, now.RAM.Remaining)
			return true, nil
		}
		return false, fmt.Errorf("migrating: %d bytes left", now.RAM.Remaining)
	})
	if err == nil {
		err = final
	}
	return err
}

func orNever(status string) string {
	if status == migrationNone {
		return "never begun"
	}
	return status
}

// recover has the guest run on at the source after a migration that failed, and
// ends the QEMU that waits for it in vain. It doesn't end with its asker: a guest
// must not be left standing.
func (d *Driver) recover(ctx context.Context, from, to *Place) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	if now, err := query(ctx, from); err == nil && now.under() && now.Status != migrationDevice {
		if err := ask(ctx, from.QMP, "migrate_cancel", nil, nil); err != nil {
			return err
		}
	}
	return d.resume(ctx, from, to)
}

// resume waits until nothing migrates, and continues the guest at the source
// unless it has gone, or may have gone, to the target.
func (d *Driver) resume(ctx context.Context, from, to *Place) error {
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		now, err := query(ctx, from)
		if err != nil {
			return false, err
		}
		if now.under() {
			return false, fmt.Errorf("the migration is %s", now.Status)
		}
		state, err := runState(ctx, from)
		if err != nil || state == runRunning {
			return err == nil, err
		}
		if now.Status == migrationCompleted {
			return true, nil // it has gone
		}
		return false, ask(ctx, from.QMP, "cont", nil, nil)
	})
}

// back has the guest run at the source again: by cancelling a migration that is
// under way, or by another one where it has gone.
func (d *Driver) back(ctx context.Context, c *actuator.Command, from, to *Place) error {
	source, target, err := runStates(ctx, from, to)
	if err != nil {
		return err
	}
	switch {
	case source == runRunning:
		if err := d.recover(ctx, from, to); err != nil {
			return err
		}
		if source, err = runState(ctx, from); err != nil || source == runRunning {
			return errors.Join(err, d.idle(ctx, to))
		}
		return d.migrate(ctx, c, to, from) // it was too late to cancel
	case target == runRunning:
		return d.migrate(ctx, c, to, from)
	case source == runMigrated && target == runWaiting, source == runPaused:
		return d.recover(ctx, from, to)
	}
	return fmt.Errorf("the source is %s and the target %s: the guest can't be continued without knowing where it ran last",
		orGone(source), orGone(target))
}

// idle ends a QEMU that waits in vain, so that it can be used again.
func (d *Driver) idle(ctx context.Context, p *Place) error {
	state, err := runState(ctx, p)
	if err != nil || state == runRunning {
		return err
	}
	return d.Supervisor.Stop(ctx, p.Spec.Name)
}

// identityPath is where a guest's identity stands during its move.
func (d *Driver) identityPath(r model.ReplicaID) string {
	return filepath.Join(d.Supervisor.State, "guest-"+model.Digest(string(r))[:16]+".identity")
}

// remember writes down who the guest is before it is moved.
func (d *Driver) remember(ctx context.Context, c *actuator.Command, p *Place) error {
	if p.Identity == "" {
		return nil
	}
	var who string
	err := actuator.Poll(ctx, pollEvery, func() (bool, error) {
		var err error
		who, err = get(ctx, p.Identity)
		return err == nil, err
	})
	if err != nil {
		return err
	}
	path := d.identityPath(c.Move.Replica)
	if err := os.WriteFile(path+".fresh", []byte(who), 0o600); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return os.Rename(path+".fresh", path)
}

// verify checks that it is the same guest.
func (d *Driver) verify(ctx context.Context, c *actuator.Command, p *Place) error {
	if p.Identity == "" {
		return nil
	}
	before, err := os.ReadFile(d.identityPath(c.Move.Replica))
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		who, err := get(ctx, p.Identity)
		if err == nil && who != string(before) {
			err = fmt.Errorf("it calls itself %q and was %q: it has been started anew", who, before)
		}
		return err == nil, err
	})
}

// get reads a page of the guest.
func get(ctx context.Context, url string) (string, error) {
	if url == "" {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("guest: %w", err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("guest: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	if err != nil {
		return "", fmt.Errorf("guest: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
