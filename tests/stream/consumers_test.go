package stream

import (
	"fmt"
	"testing"
	"time"

	"drover/internal/stream"
	"drover/tests/stream/servers"
)

// BenchmarkConsumers runs the forecaster's whole job with one, two and four
// members of its group on a real broker, and reports CPU a record: that of the
// process that holds them, since members share nothing but the broker.
// DROVER_BENCH_RECORDS (600,000 here) and DROVER_BENCH_SERIES are as for
// BenchmarkStream.
//
//	go test ./tests/stream -run '^$' -bench Consumers -benchtime 1x
func BenchmarkConsumers(b *testing.B) {
	records, entities := int64(setting("DROVER_BENCH_RECORDS", 600_000)), setting("DROVER_BENCH_SERIES", 10_000)
	up := servers.Start(b, 1)
	apply(b, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}})
	fillTopic(b, up, records, entities)
	for _, members := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("consumers=%d", members), func(b *testing.B) {
			for b.Loop() {
				cpu, _ := measure(b, benchJob{Brokers: up.Brokers, Redis: up.Redis, What: "drover", Records: records, Members: members,
					Interval: 15 * time.Minute, Group: fmt.Sprint("consumers-", members, "-", time.Now().UnixNano())})
				b.ReportMetric(float64(cpu.Nanoseconds())/float64(records), "cpu-ns/record")
			}
		})
	}
}
