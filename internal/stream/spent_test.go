package stream

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"drover/internal/model"
	"drover/internal/stage"
)

// A coordinator that gave a transaction up answers its end in ways of which the
// client takes some for the end of itself, and after others still takes itself to
// be in the transaction. The stage must go on, and what it says stand once.
func TestATransactionThatWasGivenUpEndsNoStage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code int16
		err  error
	}{
		"invalid state":   {code: kerr.InvalidTxnState.Code},
		"fenced":          {code: kerr.ProducerFenced.Code},
		"old epoch":       {code: kerr.InvalidProducerEpoch.Code},
		"not mapped":      {code: kerr.InvalidProducerIDMapping.Code},
		"abortable":       {code: kerr.TransactionAbortable.Code},
		"unknown":         {code: kerr.UnknownServerError.Code},
		"no coordinator":  {code: kerr.CoordinatorNotAvailable.Code},
		"connection ends": {err: errors.New("cut")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, broker := connectBroker(t)
			var ends atomic.Int32
			broker.cluster.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
				broker.cluster.KeepControl()
				if n := ends.Add(1); n%3 != 2 { // the second of each three is given up
					return nil, nil, false
				}
				resp := req.ResponseKind().(*kmsg.EndTxnResponse)
				resp.ErrorCode = c.code
				return resp, c.err, true
			})
			start(t, Config{Connection: conn, Stage: Executor, Topics: []string{Metrics}, Mode: Transaction, Store: newStates(), Instance: "executor-0",
				Fenced: errFenced, SaveEvery: 20 * time.Millisecond, NewTask: func(n int32) stage.Task { return newCounting(n) }})
			p := producer(t, conn)
			const records = 6
			for at := int64(1); at <= records; at++ {
				if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", at)); err != nil {
					t.Fatal(err)
				}
				await(t, conn, int(at), nil, Forecasts)
			}
			var got []int64
			if err := conn.ReadAll(t.Context(), func(e Entry) error { got = append(got, e.Event.(model.Forecast).Samples); return nil }, Forecasts); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != "[1 2 3 4 5 6]" || ends.Load() < records {
				t.Errorf("counted %v in %d transactions, want each of 6 once", got, ends.Load())
			}
		})
	}
}
