package solver

import "sync"

// threads is how many goroutines search.
func (r *search) threads() int { return max(1, min(r.o.Threads, len(r.lanes))) }

// parallel runs do for every lane, with its number, on at most Threads
// goroutines and waits. The lanes share nothing while they run, so the order
// does not matter.
func (r *search) parallel(do func(int, *lane)) {
	threads := r.threads()
	some := func(from int) {
		for k := from; k < len(r.lanes); k += threads {
			do(k, r.lanes[k])
		}
	}
	if threads == 1 {
		some(0)
		return
	}
	var wait sync.WaitGroup
	for from := range threads {
		wait.Go(func() { some(from) })
	}
	wait.Wait()
}
