package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress shows on a terminal how far a long work is, in one line that is
// written over. It shows nothing anywhere else, nor for work that is done before
// anybody would ask. Its methods may be called at the same time.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer // nil: nobody looks
	what  string
	now   func() time.Time
	next  time.Time
	shown bool
}

const (
	progressPatience = time.Second // what is done by then shows no bar
	progressInterval = 200 * time.Millisecond
	progressBar      = 30
)

// NewProgress begins a work of that name.
func NewProgress(w io.Writer, what string) *Progress {
	return newProgress(w, what, IsTerminal(w), time.Now)
}

func newProgress(w io.Writer, what string, terminal bool, now func() time.Time) *Progress {
	p := &Progress{what: Cut(what, defaultWidth-progressBar-10), now: now, next: now().Add(progressPatience)}
	if terminal {
		p.out = w
	}
	return p
}

// Show tells how much of all is done, 0 to 1. A nil Progress takes it, too.
func (p *Progress) Show(share float64) {
	if p == nil || p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(progressInterval), true
	fmt.Fprintf(p.out, "\r%s %s %3.0f %%", p.what, Bar(share, progressBar), 100*min(max(share, 0), 1)) //nolint:errcheck // for people only
}

// End takes the line away.
func (p *Progress) End() {
	if p == nil || p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K") //nolint:errcheck // for people only
	}
	p.out = nil
}
