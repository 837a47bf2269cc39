package stream

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stage"
)

// wire is what a client would have sent, as it stood when it was sent, and the
// promises that are open.
type wire struct {
	sent  []string
	open  []func(error)
	heard int // ends that the loop was told of
	// changed tells that a record was not at its end what it was when it was sent.
	changed bool
}

func textOf(r *kgo.Record) string {
	return fmt.Sprintf("%s %s %s", r.Key, r.Headers[2].Value, r.Value)
}

func (w *wire) take(p *part) {
	p.out.take(p.loop.acknowledged, func(r *kgo.Record, ended kgoPromise) {
		text := textOf(r)
		w.sent = append(w.sent, text)
		p.loop.sent.Add(1)
		w.open = append(w.open, func(err error) {
			w.heard++
			w.changed = w.changed || textOf(r) != text // a client reads it until then
			ended(r, err)
		})
	})
}

func (w *wire) acknowledge(n int, err error) {
	for _, end := range w.open[:n] {
		end(err)
	}
	w.open = w.open[n:]
}

// boxed returns a part that nothing but its outbox works of.
func boxed(t *testing.T) *part {
	t.Helper()
	return &part{loop: &loop{conn: connect(t), names: map[string]string{}}}
}

// put queues a record of so many bytes and a few, and returns how it has to be sent.
func put(t *testing.T, p *part, i, size int) string {
	t.Helper()
	ids := newIssuer([]byte("src"), 9, "")
	e := stage.Emission{Topic: Scenarios, Fleet: "f", Key: fmt.Sprint("k", i), Partition: 0,
		Event: model.Evaluation{Fleet: "f", Reason: strings.Repeat(string(rune('a'+i%26)), size)}}
	if err := p.records(&e, &ids, i); err != nil {
		t.Fatal(err)
	}
	value, err := p.loop.conn.encode(&e)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("f|k%d %d %s", i, i, value)
}

func TestWhatIsSentIsWhatWasMadeWhateverIsMadeMeanwhile(t *testing.T) {
	p, w, n := boxed(t), &wire{}, 0
	var want []string
	for round := range 30 {
		for range 7 + round {
			want = append(want, put(t, p, n, 10+n*n%9000))
			n++
		}
		w.take(p)
		w.acknowledge(len(w.open)/2, nil) // some stay under way over the next round
	}
	w.acknowledge(len(w.open), nil)
	if len(w.sent) != len(want) {
		t.Fatalf("%d were sent, want %d", len(w.sent), len(want))
	}
	for i := range want {
		if w.sent[i] != want[i] {
			t.Fatalf("record %d: %.60q, want %.60q", i, w.sent[i], want[i])
		}
	}
	p.loop.sent.Wait()
	if w.heard != len(want) || w.changed {
		t.Errorf("the loop heard of %d ends, want %d; changed on the way: %v", w.heard, len(want), w.changed)
	}
}

func TestASlabIsUsedAgainOnlyOnceAllOfItIsAcknowledged(t *testing.T) {
	for _, failed := range []error{nil, errors.New("refused")} {
		p, w := boxed(t), &wire{}
		put(t, p, 0, 100)
		first := p.out.slab
		for i := 1; p.out.slab == first; i++ {
			put(t, p, i, 4000)
		}
		w.take(p)
		if left := int(first.left.Load()); left != len(w.open)-1 {
			t.Fatalf("%d records of the first slab are under way, want all but the last of %d", left, len(w.open))
		}
		w.acknowledge(len(w.open)-2, nil)
		if first.left.Load() != 1 {
			t.Fatalf("%d records of the first slab are under way, want the last", first.left.Load())
		}
		w.acknowledge(1, failed)
		if first.left.Load() != 0 || first.failed.Load() != (failed != nil) {
			t.Errorf("left %d, failed %v after %v", first.left.Load(), first.failed.Load(), failed)
		}
	}
}

func TestALargeRecordFitsAndSmallOnesAfterItShareASlab(t *testing.T) {
	p, w := boxed(t), &wire{}
	want := []string{put(t, p, 0, 10), put(t, p, 1, 3*slabKept)}
	for i := 2; i < 400; i++ {
		want = append(want, put(t, p, i, 50))
	}
	if n := len(p.out.full); n > 3 {
		t.Errorf("%d slabs are full after 400 small records", n)
	}
	w.take(p)
	for i := range want {
		if w.sent[i] != want[i] {
			t.Fatalf("record %d: %.60q, want %.60q", i, w.sent[i], want[i])
		}
	}
}

func TestADeadLetterNeedsNoSlab(t *testing.T) {
	p, told := boxed(t), 0
	p.out.records = append(p.out.records, &kgo.Record{Topic: "dead", Value: []byte("x")})
	p.out.take(func(*kgo.Record, error) { told++ }, func(r *kgo.Record, ended kgoPromise) { ended(r, nil) })
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
