package operator

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"drover/internal/cli"
	"drover/internal/model"
)

// busy adds what the small fleet lacks: a carried-out plan, a letter with bytes.
func busy(s *sink) {
	step := func(n int, kind model.StepKind, phase model.StepPhase, at model.Instant, undo bool) model.Step {
		return model.Step{Fleet: "shop", Plan: "p-7", ID: model.NewStepID("p-7", 0, model.LegForward, n, kind), Kind: kind, Phase: phase, Attempt: 1, At: at, Compensation: undo}
	}
	for _, e := range []any{
		model.Plan{Fleet: "shop", ID: "p-7", Tick: nine.Add(-time.Hour), State: model.PlanProposed, Waves: 1, Reason: "1 move in 1 wave", Moves: []model.Move{{Replica: "web/0", Application: "web", From: "s1", To: "s2", Wave: 1, DataBytes: 1 << 30}}},
		model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-7", MoveIndex: -1, State: model.PlanRunning, At: nine.Add(-50 * time.Minute)},
		step(1, model.StepAdmit, model.PhaseIntent, nine.Add(-50*time.Minute), false), step(1, model.StepAdmit, model.PhaseDone, nine.Add(-49*time.Minute), false),
		step(2, model.StepReleaseAdmission, model.PhaseIntent, nine.Add(-48*time.Minute), true), step(2, model.StepReleaseAdmission, model.PhaseDone, nine.Add(-47*time.Minute), true),
		model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-7", MoveIndex: -1, State: model.PlanRolledBack, At: nine.Add(-47 * time.Minute), Reason: "move 0: admit: refused"},
		model.DeadLetter{Topic: "calls", Partition: 0, Offset: 3, At: nine, Stage: "forecaster", Class: "decode", Message: "\x1b[2J" + strings.Repeat("no schema with that number is known here; ", 3), Key: []byte("shop|web"), Value: []byte("\x00\x1b[31mred"), Headers: map[string][]byte{"producer": []byte("p7")}},
		model.DeadLetter{Topic: "calls", Partition: 0, Offset: 4, At: nine, Stage: "forecaster", Class: "value", Message: "caller is empty", Value: []byte(`{"caller":""}`)},
	} {
		s.model.Fold("shop", e)
	}
}

func TestOneOfAKindIsShown(t *testing.T) {
	url, out := serve(t, nil)
	busy(out)
	var all strings.Builder
	for _, args := range []string{"get fleets", "get scenarios", "get series server:s1 --hours 1", "get forecast server:s1", "get server s1", "get app web", "get plan p-1", "get execution p-7",
		"get deadletter calls/0/3", "describe execution p-7", "describe forecast server:s1", "describe deadletter calls/0/3", "describe deadletter calls/0/4"} {
		text, err := run(t, append(strings.Fields(args), "--server", url)...)
		if err != nil {
			t.Fatalf("%s: %v %s", args, err, text)
		}
		for _, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%s: %d columns: %s", args, n, line)
			}
			if strings.Contains(line, "\x1b") {
				t.Errorf("%s writes what was sent to the terminal: %q", args, line)
			}
		}
		all.WriteString("$ drover " + args + "\n" + text + "\n")
	}
	const golden = "testdata/one.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || string(want) != all.String() {
		t.Errorf("%v; go test ./internal/cli/operator -run OneOf -update writes what is now:\n%s", err, all.String())
	}
}

func TestOneOfAKindAsJSONIsTheThingItself(t *testing.T) {
	url, out := serve(t, nil)
	busy(out)
	for args, field := range map[string]string{"get server s1": "capacity", "get plan p-1": "steps", "get execution p-7": "rows", "get deadletter calls/0/3": "message", "describe deadletter calls/0/3": "value", "describe execution p-7": "steps"} {
		text, err := run(t, append(strings.Fields(args), "-o", "json", "--server", url)...)
		var v map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal([]byte(text), &v)
		}
		if err != nil || v[field] == nil {
			t.Errorf("%s -o json: %v, no %s in %.200s", args, err, field, text)
		}
	}
	text, err := run(t, "get", "series", "server:s1", "--resource", "memory", "-o", "json", "--server", url)
	var points []point
	if err == nil {
		err = json.Unmarshal([]byte(text), &points)
	}
	if err != nil || len(points) != 1 || points[0].Value != 8<<30 || points[0].Unit != "bytes" || points[0].At != nine {
		t.Errorf("%v %s", err, text)
	}
}

func TestNamesThatAreWrongSayWhatIsRight(t *testing.T) {
	url, _ := serve(t, nil)
	for args, want := range map[string]struct {
		says string
		code int
	}{
		"get series":                  {"for example `drover get series server:s01`", 2},
		"get edges web":               {"use --contains web", 2},
		"get server s9":               {`no server "s9"`, 1},
		"get plan p-9":                {"GET", 1},
		"get deadletter nothing":      {"no operation", 1},
		"get deadletter calls/9/9":    {"may have been dealt with", 1},
		"get fleet nowhere":           {`no fleet "nowhere"`, 1},
		"get forecast server:s9":      {"server:s9", 1},
		"describe cat x":              {"want one of server, application, plan, update, execution, forecast, deadletter", 2},
		"get scenarios 2026-01-01":    {"no decision at", 1},
		"get server s1 and something": {"accepts between 1 and 2", 2},
	} {
		if text, err := run(t, append(strings.Fields(args), "--server", url)...); err == nil || !strings.Contains(err.Error(), want.says) || cli.ExitCode(err) != want.code {
			t.Errorf("%s: exit %d, %v %s; want %d and %q", args, cli.ExitCode(err), err, text, want.code, want.says)
		}
	}
}

func TestFleetsAreListedWhereSeveralAre(t *testing.T) {
	url, out := serve(t, nil)
	out.model.Fold("far", model.Server{Fleet: "far", ID: "x1"})
	text, err := run(t, "get", "fleets", "--server", url)
	if err != nil || !strings.Contains(text, "far") || !strings.Contains(text, "shop") {
		t.Errorf("%v\n%s", err, text)
	}
	if _, err := run(t, "get", "servers", "--server", url); err == nil || !strings.Contains(err.Error(), "name one with --fleet: far, shop") {
		t.Errorf("two fleets and none named: %v", err)
	}
}

func TestShellsAreOfferedNames(t *testing.T) {
	url, _ := serve(t, nil)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"p-1\n", []string{"approve", "--server", url, ""}},
		{"p-1\n", []string{"watch", "--server", url, ""}},
		{"p-1\n", []string{"plan", "show", "--server", url, ""}},
		{"servers\napplications\n", []string{"get", ""}},
		{"s1\ns2\n", []string{"get", "servers", "--server", url, ""}},
		{"s1\ns2\n", []string{"describe", "server", "--server", url, ""}},
		{"server:s1\n", []string{"describe", "forecast", "--server", url, ""}},
		{"server\napplication\n", []string{"describe", ""}},
		{"s1\ns2\n", []string{"drain", "--server", url, ""}},
		{":36\n", []string{"approve", "--server", "http://127.0.0.1:1", ""}}, // nobody answers: no names, and no files
		{":4\n", []string{"get", "edges", "--server", url, ""}},
	} {
		text, err := run(t, append([]string{"__complete"}, c.args...)...)
		if err != nil || !strings.HasPrefix(text, c.want) {
			t.Errorf("%v: %v %q, want it to begin with %q", c.args, err, text, c.want)
		}
	}
}

func TestServersAreEmptiedAndTakenBack(t *testing.T) {
	url, out := serve(t, nil)
	for i, order := range []string{"drain", "undrain"} {
		text, err := run(t, order, "s1", "-m", "its fan", "--server", url)
		if err != nil || !strings.Contains(text, order+" of server s1 ordered by local") || !strings.Contains(text, "drover get server s1") {
			t.Errorf("%s: %v %s", order, err, text)
		}
		c, ok := out.sent[2*i+1].Event.(model.Control)
		if !ok || c.Server != "s1" || c.Comment != "its fan" || c.Plan != "" {
			t.Errorf("%s sends %+v", order, out.sent[2*i+1])
		}
		got, err := run(t, "get", "server", "s1", "--server", url)
		if drained := strings.Contains(got, "(drained)"); err != nil || drained != (order == "drain") {
			t.Errorf("after %s: %v\n%s", order, err, got)
		}
	}
	if _, err := run(t, "drain", "s9", "--server", url); err == nil || !strings.Contains(err.Error(), `no server "s9"`) {
		t.Errorf("a server that is not there: %v", err)
	}
}
