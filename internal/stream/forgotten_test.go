package stream

import (
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"drover/internal/model"
	"drover/internal/stage"
)

// gated holds every record back until its gate is open.
type gated struct {
	stage.Task
	gate chan struct{}
	once *sync.Once
	here chan struct{} // closed when the first record has come
}

func (g gated) Handle(rec stage.Record) ([]stage.Emission, error) {
	if _, ok := rec.Event.(model.Metric); ok {
		g.once.Do(func() { close(g.here) })
		<-g.gate
	}
	return g.Task.Handle(rec)
}

// A member that the group forgets while it folds must not wait for the end of its
// transaction for ever: the client can't tell it before, and sends no heartbeat.
func TestAForgottenMemberGoesOn(t *testing.T) {
	t.Parallel()
	conn, broker := connectBroker(t)
	gate, here, once := make(chan struct{}), make(chan struct{}), new(sync.Once)
	start(t, Config{Connection: conn, Stage: Executor, Topics: []string{Metrics}, Mode: Transaction, Store: newStates(),
		Fenced: errFenced, SaveEvery: 20 * time.Millisecond,
		NewTask: func(n int32) stage.Task { return gated{newCounting(n), gate, once, here} }})

	p := producer(t, conn)
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	<-here
	told := make(chan struct{})
	broker.cluster.ControlKey(int16(kmsg.ConsumerGroupHeartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
		resp.ErrorCode = kerr.UnknownMemberID.Code
		close(told)
		return resp, nil, true
	})
	<-told
	close(gate)
	if f := await(t, conn, 1, nil, Forecasts)[0].Event.(model.Forecast); f.Samples != 1 {
		t.Errorf("%d samples folded, want one", f.Samples)
	}
}
