package kubernetes

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"drover/internal/actuator"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// command is the n-th of a move's.
func command(plan model.PlanID, sequence int, epoch int64) *actuator.Command {
	return &actuator.Command{
		Step: model.Step{ID: model.NewStepID(plan, 0, model.LegForward, sequence, model.StepProvision), Plan: plan, Kind: model.StepProvision, Epoch: epoch},
		Move: model.Move{Replica: "shop/web/0", Application: "shop/web", From: "n1", To: "n2"},
	}
}

// written plays a workload's annotations: a change is merged as the API server
// does.
type written map[string]string

func (w written) change(t *testing.T, c *actuator.Command, state actuator.State, reason string) {
	t.Helper()
	change, err := readLedger(w).change(c, state, reason)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		if value == nil {
			delete(w, name)
		} else {
			w[name] = value.(string)
		}
	}
}

func TestTheLedgerRemembers(t *testing.T) {
	w := written{"other": "annotation", kubernetes.CommandPrefix + "broken": "{"}
	first := command("p", 1, 1)
	if last, err := readLedger(w).admit(first); err != nil || last != nil {
		t.Fatalf("%+v, %v", last, err)
	}
	w.change(t, first, actuator.Running, "")
	if last, err := readLedger(w).admit(first); err != nil || last != nil {
		t.Errorf("one under way is taken for ended: %+v, %v", last, err)
	}
	w.change(t, first, actuator.Failed, "no room")
	last, err := readLedger(w).admit(first)
	if err != nil || last == nil || last.result() == nil || last.result().Error() != "no room" {
		t.Errorf("%+v, %v", last, err)
	}
	w.change(t, first, actuator.Done, "")
	if last, err = readLedger(w).admit(first); err != nil || last == nil || last.result() != nil {
		t.Errorf("%+v, %v", last, err)
	}
	if w["other"] != "annotation" {
		t.Error("another's annotation is touched")
	}
}

func TestOlderCommandsAreRefused(t *testing.T) {
	w := written{}
	w.change(t, command("p", 3, 5), actuator.Done, "")
	other := command("p", 3, 5)
	other.Step.ID = model.NewStepID("p", 0, model.LegForward, 3, model.StepCutOver)
	for name, c := range map[string]*actuator.Command{
		"an older epoch": command("p", 4, 4), "an older sequence": command("p", 2, 5), "another of that sequence": other,
		"an older epoch of another plan": command("q", 1, 4),
	} {
		if _, err := readLedger(w).admit(c); !errors.Is(err, actuator.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]*actuator.Command{"the next": command("p", 4, 5), "a newer owner's": command("p", 4, 9), "another plan's": command("q", 1, 5)} {
		if _, err := readLedger(w).admit(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLedgerForgetsOtherPlans(t *testing.T) {
	w := written{}
	w.change(t, command("p", 3, 1), actuator.Done, "")
	w.change(t, command("q", 1, 2), actuator.Running, "")
	if l := readLedger(w); len(l) != 1 || l.of(command("q", 1, 2)).Sequence != 1 {
		t.Errorf("%+v", l)
	}
	w.change(t, command("q", 1, 2), actuator.Failed, strings.Repeat("ü", maxReason))
	if r := readLedger(w).of(command("q", 1, 2)); len(r.Reason) > maxReason || !utf8.ValidString(r.Reason) {
		t.Errorf("a reason of %d bytes", len(r.Reason))
	}
}

func FuzzReadLedger(f *testing.F) {
	f.Add(kubernetes.CommandPrefix+"x", `{"plan":"p","key":"p/0/f/1/admit","sequence":1,"epoch":3,"state":"done"}`)
	f.Add("x", "{")
	f.Fuzz(func(t *testing.T, name, text string) {
		l := readLedger(map[string]string{name: text})
		if !strings.HasPrefix(name, kubernetes.CommandPrefix) && len(l) > 0 {
			t.Errorf("%q is read", name)
		}
		_, _ = l.admit(command("p", 1, 1)) // must not panic
	})
}
