package stream

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestLettersAreReplayedAndDropped(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	good, err := conn.codec.Encode(Metrics, "f", metricOf("server:a", 1))
	if err != nil {
		t.Fatal(err)
	}
	right := Partition(Metrics, "f", "server:a", 4)
	wrong := (right + 1) % 4
	raw(t, conn,
		&kgo.Record{Topic: conn.Name(Metrics), Partition: wrong, Key: []byte("f|server:a"), Value: good},
		&kgo.Record{Topic: conn.Name(Metrics), Partition: wrong, Key: []byte("f|server:b"), Value: []byte("rubbish")})
	start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, NewTask: newCounting, Store: newStates(),
		Fenced: errFenced, SaveEvery: 20 * time.Millisecond})
	await(t, conn, 2, nil, DeadLetters)
	letters, err := conn.Letters(t.Context())
	if err != nil || len(letters) != 2 || letters[0].Letter.Class != "partition" || letters[1].Letter.Class != "decode" {
		t.Fatalf("letters %+v, %v", letters, err)
	}
	if err := p.Replay(t.Context(), letters[0]); err != nil {
		t.Fatal(err)
	}
	await(t, conn, 1, nil, Forecasts) // in the right partition it is accepted
	if err := p.DropLetter(t.Context(), letters[1]); err != nil {
		t.Fatal(err)
	}
	if letters, err = conn.Letters(t.Context()); err != nil || len(letters) != 0 {
		t.Errorf("left: %+v, %v", letters, err)
	}
}
