package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Admin creates topics and compares them with the table.
type Admin struct {
	conn   *Connection
	client *kgo.Client
	admin  *kadm.Client
}

// NewAdmin returns an admin.
func NewAdmin(conn *Connection) (*Admin, error) {
	client, err := conn.client()
	if err != nil {
		return nil, err
	}
	return &Admin{conn: conn, client: client, admin: kadm.NewClient(client)}, nil
}

// Close ends the connections.
func (a *Admin) Close() { a.client.Close() }

// Await waits until a broker answers, at most for so long.
func (a *Admin) Await(ctx context.Context, patience time.Duration) error {
	deadline, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		once, end := context.WithTimeout(deadline, 2*time.Second)
		err := a.client.Ping(once)
		end()
		if err == nil {
			return nil
		}
		select {
		case <-deadline.Done():
			return a.conn.dials.explain(fmt.Errorf("kafka: no broker answered within %v: %w", patience, err))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Plan says how topics are to be.
type Plan struct {
	Partitions Partitions
	// Replicas is the replication factor; 0 leaves it to the broker.
	Replicas int16
	// MinInSync is min.insync.replicas; 0 leaves it to the broker.
	MinInSync int
}

func (p Plan) configs(t Topic) map[string]string {
	configs := t.Configs()
	if p.MinInSync > 0 {
		configs["min.insync.replicas"] = fmt.Sprint(p.MinInSync)
	}
	return configs
}

// Change is one difference between the table and the broker.
type Change struct {
	Topic  string // the broker's name
	What   string // "create", "config retention.ms", "partitions", "replicas"
	Have   string
	Want   string
	Manual bool // Apply does not do it
}

// String writes the change as a line.
func (c Change) String() string {
	line := c.Topic + ": " + c.What
	if c.Have != "" || c.Want != "" {
		line += fmt.Sprintf(": have %q, want %q", c.Have, c.Want)
	}
	if c.Manual {
		line += " (not done by apply: see docs/topics.md)"
	}
	return line
}

// details asks for every topic of the table.
func (a *Admin) details(ctx context.Context) (kadm.TopicDetails, error) {
	names := make([]string, 0, len(topology))
	for _, t := range topology {
		names = append(names, a.conn.Name(t.Name))
	}
	details, err := a.admin.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return details, nil
}

// Check returns what differs, in the order of the table.
func (a *Admin) Check(ctx context.Context, plan Plan) ([]Change, error) {
	details, err := a.details(ctx)
	if err != nil {
		return nil, err
	}
	var there []string
	for _, d := range details {
		if d.Err == nil {
			there = append(there, d.Topic)
		}
	}
	configs := map[string]map[string]string{}
	if len(there) > 0 {
		described, err := a.admin.DescribeTopicConfigs(ctx, there...)
		if err != nil {
			return nil, fmt.Errorf("describe topics: %w", err)
		}
		for _, r := range described {
			configs[r.Name] = map[string]string{}
			for _, c := range r.Configs {
				configs[r.Name][c.Key] = c.MaybeValue()
			}
		}
	}
	var out []Change
	for _, t := range topology {
		changes, err := a.compare(t, plan, details[a.conn.Name(t.Name)], configs[a.conn.Name(t.Name)])
		if err != nil {
			return nil, err
		}
		out = append(out, changes...)
	}
	return out, nil
}

func (a *Admin) compare(t Topic, plan Plan, have kadm.TopicDetail, configs map[string]string) ([]Change, error) {
	name := a.conn.Name(t.Name)
	if have.Topic == "" || errors.Is(have.Err, kerr.UnknownTopicOrPartition) {
		return []Change{{Topic: name, What: "create"}}, nil
	}
	if have.Err != nil {
		return nil, a.conn.explain(fmt.Errorf("topic %s: %w", name, have.Err), "DESCRIBE", name)
	}
	var out []Change
	if n, want := int32(len(have.Partitions)), plan.Partitions.Of(t); n != want {
		out = append(out, Change{name, "partitions", fmt.Sprint(n), fmt.Sprint(want), true})
	}
	if n := have.Partitions.NumReplicas(); plan.Replicas > 0 && n != int(plan.Replicas) {
		out = append(out, Change{name, "replicas", fmt.Sprint(n), fmt.Sprint(plan.Replicas), true})
	}
	want := plan.configs(t)
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if configs[key] != want[key] {
			out = append(out, Change{name, "config " + key, configs[key], want[key], false})
		}
	}
	return out, nil
}

// Widths returns how many partitions the topics have that are there.
func (a *Admin) Widths(ctx context.Context) (map[string]int32, error) {
	details, err := a.details(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]int32{}
	for _, d := range details {
		if d.Err == nil && len(d.Partitions) > 0 {
			out[a.conn.logical(d.Topic)] = int32(len(d.Partitions))
		}
	}
	return out, nil
}

// Held returns how many records topics hold; it waits a moment for brokers that do
// not know of topics yet that have just been made.
func (a *Admin) Held(ctx context.Context, topics ...string) (n int64, err error) {
	const tries = 40
	for try := 1; ; try++ {
		if n, err = a.held(ctx, a.conn.names(topics)); err == nil {
			return n, nil
		}
		if try == tries || !sleep(ctx, 500*time.Millisecond) {
			return 0, fmt.Errorf("how much topics hold: %w", err)
		}
	}
}

func (a *Admin) held(ctx context.Context, names []string) (n int64, err error) {
	starts, err := a.admin.ListStartOffsets(ctx, names...)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return 0, err
	}
	ends, err := a.admin.ListEndOffsets(ctx, names...)
	if err == nil {
		err = ends.Error()
	}
	ends.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(o.Topic, o.Partition)
		n += o.Offset - start.Offset
	})
	return n, err
}

// Apply creates what is missing and sets what can be set while the topic is in
// use, and returns what it did and what is left to people.
func (a *Admin) Apply(ctx context.Context, plan Plan) ([]Change, error) {
	changes, err := a.Check(ctx, plan)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		t, err := TopicNamed(a.conn.logical(c.Topic))
		if err != nil {
			return nil, err
		}
		switch {
		case c.Manual:
		case c.What == "create":
			err = a.create(ctx, t, plan)
		default:
			err = a.set(ctx, c)
		}
		if err != nil {
			return nil, fmt.Errorf("topic %s: %s: %w", c.Topic, c.What, err)
		}
	}
	return changes, a.known(ctx, plan)
}

// known waits until the brokers tell of every topic: a new one takes them a
// moment.
func (a *Admin) known(ctx context.Context, plan Plan) error {
	for {
		left, err := a.Check(ctx, plan)
		if err != nil {
			return err
		}
		missing := slices.IndexFunc(left, func(c Change) bool { return c.What == "create" })
		if missing < 0 {
			return nil
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return fmt.Errorf("topic %s was made, but brokers don't tell of it yet: %w", left[missing].Topic, ctx.Err())
		}
	}
}

func (a *Admin) create(ctx context.Context, t Topic, plan Plan) error {
	replicas := plan.Replicas
	if replicas == 0 {
		replicas = -1
	}
	configs := map[string]*string{}
	for k, v := range plan.configs(t) {
		configs[k] = kadm.StringPtr(v)
	}
	_, err := a.admin.CreateTopic(ctx, plan.Partitions.Of(t), replicas, configs, a.conn.Name(t.Name))
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return nil // someone else was as quick
	}
	return err
}

func (a *Admin) set(ctx context.Context, c Change) error {
	key := c.What[len("config "):]
	answers, err := a.admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: kadm.StringPtr(c.Want)}}, c.Topic)
	if err != nil {
		return err
	}
	for _, r := range answers {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}
