package stream

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

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
	Brokers []string
	Redis   string
	What    string // "raw" or "drover"
	Records int64
}

// BenchmarkStream measures CPU per record side by side on one real broker: a
// plain consumer that counts by key (the floor), Drover's forecaster doing its
// whole job, and Kafka Streams counting by key, at least once and exactly once.
// Each runs in a process of its own; what is printed is that process's user and
// system time over the records, start-up included. DROVER_BENCH_RECORDS says how
// many (2,000,000), DROVER_BENCH_SERIES over how many entities (10,000).
//
//	go test ./tests/stream -run '^$' -bench Stream -benchtime 1x
func BenchmarkStream(b *testing.B) {
	if text := os.Getenv(benchVariable); text != "" {
		return
	}
	servers.Need(b, "javac")
	records, entities := int64(setting("DROVER_BENCH_RECORDS", 2_000_000)), setting("DROVER_BENCH_SERIES", 10_000)
	up := servers.Start(b, 1)
	apply(b, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}})
	fillTopic(b, up, records, entities)
	result := map[string]any{"records": records, "series": entities, "goka": nil, "remote_write_ratio": nil}
	perRecord := func(cpu time.Duration) float64 { return float64(cpu.Microseconds()) / float64(records) }
	for b.Loop() {
		result["raw"] = perRecord(measure(b, benchJob{Brokers: up.Brokers, What: "raw", Records: records}))
		before := redisCPU(b, up.Redis)
		result["drover"] = perRecord(measure(b, benchJob{Brokers: up.Brokers, Redis: up.Redis, What: "drover", Records: records}))
		result["drover_redis"] = perRecord(redisCPU(b, up.Redis) - before)
		result["streams_alo"] = perRecord(measureStreams(b, up, records, "at_least_once"))
		result["streams_eos"] = perRecord(measureStreams(b, up, records, "exactly_once_v2"))
	}
	line, err := json.Marshal(result)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line)
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

// measure runs a job in a process of its own and returns its CPU time.
func measure(b *testing.B, j benchJob) time.Duration {
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

func cpuOf(b *testing.B, name string, env []string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v: %s", name, err, said.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
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
	return cpuOf(b, "java", nil, "-Xmx512m", "-cp", dir+":"+libs, "Count", strings.Join(up.Brokers, ","), "t.metrics", guarantee,
		strconv.FormatInt(records, 10), filepath.Join(dir, "state"))
}

// run is the measured process.
func (j benchJob) run(ctx context.Context) error {
	if j.What == "raw" {
		return j.raw(ctx)
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
	left := make(chan int64, 1)
	left <- j.Records
	return stream.Run(ctx, stream.Config{Connection: conn, Stage: stream.Forecaster, Topics: forecaster.Topics(), Store: states, Fenced: store.ErrFenced,
		NewTask: func(p int32) stage.Task {
			return &ending{Task: forecaster.NewTask(&config, p), left: left, end: cancel}
		}})
}

// ending ends the loop once all metrics have been folded.
type ending struct {
	stage.Task
	left   chan int64
	end    func()
	folded int64
}

// Handle implements stage.Task.
func (e *ending) Handle(rec stage.Record) ([]stage.Emission, error) {
	if _, ok := rec.Event.(model.Metric); ok {
		e.folded++
		if e.folded%256 == 0 {
			n := <-e.left - 256
			e.left <- n
			if n < 6*256 { // what is left of the six partitions' last 255
				e.end()
			}
		}
	}
	return e.Task.Handle(rec)
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
