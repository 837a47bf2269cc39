package executor

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/model"
	"drover/internal/saga"
	"drover/internal/stage"
	"drover/internal/stream"
)

// BenchmarkThousandSimulatedMoves plays 1,000 plans of one move at once through the
// executor's task, from the plans to the last outcome; an operation is one step.
func BenchmarkThousandSimulatedMoves(b *testing.B) {
	const plans = 1000
	config := DefaultConfig()
	config.Interval, config.Beat = 60*time.Second, 10*time.Second
	config.Saga.Limits = saga.Limits{}
	config.Simulate = simulator.New(simulator.DefaultConfig()).Perform
	steps, began := 0, used()
	for steps < b.N {
		task := NewTask(&config, 0)
		offsets := map[string]int64{}
		feed := func(topic string, event any) {
			out, err := task.Handle(stage.Record{Topic: topic, Offset: offsets[topic], Event: event})
			if err != nil {
				b.Fatal(err)
			}
			offsets[topic]++
			for _, e := range out {
				if s, ok := e.Event.(model.Step); ok && s.Phase == model.PhaseIntent {
					steps++
				}
			}
		}
		for i := range plans {
			p := plan(model.PlanID(fmt.Sprintf("p-%d", i)), 600*second, model.ReplicaID(fmt.Sprintf("app%d/0", i)))
			p.Moves[0].DataBytes = 10 << 30 // its copy tells how far it is
			feed(stream.Plans, p)
		}
		before := steps
		for tick := model.Instant(600 * second); tick < 1200*second; tick += 60 * second {
			feed(stream.Plans, model.Marker{Source: "planner/0", Sources: 1, At: tick})
			for at := tick + 10*second; at <= tick+60*second; at += 10 * second {
				feed(stream.Control, model.Heartbeat{Producer: "p", At: at})
			}
		}
		if got := steps - before; got != plans*7 {
			b.Fatalf("%d steps, want %d", got, plans*7)
		}
	}
	b.ReportMetric(float64((used()-began).Microseconds())/float64(steps), "cpu-us/step")
}

// used returns the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it can't fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
