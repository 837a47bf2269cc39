package operator

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stage"
	"drover/internal/web/access"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
)

var update = flag.Bool("update", false, "write the golden outputs anew")

var nine = model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))

// sink folds what is published, as the topics would.
type sink struct {
	mu    sync.Mutex
	model *readmodel.Model
	sent  []stage.Emission
}

func (s *sink) PublishAll(_ context.Context, emissions []stage.Emission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, emissions...)
	for _, e := range emissions {
		s.model.Fold(e.Fleet, e.Event)
	}
	return nil
}

// serve serves a small fleet with a plan that waits; rules may be nil.
func serve(t *testing.T, rules *access.Rules) (string, *sink) {
	t.Helper()
	m := readmodel.New(readmodel.DefaultLimits())
	out := &sink{model: m}
	plan := model.Plan{Fleet: "shop", ID: "p-1", Tick: nine, State: model.PlanProposed, Waves: 1, NeedsApproval: true, Reason: "1 move in 1 wave: broken promises 4 -> 0, cost 2.00 -> 1.50 over 6h, confidence 93.0 %",
		ViolationsBefore: 4, CostBefore: 2_000_000, CostAfter: 1_500_000, ConfidencePPM: 930_000,
		Moves: []model.Move{{Replica: "web/0", Application: "web", From: "s1", To: "s2", Wave: 1, DataBytes: 1 << 30, Reason: "SLO capacity of s1: its CPU would be at 104 % in high load; saves 4 broken promises"}}}
	for _, e := range []any{
		model.Server{Fleet: "shop", ID: "s1", Zone: "a", Rack: "a1", Capacity: model.Vector{model.CPU: 4000, model.Memory: 16 << 30}}, model.Server{Fleet: "shop", ID: "s2", Zone: "b", Rack: "b1", Capacity: model.Vector{model.CPU: 4000, model.Memory: 16 << 30}},
		model.Application{Fleet: "shop", ID: "web", Replicas: 1, Placement: []model.ServerID{"s1"}, SLO: model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: 300_000, AvailabilityPPM: 999_000}},
		model.Edge{Fleet: "shop", Caller: "web", Callee: "api", Origins: model.Observed, CallsPerSecond: 12, P95Micros: 9000, FirstSeen: nine, LastSeen: nine},
		model.Metric{Fleet: "shop", Entity: "server:s1", At: nine, Samples: []model.Sample{{Resource: model.CPU, Value: 3000}, {Resource: model.Memory, Value: 8 << 30}}},
		model.Forecast{Fleet: "shop", Entity: "server:s1", Resource: model.CPU, Origin: nine, Step: 5 * time.Minute, Observed: 3000, ObservedAt: nine, Trusted: true, Model: "ensemble", MASE: 0.7, Coverage80: 0.8, Samples: 40,
			Quantiles: model.Quantiles{Levels: []float64{0.1, 0.5, 0.95}, Values: [][]float64{{2900, 3100, 3300}, {3000, 3400, 4200}}, Mean: []float64{3100, 3450}}},
		model.Plan{Fleet: "shop", ID: "p-0", Tick: nine.Add(-time.Hour), State: model.PlanProposed, Waves: 1, Reason: "2 moves in 1 wave", Moves: []model.Move{
			{Replica: "web/0", Application: "web", From: "s2", To: "s1", Wave: 1, Reason: "cost: empties s2"}, {Index: 1, Replica: "api/0", Application: "api", From: "s2", To: "s1", Wave: 1, Reason: "cost: empties s2"}},
			Dropped: []model.DroppedMove{{Index: 1, Reason: "SLO capacity: s1 would be at 104.0 % of its cpu"}}},
		model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-0", MoveIndex: -1, State: model.PlanRolledBack, At: nine.Add(-40 * time.Minute), Reason: "move 0 (web/0): cut-over: refused"},
		model.Evaluation{Fleet: "shop", Tick: nine, PlanID: "p-1", Decision: "plan", Reason: plan.Reason, Demands: []model.ServiceDemand{{Application: "web", Micros: 4512, ErrorMicros: 310, BaseMilli: 20, Samples: 288}}, Updates: []model.ServerUpdate{
			{Roll: "u-6", Maintenance: "u-6/s3", Server: "s3", Hook: "bios", State: model.UpdateDraining, Start: nine, End: nine.Add(time.Hour),
				Reason: "impossible as things stand: web/0 stays, no server has room for its 20.0 GiB of memory: s1 comes nearest and lacks 8.0 GiB; what would fix it: one more server like s1"},
			{Roll: "u-6", Maintenance: "u-6/s4", Server: "s4", Hook: "bios", State: model.UpdateMissed, Start: nine, End: nine.Add(time.Hour),
				Reason: "its window ended at 2026-03-02T09:00:00Z; order it again"},
			{Roll: "u-7", Maintenance: "u-7/s1", Server: "s1", Hook: "kernel", State: model.UpdateFailed, Start: nine, End: nine.Add(8 * time.Hour), Plan: "p-0", Reason: "update: exit status 1: no space left on /boot"},
			{Roll: "u-7", Maintenance: "u-7/s2", Server: "s2", Hook: "kernel", State: model.UpdateWaiting, Start: nine.Add(2 * time.Hour), End: nine.Add(8 * time.Hour), Reason: "the update of s1 failed (update: exit status 1: no space left on /boot)"}},
			Balances: []model.PlanBalance{{Plan: "p-0", State: model.PlanRolledBack, Moves: 2, Succeeded: 1, Failed: 1, ExpectedEnd: nine.Add(-50 * time.Minute), Ended: nine.Add(-40 * time.Minute),
				PromisesBefore: 6, PromisesExpected: 0, PromisesHad: 4, CostBefore: 2_100_000, CostExpected: 1_500_000, CostHad: 2_000_000}},
			Stages: []model.Stage{{Period: 2, At: nine.Add(2 * time.Hour), Moves: []model.StagedMove{{Replica: "web/0", From: "s2", To: "s1", Reason: "cost: empties s2"}}, SavedMicros: 90_000,
				Reason: "0.0900 less by 1 move, beyond their cost, over 4h: load has fallen by then"}},
			Scenarios: []model.ScenarioResult{{Name: "high load", Kind: model.ScenarioHighLoad, Weight: 0.2, ViolationsBefore: 4, CostBefore: 2_000_000, CostAfter: 1_500_000,
				Worst: []model.Margin{{Application: "web", Kind: model.SLOResponse, MarginPPM: 120_000, Valid: true}}}}},
		plan, model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-1", MoveIndex: -1, State: model.PlanProposed, At: nine},
		model.DeadLetter{Topic: "metrics", Partition: 1, Offset: 7, At: nine, Stage: "forecaster", Class: "value", Message: "entity is empty"},
	} {
		m.Fold("shop", e)
	}
	gate, err := access.NewGate(rules, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.New(api.Config{Model: m, Publisher: out, Gate: gate, Planning: func(model.FleetID) scenario.Config { return scenario.DefaultConfig() },
		Log: slog.New(slog.DiscardHandler), NewID: func() string { return "o-1" }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL, out
}

// run runs a command as main does and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("DROVER_CONTEXTS", filepath.Join(t.TempDir(), "none.yaml"))
	return runAs(t, args...)
}

func runAs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "drover", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestOutputsStayAsPeopleKnowThem(t *testing.T) {
	url, _ := serve(t, nil)
	var all strings.Builder
	for _, args := range []string{"get servers", "get applications", "get edges", "get forecasts", "get outlook", "get margins", "get decisions", "get plans", "get deadletters", "get log", "get executions",
		"describe server s1", "describe application web", "get updates", "describe update u-7", "describe update u-6", "plan show p-0", "plan show p-1", "explain p-1", "explain server:s1", "plan list -o wide", "get servers -o yaml --limit 1"} {
		out, err := run(t, append(strings.Fields(args), "--server", url)...)
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		if !strings.Contains(args, "-o") {
			for _, line := range strings.Split(out, "\n") {
				if utf8.RuneCountInString(line) > 80 {
					t.Errorf("%s: a line of more than 80 columns: %s", args, line)
				}
			}
		}
		all.WriteString("$ drover " + args + "\n" + out + "\n")
	}
	const golden = "testdata/outputs.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != all.String() {
		t.Errorf("the outputs have changed; look at them, then go test ./internal/cli/operator -update:\n%s", all.String())
	}
}

func TestAnOrderGoesOut(t *testing.T) {
	url, sent := serve(t, nil)
	out, err := run(t, "approve", "p-1", "-m", "go on", "--server", url)
	if err != nil || !strings.Contains(out, "approve of plan p-1 ordered by local") || !strings.Contains(out, "drover watch p-1") {
		t.Fatalf("%s %v", out, err)
	}
	order := sent.sent[len(sent.sent)-1].Event.(model.Control)
	if order.Kind != model.ControlApprove || order.Plan != "p-1" || order.Comment != "go on" {
		t.Errorf("sent %+v", order)
	}
	for _, args := range [][]string{{"pause"}, {"kill"}, {"revive"}, {"stop", "p-1", "--mode", "compensate"}, {"plan", "resume", "p-1"}} {
		if out, err := run(t, append(args, "--server", url)...); err != nil {
			t.Errorf("%v: %s %v", args, out, err)
		}
	}
	if last := sent.sent[len(sent.sent)-3].Event.(model.Control); last.Mode != model.StopCompensate {
		t.Errorf("stop went out as %+v", last)
	}
}

func TestWatchingEndsWithThePlan(t *testing.T) {
	for state, want := range map[model.PlanState]int{model.PlanSucceeded: 0, model.PlanRolledBack: 1} {
		url, s := serve(t, nil)
		s.model.Fold("shop", model.Outcome{Fleet: "shop", Kind: model.OutcomeMove, Plan: "p-1", Replica: "web/0", Server: "s2", State: state, At: nine})
		s.model.Fold("shop", model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-1", MoveIndex: -1, State: state, At: nine, Reason: "so"})
		out, err := run(t, "watch", "--server", url)
		if cli.ExitCode(err) != want || !strings.Contains(out, "web/0 s1>s2") || strings.Contains(out, "\x1b") {
			t.Errorf("%s: exit %d, %q", state, cli.ExitCode(err), out)
		}
	}
}

func TestErrorsSayWhatToDoNext(t *testing.T) {
	_, hash := access.NewToken()
	closed, _ := serve(t, &access.Rules{Tokens: []access.Token{{Name: "a", Role: access.Viewer, TokenSHA256: hash}}})
	url, _ := serve(t, nil)
	notOurs := httptest.NewServer(http.NotFoundHandler())
	defer notOurs.Close()
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{"start `drover up`", 1, []string{"get", "servers", "--server", "http://127.0.0.1:1"}},
		{"give --token-file", 1, []string{"get", "servers", "--server", closed}},
		{"is --server right?", 1, []string{"get", "servers", "--server", notOurs.URL}},
		{"want a URL", 1, []string{"get", "servers", "--server", "nonsense"}},
		{"want one of servers", 2, []string{"get", "cats", "--server", url}},
		{"want table, wide", 2, []string{"get", "servers", "-o", "xml", "--server", url}},
		{"name servers, or --zone", 2, []string{"update", "servers", "--hook", "kernel", "--server", url}},
		{"\"hook\" not set", 2, []string{"update", "servers", "s1", "--server", url}},
		{"--from \"soon\"", 2, []string{"update", "servers", "s1", "--hook", "kernel", "--from", "soon", "--server", url}},
		{"--takes 0s", 2, []string{"update", "servers", "s1", "--hook", "kernel", "--takes", "0s", "--server", url}},
		{"no server of fleet shop stands there", 1, []string{"update", "servers", "--zone", "q", "--hook", "kernel", "--server", url}},
		{"in update u-7 (waiting) already", 1, []string{"update", "servers", "s2", "--hook", "kernel", "--server", url}},
		{"no update \"u-9\"", 1, []string{"update", "cancel", "u-9", "--server", url}},
		{"drover get updates", 1, []string{"describe", "update", "u-9", "--server", url}},
		{"no plan \"p-9\"", 1, []string{"plan", "show", "p-9", "--server", url}},
		{"no fleet \"x\"", 1, []string{"get", "servers", "--fleet", "x", "--server", url}},
		{"want finish, compensate or leave", 2, []string{"stop", "p-1", "--mode", "now", "--server", url}},
		{"context list", 1, []string{"get", "servers", "--context", "gone"}},
		{"--token-file", 1, []string{"get", "servers", "--token-file", "/none", "--server", url}},
		{"want one of server, application, plan", 2, []string{"describe", "cat", "x", "--server", url}},
	} {
		if out, err := run(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) || cli.ExitCode(err) != c.code {
			t.Errorf("%v: exit %d %v %s; want %d and %q", c.args, cli.ExitCode(err), err, out, c.code, c.want)
		}
	}
}

func TestEmptyNamesNeverBecomeARequest(t *testing.T) {
	for _, args := range [][]string{
		{"explain", ""}, {"describe", "server", ""}, {"describe", "", "s1"}, {"get", ""}, {"get", "plans", " "},
		{"plan", "show", ""}, {"plan", "watch", ""}, {"plan", "approve", ""}, {"watch", ""}, {"approve", ""}, {"reject", ""},
		{"stop", ""}, {"pause", ""}, {"drain", ""}, {"update", "servers", "s1", "", "--hook", "kernel"},
		{"update", "cancel", ""}, {"context", "use", ""}, {"context", "set", ""},
	} {
		out, err := run(t, append(args, "--server", "http://127.0.0.1:1")...)
		if err == nil || cli.ExitCode(err) != 2 || !strings.Contains(err.Error(), "is empty: want drover "+args[0]) {
			t.Errorf("%q: exit %d %v %s; want 2 and what is empty", args, cli.ExitCode(err), err, out)
		}
	}
}

func TestContextsNameWhereAFleetIs(t *testing.T) {
	url, _ := serve(t, nil)
	t.Setenv("DROVER_CONTEXTS", filepath.Join(t.TempDir(), "c", "contexts.yaml"))
	for _, args := range [][]string{{"context", "set", "shop", "--server", url, "--fleet", "shop"}, {"context", "set", "far", "--server", "http://127.0.0.1:1"}, {"context", "use", "shop"}, {"get", "servers"}} {
		if out, err := runAs(t, args...); err != nil {
			t.Fatalf("%v: %s %v", args, out, err)
		}
	}
	if out, err := runAs(t, "context", "list"); err != nil || !strings.Contains(out, "*  shop") || !strings.Contains(out, "far") {
		t.Errorf("%s %v", out, err)
	}
	if _, err := runAs(t, "get", "servers", "--context", "far"); err == nil {
		t.Error("the far fleet answers")
	}
	if _, err := runAs(t, "context", "use", "gone"); err == nil {
		t.Error("a context that is not there is used")
	}
}

func TestAnUpdateIsOrdered(t *testing.T) {
	url, sent := serve(t, nil)
	out, err := run(t, "update", "servers", "--zone", "a", "--hook", "firmware", "--at-once", "2", "--from", "22:00", "--until", "5h", "--takes", "20m", "-m", "CVE", "--server", url)
	if err != nil || !strings.Contains(out, `update u-1 of 1 servers by "firmware" ordered by local`) || !strings.Contains(out, "drover describe update u-1") {
		t.Fatalf("%s %v", out, err)
	}
	order := sent.sent[len(sent.sent)-1].Event.(model.Control)
	night := nine.Add(13 * time.Hour)
	if order.Kind != model.ControlUpdate || len(order.Servers) != 1 || order.Servers[0] != "s1" || order.Hook != "firmware" || order.AtOnce != 2 ||
		order.EarliestStart != night || order.LatestEnd != night.Add(5*time.Hour) || order.Duration != 20*time.Minute || order.Comment != "CVE" {
		t.Errorf("sent %+v", order)
	}
	for _, action := range []string{"retry", "cancel"} {
		if out, err := run(t, "update", action, "u-7", "--server", url); err != nil || !strings.Contains(out, action+" of update u-7 ordered by local") {
			t.Errorf("%s: %s %v", action, out, err)
		}
	}
}
