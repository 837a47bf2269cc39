package mapping_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"drover/internal/ingest/format"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
)

// point builds a sample from "name{a=b,c=d}".
func point(series string, value float64, at model.Instant) *format.Point {
	name, rest, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	p := &format.Point{Name: name, Value: value, At: at}
	for _, l := range strings.Split(rest, ",") {
		if k, v, ok := strings.Cut(l, "="); ok {
			p.Labels = append(p.Labels, format.Label{Name: k, Value: v})
		}
	}
	p.Labels.Sort()
	return p
}

// flush returns what leaves the mapper, one line a metric.
func flush(m *mapping.Mapper, last bool) string {
	var b strings.Builder
	m.Flush(last, func(metric model.Metric) {
		fmt.Fprintf(&b, "%s@%d %s", metric.Entity, metric.At, metric.Producer)
		for _, s := range metric.Samples {
			fmt.Fprintf(&b, " %s/%d=%v", s.Resource, s.Kind, s.Value)
		}
		b.WriteByte('\n')
	})
	return b.String()
}

func shipped(t *testing.T) *mapping.Rules {
	t.Helper()
	rules, err := mapping.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestShippedMappings(t *testing.T) {
	for _, c := range []struct {
		name string
		in   map[string]float64
		want string
	}{
		{"node_exporter", map[string]float64{
			"node_cpu_seconds_total{cpu=0,instance=h1:9100,mode=user}": 1, "node_cpu_seconds_total{cpu=1,instance=h1:9100,mode=idle}": 50},
			"server:h1@5 p cpu/1=1000\n"},
		{"node_exporter memory", map[string]float64{"node_memory_MemTotal_bytes{instance=h1}": 8, "node_memory_MemAvailable_bytes{instance=h1}": 5},
			"server:h1@5 p memory/0=3\n"},
		{"half of a difference", map[string]float64{"node_memory_MemTotal_bytes{instance=h1}": 8}, ""},
		{"bridges do not count", map[string]float64{"node_network_receive_bytes_total{device=br-1,instance=h1}": 8}, ""},
		{"pod of a Deployment", map[string]float64{"container_memory_working_set_bytes{namespace=x,pod=web-5f6-abc}": 7,
			"container_memory_working_set_bytes{container=web,image=i,namespace=x,pod=web-5f6-abc}": 6}, "app:web@5 web-5f6-abc memory/0=7\n"},
		{"pod of a StatefulSet", map[string]float64{"pod_cpu_usage_seconds_total{pod=db-2}": 2}, "replica:db/2@5 db-2 cpu/1=2000\n"},
		{"kubelet's node", map[string]float64{"node_memory_working_set_bytes{node=n1}": 2}, "server:n1@5 p memory/0=2\n"},
		{"windows", map[string]float64{"windows_cpu_time_total{core=0,instance=w:9182,mode=user}": 2, "windows_cpu_time_total{core=0,instance=w:9182,mode=idle}": 9},
			"server:w@5 p cpu/1=2000\n"},
		{"no instance", map[string]float64{"node_cpu_seconds_total{mode=user}": 1}, ""},
		{"stale marker", map[string]float64{"pod_cpu_usage_seconds_total{pod=db-2}": math.NaN()}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mapping.NewMapper(shipped(t), format.Options{Producer: "p"})
			for series, value := range c.in {
				m.Add(point(series, value, 5))
			}
			if got := flush(m, true); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestUnitsAndDeltas(t *testing.T) {
	m := mapping.NewMapper(shipped(t), format.Options{})
	p := point("system.cpu.time{host.name=h,state=user}", 1500, 5)
	p.Unit, p.Type, p.IntervalMillis = "ms", format.TypeDelta, 3000
	m.Add(p)
	if got := flush(m, true); got != "server:h@5  cpu/0=500\n" {
		t.Errorf("1.5 s of CPU in 3 s: got %q, want a gauge of 500 millicores", got)
	}
	p.IntervalMillis = 0
	if m.Add(p) {
		t.Error("a delta without its interval was taken")
	}
}

func TestSumsWaitForTheirParts(t *testing.T) {
	m := mapping.NewMapper(shipped(t), format.Options{})
	cpu := func(mode string, at model.Instant) {
		m.Add(point("node_cpu_seconds_total{instance=h,mode="+mode+"}", 1, at))
	}
	cpu("user", 1)
	cpu("system", 1)
	if got := flush(m, false); got != "server:h@1  cpu/1=2000\n" {
		t.Fatalf("first: %q", got)
	}
	cpu("user", 2)
	if got := flush(m, false); got != "" {
		t.Fatalf("half: %q", got)
	}
	cpu("user", 2) // sent again
	cpu("system", 2)
	if got := flush(m, false); got != "server:h@2  cpu/1=2000\n" {
		t.Fatalf("whole: %q", got)
	}
	// A series that has gone holds a sum back until the next time comes.
	cpu("user", 3)
	if got := flush(m, false); got != "" {
		t.Fatalf("waiting: %q", got)
	}
	cpu("user", 4)
	if got := flush(m, false); got != "server:h@3  cpu/1=1000\nserver:h@4  cpu/1=1000\n" {
		t.Fatalf("after: %q", got)
	}
}

// TestKnownSeriesMapAsOthers sends the same points, cut into batches at random, to
// a mapper that is told which series it has met and to one that is not.
func TestKnownSeriesMapAsOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rules, known := shipped(t), map[string]*format.Series{}
	told, plain := mapping.NewMapper(rules, format.Options{Producer: "p"}), mapping.NewMapper(rules, format.Options{Producer: "p"})
	names := []string{"node_cpu_seconds_total{cpu=%d,instance=h%d:9100,mode=user}", "node_memory_MemTotal_bytes{n=%d,instance=h%d}",
		"node_memory_MemAvailable_bytes{n=%d,instance=h%d}", "pod_cpu_usage_seconds_total{n=%d,pod=db-%d}",
		"container_memory_working_set_bytes{n=%d,namespace=x,pod=web-5f6-abc%d}", "of_no_use{n=%d,instance=h%d}"}
	for n := range 4000 {
		series := fmt.Sprintf(names[rng.IntN(len(names))], rng.IntN(3), rng.IntN(4))
		value := float64(rng.IntN(100))
		if rng.IntN(20) == 0 {
			value = math.NaN()
		}
		p := point(series, value, model.Instant(1+n/60*1000+rng.IntN(2)*1000))
		if rng.IntN(30) == 0 {
			p.Type, p.IntervalMillis = format.TypeDelta, int64(rng.IntN(2)*1000)
		}
		q := *p
		if known[series] == nil {
			known[series] = &format.Series{Name: p.Name, Labels: p.Labels, Hash: xxhash.Sum64(p.AppendIdentity(nil)), Bytes: p.Labels.Size()}
		}
		q.Series = known[series]
		if a, b := plain.Add(p), told.Add(&q); a != b {
			t.Fatalf("%s: wanted %v, of a known series %v", series, a, b)
		}
		if rng.IntN(25) == 0 || n == 3999 {
			if a, b := flush(plain, n == 3999), flush(told, n == 3999); a != b {
				t.Fatalf("after %d points:\n%s\nof known series\n%s", n, a, b)
			}
		}
	}
}

func TestAMapperLeavesWhatAnotherHasFoundOut(t *testing.T) {
	p := point("node_memory_MemTotal_bytes{instance=h}", 8, 1)
	p.Series = &format.Series{Name: p.Name, Labels: p.Labels, Hash: 1}
	for _, name := range []string{"a", "b", "a"} {
		rules := &mapping.Rules{}
		if err := rules.Add([]byte("outputs: [{entity: 'server:{instance}', producer: " + name + ", resource: memory, terms: [{metric: node_memory_MemTotal_bytes}]}]")); err != nil {
			t.Fatal(err)
		}
		m := mapping.NewMapper(rules, format.Options{})
		m.Add(p)
		if got, want := flush(m, true), "server:h@1 "+name+" memory/0=8\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestManySeriesOfOneSumCountOnce(t *testing.T) {
	m := mapping.NewMapper(shipped(t), format.Options{})
	for range 2 {
		for cpu := range 200 {
			m.Add(point(fmt.Sprintf("node_cpu_seconds_total{cpu=%d,instance=h,mode=user}", cpu), 1, 1))
		}
	}
	if got := flush(m, false); got != "server:h@1  cpu/1=200000\n" {
		t.Errorf("got %q", got)
	}
}

func TestMappingFaults(t *testing.T) {
	for _, text := range []string{
		"outputs: [{}]",
		"outputs: [{entity: 'server:{x', resource: cpu, terms: [{metric: a}]}]",
		"outputs: [{entity: 'server:{x|y}', resource: cpu, terms: [{metric: a}]}]",
		"outputs: [{entity: 'server:{x}', resource: gpu, terms: [{metric: a}]}]",
		"outputs: [{entity: 'server:{x}', resource: cpu, kind: rate, terms: [{metric: a}]}]",
		"outputs: [{entity: 'server:{x}', resource: cpu, terms: []}]",
		"outputs: [{entity: 'server:{x}', resource: cpu, terms: [{metric: ''}]}]",
		"outputs: [{entity: 'server:{x}', resource: cpu, terms: [{metric: a, match: {b: '('}}]}]",
		"outputs: [{entity: 'server:{x}', resource: cpu, terms: [{metric: a, extra: 1}]}]",
		"outputs: 5",
	} {
		if err := new(mapping.Rules).Add([]byte(text)); err == nil {
			t.Errorf("%s passed", text)
		}
	}
}

func TestFirstMappingWins(t *testing.T) {
	rules := &mapping.Rules{}
	if err := rules.Add([]byte("outputs: [{entity: 'server:{instance}', resource: memory, terms: [{metric: node_memory_MemTotal_bytes}]}]")); err != nil {
		t.Fatal(err)
	}
	if err := rules.AddShipped(); err != nil {
		t.Fatal(err)
	}
	m := mapping.NewMapper(rules, format.Options{})
	m.Add(point("node_memory_MemTotal_bytes{instance=h}", 8, 1))
	m.Add(point("node_memory_MemAvailable_bytes{instance=h}", 5, 1))
	if got := flush(m, true); got != "server:h@1  memory/0=8\n" {
		t.Errorf("got %q", got)
	}
}
