package solver

import "sync"

// parallel runs do for every lane on at most Threads goroutines and waits. The
// lanes share nothing while they run, so the order does not matter.
func (r *search) parallel(do func(*lane)) {
	threads := max(1, min(r.o.Threads, len(r.lanes)))
	if threads == 1 {
		for _, l := range r.lanes {
			do(l)
		}
		return
	}
	next := make(chan *lane, len(r.lanes))
	for _, l := range r.lanes {
		next <- l
	}
	close(next)
	var wait sync.WaitGroup
	for range threads {
		wait.Go(func() {
			for l := range next {
				do(l)
			}
		})
	}
	wait.Wait()
}
