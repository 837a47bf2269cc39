package vm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// patience is how long a client of the guest waits for an answer.
const patience = 10 * time.Second

// Get reads a page of the guest, over a connection of its own.
func (s *Site) Get(ctx context.Context, page string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.network.guest()+"/"+page, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", page, response.Status)
	}
	return strings.TrimSpace(string(text)), err
}

// Polls are what a client has seen who asked the guest all the time.
type Polls struct {
	Count, Failed int
	Longest       time.Duration
	First         error // failure

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// pollEvery is the pause between two polls.
const pollEvery = 50 * time.Millisecond

// Poll asks for the guest's boot id, over and over, until Stop. A poll that is
// under way when it is stopped is seen through.
func (s *Site) Poll(ctx context.Context, want string) *Polls {
	p := &Polls{}
	ctx, p.stop = context.WithCancel(ctx)
	p.stopped.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			got, err := s.Get(context.WithoutCancel(ctx), "boot-id")
			if err == nil && got != want {
				err = fmt.Errorf("the guest calls itself %q", got)
			}
			p.Count++
			p.Longest = max(p.Longest, time.Since(began))
			if err != nil {
				p.Failed++
				if p.First == nil {
					p.First = err
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(pollEvery):
			}
		}
	})
	return p
}

// Stop ends the polling.
func (p *Polls) Stop() {
	p.stop()
	p.stopped.Wait()
}
