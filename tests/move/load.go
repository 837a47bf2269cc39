package move

import (
	"context"
	"sort"
	"sync"
	"time"
)

// Session is one client's connection that writes.
type Session interface {
	// Write makes one write durable and returns when it is acknowledged.
	Write(ctx context.Context, writer, number int) error
	Close() error
}

// Load writes through a number of clients, each as fast as it is answered, and
// remembers every write that was acknowledged.
type Load struct {
	Dial func(ctx context.Context) (Session, error)
	// Every is the wait between a client's writes; 0: none.
	Every time.Duration

	mu     sync.Mutex
	acked  [][]int // numbers by writer
	gaps   []time.Duration
	last   []time.Time
	failed int
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// retryEvery is how long a client waits before it connects again.
const retryEvery = 2 * time.Millisecond

// Start begins writing.
func (l *Load) Start(ctx context.Context, writers int) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.acked, l.last = make([][]int, writers), make([]time.Time, writers)
	for w := range writers {
		l.done.Go(func() { l.write(ctx, w) })
	}
}

// write is one client's life. A write that fails is not repeated: whether it
// took effect is unknown, and only acknowledged ones are promised.
func (l *Load) write(ctx context.Context, writer int) {
	var session Session
	for number := 0; ctx.Err() == nil; number++ {
		if session == nil {
			s, err := l.Dial(ctx)
			if err != nil {
				time.Sleep(retryEvery)
				continue
			}
			session = s
		}
		if err := session.Write(ctx, writer, number); err != nil {
			_ = session.Close() // it has failed already
			session = nil
			l.mu.Lock()
			l.failed++
			l.mu.Unlock()
			time.Sleep(retryEvery)
			continue
		}
		l.acknowledge(writer, number)
		if l.Every > 0 {
			time.Sleep(l.Every)
		}
	}
	if session != nil {
		_ = session.Close() // nothing is under way
	}
}

func (l *Load) acknowledge(writer, number int) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := l.last[writer]; !last.IsZero() {
		l.gaps = append(l.gaps, now.Sub(last))
	}
	l.last[writer] = now
	l.acked[writer] = append(l.acked[writer], number)
}

// Acked returns how many writes were acknowledged so far.
func (l *Load) Acked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, list := range l.acked {
		n += len(list)
	}
	return n
}

// Pause returns the longest time that any client went without an
// acknowledgement since the last call.
func (l *Load) Pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest := time.Duration(0)
	for _, g := range l.gaps {
		longest = max(longest, g)
	}
	l.gaps = l.gaps[:0]
	return longest
}

// Stop ends the clients and returns what was acknowledged, by writer.
func (l *Load) Stop() [][]int {
	l.cancel()
	l.done.Wait()
	return l.acked
}

// Lost counts the acknowledged writes that aren't there.
func Lost(acked [][]int, there func(writer, number int) bool) int {
	lost := 0
	for w, numbers := range acked {
		for _, n := range numbers {
			if !there(w, n) {
				lost++
			}
		}
	}
	return lost
}

// Median returns the middle one of some durations in milliseconds; 0 for none.
func Median(list []time.Duration) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := append([]time.Duration(nil), list...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000
}
