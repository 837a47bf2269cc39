package stream

import (
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
)

func TestOneRecordGoesThrough(t *testing.T) {
	for _, mode := range []Mode{Snapshot, Transaction} {
		conn := connect(t)
		p := producer(t, conn)
		start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
			Mode: mode, Store: newStates(), Fenced: errFenced, SaveEvery: 50 * time.Millisecond})
		if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
			t.Fatal(err)
		}
		got := await(t, conn, 1, nil, Forecasts)
		if f := got[0].Event.(model.Forecast); f.Samples != 1 || f.Entity != "server:a" {
			t.Errorf("mode %d: got %+v", mode, f)
		}
	}
}

// lastCount passes once n entities have reached a count.
func lastCount(n int, count int64) func(Entry) bool {
	done := map[model.EntityID]bool{}
	return func(e Entry) bool {
		if f, ok := e.Event.(model.Forecast); ok && f.Samples == count {
			done[f.Entity] = true
		}
		return len(done) == n
	}
}

func TestKeysGoWhereKafkaSaysTheyGo(t *testing.T) {
	// From org.apache.kafka.common.utils.UtilsTest.testMurmur2.
	for text, want := range map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107} {
		if got := int32(murmur2([]byte(text))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", text, got, want)
		}
	}
	for i := range 50 {
		key := string(rune('a' + i))
		if Partition(Plans, "fleet", key, 3) != Partition(Servers, "fleet", "other", 3) {
			t.Fatal("two records of one fleet are in different partitions")
		}
	}
	seen := map[int32]bool{}
	for i := range 50 {
		seen[Partition(Metrics, "fleet", string(rune('a'+i)), 6)] = true
	}
	if len(seen) != 6 {
		t.Errorf("50 entities are in %d of 6 partitions", len(seen))
	}
}

func TestTracesGoOn(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, NewTask: newCounting, Store: newStates(), Fenced: errFenced})
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if err := p.Publish(WithTrace(t.Context(), parent), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	got := await(t, conn, 1, nil, Forecasts)[0].Trace
	if len(got) != len(parent) || got[:36] != parent[:36] || got == parent {
		t.Errorf("trace %q does not follow %q", got, parent)
	}
}

func TestServicesAreToldWhatIsDurable(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	store := newStates()
	told := make(chan stage.Emission, 10)
	assigned := make(chan Assignment, 10)
	config := Config{Connection: conn, Stage: Executor, Topics: []string{Metrics}, NewTask: newCounting, Mode: Transaction, Store: store, Fenced: errFenced,
		OnAssigned: func(a Assignment) { assigned <- a },
		OnCommitted: func(_ int32, emissions []stage.Emission) {
			for _, e := range emissions {
				told <- e
			}
		}}
	stop := start(t, config)
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	if f := (<-told).Event.(model.Forecast); f.Samples != 1 {
		t.Errorf("told of %+v", f)
	}
	await(t, conn, 1, nil, Forecasts) // durable by then
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	first := map[int32]int64{}
	for range 4 {
		a := <-assigned
		first[a.Partition] = a.Epoch
	}
	start(t, config)
	for range 4 {
		a := <-assigned
		if a.Epoch <= first[a.Partition] {
			t.Errorf("partition %d: epoch %d after %d", a.Partition, a.Epoch, first[a.Partition])
		}
		if n := Partition(Metrics, "f", "server:a", 4); a.Partition == n && a.Task.(*counting).Counts["server:a"] != 1 {
			t.Errorf("the task came without its state: %+v", a.Task)
		}
	}
}
