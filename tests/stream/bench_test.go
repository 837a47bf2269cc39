package stream

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"drover/internal/forecaster"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

//go:embed testdata/Count.java
var countJava string

// benchJob is what a measured process is told, as JSON in this variable.
const benchVariable = "DROVER_TEST_BENCH"

type benchJob struct {
	Brokers  []string
	Redis    string
	What     string // "raw", "drover" or "produce"
	Records  int64
	Interval time.Duration // between two ticks of the forecaster
	Group    string        // under which the job reads; a run of its own
	Profile  string        // where a CPU profile goes; empty: none
	Single   bool          // "produce": a record a sample
	Members  int           // "drover": consumers of the group, all in this process; 0: one
}

// benchResult is the last line. All but the ratios and counts are CPU us a record.
type benchResult struct {
	Raw         float64 `json:"raw"`
	Drover      float64 `json:"drover"`
	DroverRedis float64 `json:"drover_redis"`
	StreamsALO  float64 `json:"streams_alo"`
	StreamsEOS  float64 `json:"streams_eos"`
	Goka        float64 `json:"goka"`
	// RemoteWriteRatio is samples per CPU second, over those of a bare producer
	// that sends each sample with its labels as a record; the other one over those
	// of one that sends the very records that Drover makes of them.
	RemoteWriteRatio     float64 `json:"remote_write_ratio"`
	RemoteWriteSameRatio float64 `json:"remote_write_ratio_same_records"`
	// DroverFive is Drover with a tick every five minutes.
	DroverFive    float64 `json:"drover_5m_ticks"`
	Records       int64   `json:"records"`
	Entities      int     `json:"entities"`
	Forecasts     int64   `json:"forecasts"`
	ForecastsFive int64   `json:"forecasts_5m_ticks"`
	// Startup is what each process takes before its first record, in CPU s: it is
	// contained in the figures above, and is that of a run of startupRecords.
	Startup map[string]float64 `json:"startup_cpu_s"`
}

// startupRecords is so little that a run of it is the start alone.
const startupRecords = 100

// BenchmarkStream measures CPU per record side by side on one real broker: a
// plain consumer that counts by key (the floor), Drover's forecaster doing its
// whole job with a tick every quarter of an hour and every five minutes, Kafka
// Streams counting by key, at least once and exactly once, goka counting by key;
// and samples over HTTP beside a bare producer. Each runs in a process of its
// own; what is printed is that process's user and system time, start-up included.
// DROVER_BENCH_RECORDS says how many records (2,000,000), DROVER_BENCH_SERIES
// over how many entities (10,000), four series each; DROVER_BENCH_ONLY, with
// commas between, which contestants are measured (all); DROVER_BENCH_PROFILE names
// a file for a CPU profile of Drover's, DROVER_BENCH_WRAP a command that measured
// processes are run by.
//
//	go test ./tests/stream -run '^$' -bench Stream -benchtime 1x
func BenchmarkStream(b *testing.B) {
	if text := os.Getenv(benchVariable); text != "" {
		return
	}
	servers.Need(b, "javac")
	r := benchResult{Records: int64(setting("DROVER_BENCH_RECORDS", 2_000_000)), Entities: setting("DROVER_BENCH_SERIES", 10_000)}
	up := servers.Start(b, 1)
	apply(b, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}})
	fillTopic(b, up, r.Records, r.Entities)
	perRecord := func(cpu time.Duration) float64 { return micros(cpu, r.Records) }
	contestants := []contestant{
		{"raw", func() []any {
			cpu, _ := measure(b, benchJob{Brokers: up.Brokers, What: "raw", Records: r.Records})
			r.Raw = perRecord(cpu)
			return []any{r.Raw}
		}},
		{"drover", func() []any {
			r.Drover, r.DroverRedis, r.Forecasts = measureDrover(b, up, r.Records, 15*time.Minute)
			return []any{r.Drover, r.DroverRedis, r.Forecasts}
		}},
		{"drover_5m_ticks", func() []any {
			r.DroverFive, _, r.ForecastsFive = measureDrover(b, up, r.Records, 5*time.Minute)
			return []any{r.DroverFive, r.ForecastsFive}
		}},
		{"streams_alo", func() []any {
			r.StreamsALO = perRecord(measureStreams(b, up, r.Records, "at_least_once"))
			return []any{r.StreamsALO}
		}},
		{"streams_eos", func() []any {
			r.StreamsEOS = perRecord(measureStreams(b, up, r.Records, "exactly_once_v2"))
			return []any{r.StreamsEOS}
		}},
		{"goka", func() []any {
			r.Goka = perRecord(measureGoka(b, up, r.Records))
			return []any{r.Goka}
		}},
		{"remote_write", func() []any {
			r.RemoteWriteRatio, r.RemoteWriteSameRatio = measureRemoteWrite(b, up)
			return []any{r.RemoteWriteRatio, r.RemoteWriteSameRatio}
		}},
		{"startup", func() []any {
			r.Startup = measureStartup(b, up)
			return []any{r.Startup}
		}},
	}
	for b.Loop() {
		for _, c := range contestants {
			if only := os.Getenv("DROVER_BENCH_ONLY"); only == "" || slices.Contains(strings.Split(only, ","), c.name) {
				progress(c.name, c.measure()...)
			}
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line)
}

// contestant is one thing that is measured; what it returns is told at once.
type contestant struct {
	name    string
	measure func() []any
}

// progress says what has been measured: the whole takes minutes.
func progress(what string, figures ...any) {
	fmt.Fprintln(os.Stderr, append([]any{what}, figures...)...)
}

// measureStartup runs every contestant on a handful of records.
func measureStartup(b *testing.B, up *servers.Servers) map[string]float64 {
	b.Helper()
	seconds := func(cpu time.Duration) float64 { return math.Round(cpu.Seconds()*100) / 100 }
	raw, _ := measure(b, benchJob{Brokers: up.Brokers, What: "raw", Records: startupRecords})
	drover, _ := measure(b, benchJob{Brokers: up.Brokers, Redis: up.Redis, What: "drover", Records: startupRecords, Interval: 15 * time.Minute, Group: "startup"})
	return map[string]float64{"raw": seconds(raw), "drover": seconds(drover),
		"streams_alo": seconds(measureStreams(b, up, startupRecords, "at_least_once")),
		"streams_eos": seconds(measureStreams(b, up, startupRecords, "exactly_once_v2"))}
}

// micros returns us a record, to a hundredth.
func micros(cpu time.Duration, records int64) float64 {
	return math.Round(float64(cpu.Nanoseconds())/float64(records)/10) / 100
}

// measureDrover runs the forecaster and returns CPU a record, its own and Redis',
// and how many forecasts it published.
func measureDrover(b *testing.B, up *servers.Servers, records int64, interval time.Duration) (own, redis float64, forecasts int64) {
	b.Helper()
	before := redisCPU(b, up.Redis)
	cpu, said := measure(b, benchJob{Brokers: up.Brokers, Redis: up.Redis, What: "drover", Records: records, Interval: interval,
		Group: "forecaster-" + interval.String(), Profile: os.Getenv("DROVER_BENCH_PROFILE")})
	if _, err := fmt.Sscanf(said, "forecasts %d", &forecasts); err != nil {
		b.Fatalf("the job said %q: %v", said, err)
	}
	return micros(cpu, records), micros(redisCPU(b, up.Redis)-before, records), forecasts
}

// fillTopic publishes the records: an entity's four samples, minute after minute.
func fillTopic(b *testing.B, up *servers.Servers, records int64, entities int) {
	b.Helper()
	conn, err := connect(b.Context(), up.Brokers, nil)
	if err != nil {
		b.Fatal(err)
	}
	p, err := stream.NewProducer(conn)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	at := model.Instant(1_790_000_000_000)
	var out []stage.Emission
	for i := range records {
		n := int(i) % entities
		if n == 0 {
			at = at.Add(time.Minute)
			out = append(out, stage.Emission{Topic: stream.Metrics, Fleet: "f", Partition: stage.EveryPartition, Event: model.Heartbeat{Producer: "bench", At: at}})
		}
		id := model.ServerEntity(model.ServerID("s" + strconv.Itoa(n)))
		v := float64(i%97) + float64(n%13)
		out = append(out, stage.Emission{Topic: stream.Metrics, Fleet: "f", Key: string(id), Partition: stage.ByKey, Event: model.Metric{Fleet: "f", Entity: id, At: at, Producer: "bench",
			Samples: []model.Sample{{Resource: model.CPU, Value: 100 * v}, {Resource: model.Memory, Value: 1e6 * v}, {Resource: model.Receive, Value: 10 * v}, {Resource: model.Transmit, Value: 11 * v}}}})
		if len(out) >= 20_000 || i == records-1 {
			if err := p.PublishAll(b.Context(), out); err != nil {
				b.Fatal(err)
			}
			out = out[:0]
		}
	}
}

// measure runs a job in a process of its own and returns its CPU time and what it
// said.
func measure(b *testing.B, j benchJob) (time.Duration, string) {
	b.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		b.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	return cpuOf(b, binary, []string{benchVariable + "=" + string(text)})
}

// wrapped is a command as DROVER_BENCH_WRAP wants it run: by another that becomes
// it, such as "taskset -c 1".
func wrapped(name string, args ...string) *exec.Cmd {
	all := append(strings.Fields(os.Getenv("DROVER_BENCH_WRAP")), append([]string{name}, args...)...)
	return exec.Command(all[0], all[1:]...)
}

func cpuOf(b *testing.B, name string, env []string, args ...string) (time.Duration, string) {
	b.Helper()
	cmd := wrapped(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v: %s%s", name, err, said.String(), complained.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), said.String()
}

// redisCPU returns the CPU time that Redis has used.
func redisCPU(b *testing.B, address string) time.Duration {
	b.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	info, err := client.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum float64
	for _, line := range strings.Split(info, "\r\n") {
		for _, field := range []string{"used_cpu_sys:", "used_cpu_user:"} {
			if text, ok := strings.CutPrefix(line, field); ok {
				v, err := strconv.ParseFloat(text, 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += v
			}
		}
	}
	return time.Duration(sum * float64(time.Second))
}

// measureStreams compiles and runs Kafka Streams' count by key.
func measureStreams(b *testing.B, up *servers.Servers, records int64, guarantee string) time.Duration {
	b.Helper()
	home := os.Getenv("DROVER_KAFKA_HOME")
	if home == "" {
		cache, err := os.UserHomeDir()
		if err != nil {
			b.Fatal(err)
		}
		home = filepath.Join(cache, ".cache", "drover", "kafka")
	}
	dir, libs := b.TempDir(), filepath.Join(home, "libs-4.3.1", "*")
	source := filepath.Join(dir, "Count.java")
	if err := os.WriteFile(source, []byte(countJava), 0o600); err != nil {
		b.Fatal(err)
	}
	cpuOf(b, "javac", nil, "-cp", libs, "-d", dir, source)
	cpu, _ := cpuOf(b, "java", nil, "-Xmx512m", "-cp", dir+":"+libs, "Count", strings.Join(up.Brokers, ","), "t.metrics", guarantee,
		strconv.FormatInt(records, 10), filepath.Join(dir, "state"))
	return cpu
}

//go:embed testdata/goka/*.txt
var gokaModule embed.FS

// measureGoka builds and runs goka's count by key. It is a module of its own, laid
// out here, so that nothing of Drover depends on goka.
func measureGoka(b *testing.B, up *servers.Servers, records int64) time.Duration {
	b.Helper()
	dir := b.TempDir()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		text, err := gokaModule.ReadFile("testdata/goka/" + name + ".txt")
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "goka")
	cpuOf(b, "go", nil, "build", "-C", dir, "-o", binary, ".")
	cpu, _ := cpuOf(b, binary, nil, strings.Join(up.Brokers, ","), "t.metrics", strconv.FormatInt(records, 10), filepath.Join(dir, "tables"))
	return cpu
}

// run is the measured process.
func (j benchJob) run(ctx context.Context) error {
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	switch j.What {
	case "raw":
		return j.raw(ctx)
	case "produce":
		return j.produce(ctx)
	}
	conn, err := connect(ctx, j.Brokers, nil)
	if err != nil {
		return err
	}
	states, err := store.Open(store.Config{Addresses: []string{j.Redis}, Namespace: "bench."})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	config := forecaster.DefaultConfig()
	config.MetricPartitions, config.CallPartitions, config.PathPartitions = 6, 6, 6
	config.Interval = j.Interval
	var left, forecasts atomic.Int64
	left.Store(j.Records)
	var members errgroup.Group
	for range max(1, j.Members) {
		members.Go(func() error {
			return stream.Run(ctx, stream.Config{Connection: conn, Stage: stream.Forecaster, Group: j.Group, Topics: forecaster.Topics(), Store: states, Fenced: store.ErrFenced,
				NewTask: func(p int32) stage.Task {
					return &ending{Task: forecaster.NewTask(&config, p), left: &left, forecasts: &forecasts, end: cancel}
				}})
		})
	}
	err = members.Wait()
	fmt.Printf("forecasts %d\n", forecasts.Load())
	return err
}

// ending ends the loop once all metrics have been folded, and counts forecasts.
type ending struct {
	stage.Task
	left, forecasts *atomic.Int64
	end             func()
}

// Handle implements stage.Task.
func (e *ending) Handle(rec stage.Record) ([]stage.Emission, error) {
	out, err := e.Task.Handle(rec)
	if _, ok := rec.Event.(model.Metric); ok && e.left.Add(-1) == 0 {
		e.end()
	}
	return out, err
}

// Recycle implements stage.Recycler: it hears of every forecast once.
func (e *ending) Recycle(event any) {
	if _, ok := event.(model.Forecast); ok {
		e.forecasts.Add(1)
	}
	e.Task.(stage.Recycler).Recycle(event)
}

// raw counts by key with the bare client.
func (j benchJob) raw(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(j.Brokers...), kgo.ConsumeTopics("t.metrics"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	counts, n := map[string]int64{}, int64(0)
	for n < j.Records {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			counts[string(r.Key)]++
			n++
		})
	}
	return nil
}
