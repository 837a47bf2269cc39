package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drover/internal/actuator"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// record is the last command of one move, as an annotation of the workload.
type record struct {
	Plan     model.PlanID   `json:"plan"`
	Key      model.StepID   `json:"key"`
	Sequence int            `json:"sequence"`
	Epoch    int64          `json:"epoch"`
	State    actuator.State `json:"state"`
	Reason   string         `json:"reason,omitempty"`
}

// maxReason bounds what is remembered of a failure, in bytes.
const maxReason = 500

// result returns the outcome that is remembered.
func (r *record) result() error {
	if r.State == actuator.Failed {
		return errors.New(r.Reason)
	}
	return nil
}

// ledger is the records of a workload, by annotation.
type ledger map[string]record

// digest names a move in labels: short, and the same for all its commands.
func digest(c *actuator.Command) string { return model.Digest(c.Subject())[:12] }

func annotationOf(c *actuator.Command) string { return kubernetes.CommandPrefix + digest(c) }

// readLedger reads the annotations; one that can't be read counts as none.
func readLedger(annotations map[string]string) ledger {
	l := ledger{}
	for name, text := range annotations {
		var r record
		if strings.HasPrefix(name, kubernetes.CommandPrefix) && json.Unmarshal([]byte(text), &r) == nil {
			l[name] = r
		}
	}
	return l
}

// of returns what is known of the command's move.
func (l ledger) of(c *actuator.Command) record { return l[annotationOf(c)] }

// epoch returns the highest one that has been seen.
func (l ledger) epoch() int64 {
	var highest int64
	for _, r := range l {
		highest = max(highest, r.Epoch)
	}
	return highest
}

// admit decides about a command: it is refused, it has ended before (its record
// is returned), or it may act.
func (l ledger) admit(c *actuator.Command) (*record, error) {
	if seen := l.epoch(); c.Step.Epoch < seen {
		return nil, fmt.Errorf("%s of epoch %d after epoch %d: %w", c.Step.ID, c.Step.Epoch, seen, actuator.ErrStale)
	}
	last, sequence := l.of(c), c.Step.Sequence()
	switch {
	case sequence < last.Sequence || sequence == last.Sequence && c.Step.ID != last.Key:
		return nil, fmt.Errorf("%s after %s: %w", c.Step.ID, last.Key, actuator.ErrStale)
	case sequence == last.Sequence && last.State != actuator.Running:
		return &last, nil
	}
	return nil, nil
}

// change returns the annotations that remember a command. The records of other
// plans go: an application is in one running plan only.
func (l ledger) change(c *actuator.Command, state actuator.State, reason string) (map[string]any, error) {
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	text, err := json.Marshal(record{
		Plan: c.Step.Plan, Key: c.Step.ID, Sequence: c.Step.Sequence(), Epoch: c.Step.Epoch, State: state, Reason: reason,
	})
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", c.Step.ID, err)
	}
	change := map[string]any{annotationOf(c): string(text)}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if l[name].Plan != c.Step.Plan {
			change[name] = nil
		}
	}
	return change, nil
}

// begin writes that the command is under way, or returns the record of its end.
func (d *Driver) begin(ctx context.Context, w *workload, c *actuator.Command) (*record, error) {
	var ended *record
	err := d.annotate(ctx, w, func() (map[string]any, error) {
		var err error
		if ended, err = w.commands().admit(c); err != nil || ended != nil {
			return nil, err
		}
		return w.commands().change(c, actuator.Running, "")
	})
	return ended, err
}

// end writes how the command ended, unless a later owner or command has come. A
// command whose end can't be written has no end: it is given again.
func (d *Driver) end(ctx context.Context, w *workload, c *actuator.Command, acted error) error {
	if errors.Is(acted, actuator.ErrStale) {
		return acted
	}
	state, reason := actuator.Done, ""
	if acted != nil {
		state, reason = actuator.Failed, acted.Error()
		if ctx.Err() != nil { // the deadline: its owner knows
			return acted
		}
	}
	err := d.annotate(ctx, w, func() (map[string]any, error) {
		if _, err := w.commands().admit(c); err != nil {
			return nil, err
		}
		return w.commands().change(c, state, reason)
	})
	return errors.Join(acted, err)
}

// fence makes the workload remember the epoch of who asks.
func (d *Driver) fence(ctx context.Context, w *workload, c *actuator.Command) error {
	return d.annotate(ctx, w, func() (map[string]any, error) {
		l := w.commands()
		if c.Step.Epoch <= l.epoch() {
			if c.Step.Epoch < l.epoch() {
				return nil, fmt.Errorf("epoch %d after epoch %d: %w", c.Step.Epoch, l.epoch(), actuator.ErrStale)
			}
			return nil, nil
		}
		last, ok := l[annotationOf(c)]
		if !ok {
			return nil, nil // nothing was ever begun here
		}
		last.Epoch = c.Step.Epoch
		text, err := json.Marshal(last)
		return map[string]any{annotationOf(c): string(text)}, err
	})
}
