package planning

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/actuator"
	"drover/internal/cli/operator"
	"drover/internal/cli/up"
	"drover/internal/model"
	"drover/internal/web/api"
	"drover/tests/child"
)

// updateFleet is five servers of which one more than is needed is always free.
const updateFleet = `
fleet: shop
history_days: 1
servers:
  - {id: s1, zone: a, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
  - {id: s2, zone: a, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
  - {id: s3, zone: a, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
  - {id: s4, zone: a, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
  - {id: s5, zone: a, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
applications:
  - {id: web, on: [s1, s2], requests_per_second: 40, demand_ms: 5}
  - {id: api, on: [s3, s4], requests_per_second: 40, demand_ms: 5}
`

// mover is a driver that is asked by its standard input and does at once, and
// well, all it is told to.
const mover = `read request
case $request in
*'"capabilities"'*) echo '{"version":1,"ok":true,"capabilities":{"name":"mover","steps":["admit","provision","replicate","catch-up","cut-over","watch","retire"]}}' ;;
*'"method":"status"'*) echo '{"version":1,"ok":true,"status":{"state":"unknown"}}' ;;
*) echo '{"version":1,"ok":true}' ;;
esac
`

// hook is an update that fails on the third server until it is told not to. It
// notes every server it was run on.
const hook = `echo "$1" >>"$0.log"
if [ "$(sort -u "$0.log" | wc -l)" -ge 3 ] && [ ! -e "$0.mended" ]; then echo "no space left on /boot" >&2; exit 1; fi
`

// house is a `drover up` in this process.
type house struct {
	t    *testing.T
	out  *child.Output
	url  string
	hook string
}

func newHouse(t *testing.T) *house {
	dir := t.TempDir()
	h := &house{t: t, out: &child.Output{}, hook: filepath.Join(dir, "hook.sh")}
	drivers, err := json.Marshal(map[string]any{
		"default": "mover",
		"drivers": map[string]any{
			"mover":  map[string]any{"kind": "exec", "argv": []string{"sh", filepath.Join(dir, "mover.sh")}},
			"update": map[string]any{"kind": "update", "hooks": map[string]any{"kernel": map[string]any{"argv": []string{"sh", h.hook, "{server}"}}}},
		},
		"executor": map[string]any{"watch": "1ms", "back_off": "1ms", "probe": "20ms", "beat": "50ms"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, what := range map[string][]byte{"fleet.yaml": []byte(updateFleet), "mover.sh": []byte(mover), "hook.sh": []byte(hook), "drivers.json": drivers} {
		if err := os.WriteFile(filepath.Join(dir, name), what, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := up.Command()
	c.SetArgs([]string{"--listen", "127.0.0.1:0", "--fleet", filepath.Join(dir, "fleet.yaml"), "--drivers", filepath.Join(dir, "drivers.json"), "--speed", "600x"})
	c.SetOut(h.out)
	c.SetErr(io.Discard)
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("drover up: %v\n%s", err, h.out)
		}
	})
	h.await("an address", func() bool {
		_, after, ok := strings.Cut(h.out.String(), "page at ")
		h.url, _, _ = strings.Cut(after, "/\n")
		return ok && strings.Contains(after, "\n")
	})
	h.await("the first decision", func() bool { return strings.Contains(h.out.String(), "  decide ") })
	return h
}

// await waits for something with patience.
func (h *house) await(what string, ready func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 4*time.Minute)
	defer cancel()
	if err := actuator.Poll(ctx, 50*time.Millisecond, func() (bool, error) { return ready(), nil }); err != nil {
		h.t.Fatalf("%s: never\n%s", what, h.out)
	}
}

// drover runs one of the operator's commands.
func (h *house) drover(args ...string) string {
	h.t.Helper()
	root := &cobra.Command{Use: "drover", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(operator.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(append(args, "--server", h.url))
	if err := root.ExecuteContext(h.t.Context()); err != nil {
		h.t.Fatalf("drover %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

// updates returns the servers of a roll by state.
func (h *house) updates(roll string) map[model.UpdateState][]model.ServerID {
	h.t.Helper()
	var rows []api.ServerUpdate
	if err := json.Unmarshal([]byte(h.drover("describe", "update", roll, "-o", "json")), &rows); err != nil {
		h.t.Fatal(err)
	}
	out := map[model.UpdateState][]model.ServerID{}
	for _, u := range rows {
		out[u.State] = append(out[u.State], u.Server)
	}
	return out
}

// TestServersAreUpdatedOneAfterTheOtherByOrder is the way of an update from a
// person's order to the program that is run on each server, on the embedded
// broker with real drivers: drained, handed over, stopped by the first failure,
// gone on with when a person says so.
func TestServersAreUpdatedOneAfterTheOtherByOrder(t *testing.T) {
	t.Setenv("DROVER_CONTEXTS", filepath.Join(t.TempDir(), "none.yaml"))
	h := newHouse(t)
	var ordered api.Ordered
	order := h.drover("update", "servers", "s1", "s2", "s3", "s4", "--hook", "kernel", "--takes", "10m", "-m", "CVE", "-o", "json")
	if err := json.Unmarshal([]byte(order), &ordered); err != nil {
		t.Fatal(err)
	}
	h.await("the order", func() bool { return strings.Contains(h.drover("get", "updates"), ordered.ID) })
	h.await("the failure of the third", func() bool { return len(h.updates(ordered.ID)[model.UpdateFailed]) == 1 })
	at := h.updates(ordered.ID)
	failed := at[model.UpdateFailed][0]
	if len(at[model.UpdateDone]) != 2 || len(at[model.UpdateWaiting]) != 1 {
		t.Errorf("after the failure: %v", at)
	}
	said := h.drover("describe", "update", ordered.ID)
	for _, want := range []string{"2 of 4 servers done, 1 failed, 1 waiting", string(failed) + " failed", "no space left on /boot", "It has stopped: drover update retry " + ordered.ID} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
			t.Errorf("describe update lacks %q:\n%s", want, said)
		}
	}
	if list := h.drover("get", "updates"); !strings.Contains(list, ordered.ID) {
		t.Errorf("get updates:\n%s", list)
	}
	// The one that failed stays empty.
	if on := h.replicas(failed); len(on) > 0 {
		t.Errorf("%s, whose update failed, has %v", failed, on)
	}

	if err := os.WriteFile(h.hook+".mended", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.drover("update", "retry", ordered.ID, "-m", "made room")
	h.await("the others", func() bool { return len(h.updates(ordered.ID)[model.UpdateDone]) == 4 })
	if ran := h.ran(); len(slices.Compact(ran)) != 4 || ran[len(ran)-1] == failed {
		t.Errorf("the hook was run on %v, want the four and the failed %s before the last", ran, failed)
	}
}

func (h *house) replicas(on model.ServerID) []model.ReplicaID {
	h.t.Helper()
	var host api.Host
	if err := json.Unmarshal([]byte(h.drover("describe", "server", string(on), "-o", "json")), &host); err != nil {
		h.t.Fatal(err)
	}
	return host.Replicas
}

// ran lists the servers that the hook was run on, in order.
func (h *house) ran() []model.ServerID {
	h.t.Helper()
	log, err := os.ReadFile(h.hook + ".log")
	if err != nil {
		h.t.Fatal(err)
	}
	var out []model.ServerID
	for _, s := range strings.Fields(string(log)) {
		out = append(out, model.ServerID(s))
	}
	return out
}
