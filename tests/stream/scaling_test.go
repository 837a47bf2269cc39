package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

// crew is a group of members of one stage within this process, on a real broker,
// and what is sent to them.
type crew struct {
	t       *testing.T
	conn    *stream.Connection
	config  stream.Config
	events  *chronicle
	keys    []stage.Emission // one for each partition of the first topic
	classic bool
	rounds  int64
}

// shift is one way to run a stage.
type shift struct {
	stage      string
	mode       stream.Mode
	topics     []string
	partitions int32
	classic    bool
	event      func(model.FleetID, int64) any
}

func (s shift) name() string {
	if s.classic {
		return s.stage + "-classic"
	}
	return s.stage
}

// shifts are the stages as the services run them.
func shifts() []shift {
	metric := func(f model.FleetID, n int64) any {
		return model.Metric{Fleet: f, Entity: "server:" + model.EntityID(f), At: model.Instant(n), Producer: "test"}
	}
	forecast := func(f model.FleetID, n int64) any {
		return model.Forecast{Fleet: f, Entity: "server:a", Origin: model.Instant(n)}
	}
	order := func(f model.FleetID, n int64) any {
		return model.Control{Fleet: f, ID: fmt.Sprint(n), Kind: model.ControlPause, At: model.Instant(n)}
	}
	return []shift{
		{stage: stream.Forecaster, topics: []string{stream.Metrics, stream.Paths, stream.Calls}, partitions: 6, event: metric},
		{stage: stream.Forecaster, topics: []string{stream.Metrics, stream.Paths, stream.Calls}, partitions: 6, event: metric, classic: true},
		{stage: stream.Planner, mode: stream.Transaction, topics: []string{stream.Forecasts, stream.Graph}, partitions: 3, event: forecast},
		{stage: stream.Executor, mode: stream.Transaction, topics: []string{stream.Control, stream.Plans}, partitions: 3, event: order},
	}
}

func newCrew(t *testing.T, up *servers.Servers, name string, s shift) *crew {
	t.Helper()
	prefix := name + "."
	conn := applyUnder(t, prefix, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}})
	states, err := store.Open(store.Config{Addresses: []string{up.Redis}, Namespace: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = states.Close() })
	c := &crew{t: t, conn: conn, events: &chronicle{}, classic: s.classic, config: stream.Config{Connection: conn, Stage: s.stage, Topics: s.topics,
		Mode: s.mode, Store: states, Fenced: store.ErrFenced, SaveEvery: 500 * time.Millisecond, Classic: s.classic, SessionTimeout: 10 * time.Second}}
	for n := 0; len(c.keys) < int(s.partitions); n++ {
		fleet := model.FleetID(fmt.Sprint("fleet", n))
		at := stream.Partition(s.topics[0], fleet, "key", s.partitions)
		if !slices.ContainsFunc(c.keys, func(e stage.Emission) bool { return e.Partition == at }) {
			c.keys = append(c.keys, stage.Emission{Topic: s.topics[0], Fleet: fleet, Key: "key", Partition: at, Event: s.event})
		}
	}
	return c
}

// feed sends a round, one record to each partition, every few milliseconds until
// the returned function is called, which waits for the end.
func (c *crew) feed() (stop func()) {
	p, err := stream.NewProducer(c.conn)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan error, 1)
	go func() {
		defer p.Close()
		for ctx.Err() == nil {
			c.rounds++
			out := slices.Clone(c.keys)
			for i := range out {
				out[i].Event = out[i].Event.(func(model.FleetID, int64) any)(out[i].Fleet, c.rounds)
			}
			if err := p.PublishAll(context.WithoutCancel(ctx), out); err != nil {
				done <- err
				return
			}
			c.events.add(note{what: sent})
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
		done <- nil
	}()
	return sync.OnceFunc(func() {
		c.t.Helper()
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
}

// join starts a member; instance may be empty. The returned function ends it in
// order.
func (c *crew) join(member, instance string) (leave func()) {
	config := c.config
	config.Instance = instance
	config.NewTask = func(int32) stage.Task {
		return &tally{Positions: stage.Positions{}, Counts: map[string]int64{}, events: c.events, member: member}
	}
	config.OnAssigned = func(a stream.Assignment) { c.events.add(note{assigned, member, a.Partition, a.Epoch, time.Now()}) }
	config.OnRevoked = func(n int32) { c.events.add(note{revoked, member, n, 0, time.Now()}) }
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan error, 1)
	go func() { done <- stream.Run(ctx, config) }()
	leave = sync.OnceFunc(func() {
		c.t.Helper()
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
	c.t.Cleanup(leave)
	return leave
}

// await waits until so many members own all partitions evenly and every
// partition has folded a record since.
func (c *crew) await(members int) {
	c.t.Helper()
	c.until(fmt.Sprintf("%d members share", members), func(notes []note) bool {
		count := map[string]int{}
		owner := owners(notes)
		for _, m := range owner {
			count[m]++
		}
		if len(owner) != len(c.keys) || len(count) != members {
			return false
		}
		for _, n := range count {
			if n > (len(c.keys)+members-1)/members {
				return false
			}
		}
		return true
	})
	c.flow()
}

// flow waits until every partition has folded records from now on.
func (c *crew) flow() {
	c.t.Helper()
	from := c.events.length()
	c.until("every partition goes on", func(notes []note) bool {
		seen := map[int32]int{}
		for _, n := range notes[from:] {
			if n.what == folded {
				seen[n.partition]++
			}
		}
		for _, k := range c.keys {
			if seen[k.Partition] < 20 {
				return false
			}
		}
		return true
	})
}

func (c *crew) until(what string, ok func([]note) bool) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		notes := c.events.copy()
		if ok(notes) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not within two minutes; owners %v", what, owners(notes))
		}
	}
}

// onceEach checks that every record of every key was counted once and in order,
// whoever counted it, and that an orderly hand-over repeated nothing.
func (c *crew) onceEach() {
	c.t.Helper()
	next, want := map[string]int64{}, c.rounds*int64(len(c.keys))
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	all := errors.New("all came")
	read := int64(0)
	err := c.conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		v, ok := e.Event.(model.Evaluation)
		if !ok {
			return fmt.Errorf("%+v", e)
		}
		key, text, _ := strings.Cut(v.Decision, "#")
		var n int64
		if _, err := fmt.Sscan(text, &n); err != nil || n != next[key]+1 {
			c.t.Errorf("%s: %s after %d", key, text, next[key])
		}
		next[key] = n
		if read++; read == want {
			return all
		}
		return nil
	}, stream.Scenarios)
	if !errors.Is(err, all) {
		c.t.Fatalf("%d of %d came: %v", read, want, err)
	}
}

// groupType asks the broker which protocol a group uses: "consumer" is KIP-848's.
func groupType(t *testing.T, client *kgo.Client, group string) string {
	t.Helper()
	found := ""
	for _, shard := range client.RequestSharded(t.Context(), kmsg.NewPtrListGroupsRequest()) {
		if shard.Err != nil {
			t.Fatal(shard.Err)
		}
		for _, g := range shard.Resp.(*kmsg.ListGroupsResponse).Groups {
			if g.Group == group {
				found = g.GroupType
			}
		}
	}
	return found
}

// TestStagesScaleWithoutStopping takes each stage from one to three members while
// records flow. Partitions that stay are not touched and go on meanwhile; those
// that move lose and repeat nothing. It prints the longest pauses.
func TestStagesScaleWithoutStopping(t *testing.T) {
	up := servers.Start(t, 1)
	client, err := kgo.NewClient(kgo.SeedBrokers(up.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	for _, s := range shifts() {
		t.Run(s.name(), func(t *testing.T) {
			c := newCrew(t, up, s.name(), s)
			stop := c.feed()
			defer stop()
			c.join("a", "")
			c.await(1)
			from := c.events.length()
			c.flow()
			calm := pauses(c.events.copy()[from:])
			for i, member := range []string{"b", "c"} {
				from := c.events.length()
				c.join(member, "")
				c.await(i + 2)
				report := judge(t, c.events.copy(), from)
				report.Stage, report.Members, report.CalmMS = s.name(), i+2, slices.Max(calm)
				line, err := json.Marshal(report)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s", line)
			}
			c.protocol(client, s)
			stop()
			c.onceEach()
		})
	}
}

// protocol asserts which protocol the group really uses.
func (c *crew) protocol(client *kgo.Client, s shift) {
	c.t.Helper()
	group, want := c.conn.Name(s.stage), "consumer"
	if s.classic {
		want = "classic"
	}
	if got := groupType(c.t, client, group); got != want {
		c.t.Errorf("group %s is of type %q, want %q", group, got, want)
	}
	if !s.classic {
		return
	}
	described, err := kadm.NewClient(client).DescribeGroups(c.t.Context(), group)
	if err != nil {
		c.t.Fatal(err)
	}
	if g := described[group]; g.ProtocolType != "consumer" || g.Protocol != "drover-number" || g.State != "Stable" {
		c.t.Errorf("group %s: %s, %s, %s", group, g.ProtocolType, g.Protocol, g.State)
	}
}

// TestAStaticMemberRestartsWithoutARebalance ends one of two static members in
// order and starts it again under its name: it gets the same partitions in the
// same epoch, and the other member hears nothing of it.
func TestAStaticMemberRestartsWithoutARebalance(t *testing.T) {
	up := servers.Start(t, 1)
	for _, s := range shifts()[:3] {
		t.Run(s.name(), func(t *testing.T) {
			c := newCrew(t, up, "static-"+s.name(), s)
			stop := c.feed()
			defer stop()
			leave := c.join("a", "first")
			c.await(1)
			c.join("b", "second")
			c.await(2)
			before := c.events.copy()
			leave()
			left := c.events.length()
			c.join("a", "first")
			c.await(2)
			after := c.events.copy()
			if was, is := owners(before), owners(after); fmt.Sprint(was) != fmt.Sprint(is) {
				t.Errorf("partitions moved: %v, now %v", was, is)
			}
			for _, n := range after[len(before):] {
				if n.member == "b" && (n.what == assigned || n.what == revoked) {
					t.Errorf("the other member was disturbed: %+v", n)
				}
			}
			want := newest(before)
			for _, n := range after[left:] {
				if n.what == assigned && n.epoch != want {
					t.Errorf("the restart came in epoch %d, before it was %d: there was a rebalance", n.epoch, want)
				}
			}
			stop()
			c.onceEach()
		})
	}
}
