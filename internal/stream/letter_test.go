package stream

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
)

// A record that is too large to be taken, or too large for a letter beside its
// reason, stops no stage, whatever it is that is large.
func TestHugeRecordsBecomeLettersWithoutThem(t *testing.T) {
	t.Parallel()
	huge := bytes.Repeat([]byte{7}, MaxRecordBytes+1000)
	key := func(n int) []byte { return append([]byte("f|"), huge[:n]...) }
	for _, mode := range []Mode{Snapshot, Transaction} {
		t.Run(fmt.Sprint("mode ", mode), func(t *testing.T) {
			t.Parallel()
			conn := connect(t)
			record := func(key, value, header []byte) *kgo.Record {
				return &kgo.Record{Topic: conn.Name(Metrics), Key: key, Value: value, Headers: []kgo.RecordHeader{{Key: "h", Value: header}}}
			}
			hugeRaw(t, conn, record(key(1), huge, huge[:5]), record(key(1), huge[:MaxRecordBytes-40], huge[:5]), record(key(1), huge[:9], huge[:MaxRecordBytes-100]),
				record(key(MaxRecordBytes-100), huge[:9], huge[:5]), record(huge[:MaxRecordBytes-100], huge[:9], huge[:5]),
				record(key(1), huge[:9], []byte("small")))
			start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, Mode: mode, NewTask: newCounting, Store: newStates(),
				Fenced: errFenced, SaveEvery: 20 * time.Millisecond})
			var got []string
			for _, e := range await(t, conn, 6, nil, DeadLetters) {
				l := e.Event.(model.DeadLetter)
				got = append(got, fmt.Sprintf("%d %s value:%v headers:%v key:%v %s", l.Offset, l.Class, l.Value != nil, l.Headers["h"] != nil, l.Key != nil, l.Headers[headerLeftOut]))
			}
			want := []string{
				"0 size value:false headers:true key:true value (4195304 bytes)",
				"1 decode value:false headers:true key:true value (4194264 bytes)",
				"2 decode value:false headers:false key:true value (9 bytes), headers (4194221 bytes)",
				"3 decode value:false headers:true key:false value (9 bytes), key (4194206 bytes)",
				"4 decode value:false headers:true key:false value (9 bytes), key (4194204 bytes)",
				"5 decode value:true headers:true key:true ",
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("letters\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// hugeRaw publishes into partition 0 what our own clients would refuse to send.
func hugeRaw(t *testing.T, conn *Connection, records ...*kgo.Record) {
	t.Helper()
	client, err := conn.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(5<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, r := range records {
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReasonsAreBounded(t *testing.T) {
	rec := &kgo.Record{Key: []byte("f|k"), Value: []byte("v")}
	for _, text := range []string{strings.Repeat("é", mostReason), "short"} {
		l := newDeadLetter(Forecaster, Metrics, rec, errors.New(text))
		if len(l.Message) > mostReason+3 || !strings.HasPrefix(text, strings.TrimSuffix(l.Message, "...")) {
			t.Errorf("a reason of %d bytes has become one of %d", len(text), len(l.Message))
		}
	}
}
