package pipeline

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"drover/tests/child"
	"drover/tests/stream/servers"
)

// harm is one thing that happens in a storm.
type harm struct {
	what string
	kill bool // counts as a kill
	do   func() error
}

// weather makes harms from a seed.
type weather struct {
	rng      *rand.Rand
	up       *servers.Servers
	kafka    []*servers.Proxy
	redis    *servers.Proxy
	ingest   *child.Process
	services map[string][]*child.Process
	deck     []harm
}

// all returns every process.
func (w *weather) all() []*child.Process {
	out := []*child.Process{w.ingest}
	for _, name := range stormServices {
		out = append(out, w.services[name]...)
	}
	return out
}

// pastSession is longer than a member may be silent (ten seconds, local.sh).
const pastSession = 12 * time.Second

// next returns the next harm. A deck holds every kind once, in an order of
// chance, so that no kind is left out of a short storm.
func (w *weather) next() harm {
	if len(w.deck) == 0 {
		w.deck = w.shuffled()
	}
	h := w.deck[0]
	w.deck = w.deck[1:]
	return h
}

func (w *weather) shuffled() []harm {
	deck := []harm{w.killProcess("ingest", w.ingest), w.killRedis(), w.pause(), w.cut()}
	for _, name := range stormServices {
		i := w.rng.IntN(len(w.services[name]))
		deck = append(deck, w.killProcess(fmt.Sprintf("%s %d", name, i), w.services[name][i]))
	}
	for n := 1; n <= 3; n++ {
		deck = append(deck, w.killBroker(n))
	}
	w.rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

func (w *weather) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

func (w *weather) killProcess(name string, p *child.Process) harm {
	gone := w.upTo(2 * time.Second)
	return harm{"kill -9 " + name, true, func() error {
		p.Kill()
		time.Sleep(gone)
		p.Begin()
		return nil
	}}
}

func (w *weather) killBroker(n int) harm {
	gone := w.upTo(3 * time.Second)
	return harm{fmt.Sprintf("kill -9 broker %d", n), true, func() error {
		err := w.up.KillBroker(n)
		time.Sleep(gone)
		return errors.Join(err, w.up.Up())
	}}
}

func (w *weather) killRedis() harm {
	gone := w.upTo(2 * time.Second)
	return harm{"kill -9 redis", true, func() error {
		err := w.up.KillRedis()
		time.Sleep(gone)
		return errors.Join(err, w.up.Up())
	}}
}

// pause stops a consumer past its session: its partitions go to others, and it
// wakes up believing that they are its own.
func (w *weather) pause() harm {
	name := stormServices[w.rng.IntN(len(stormServices))]
	i := w.rng.IntN(len(w.services[name]))
	p := w.services[name][i]
	return harm{fmt.Sprintf("SIGSTOP %s %d past its session", name, i), false, func() error {
		err := p.Signal(syscall.SIGSTOP)
		time.Sleep(pastSession)
		return errors.Join(err, p.Signal(syscall.SIGCONT))
	}}
}

// cut ends or silences the connections to one broker and to Redis, and restores
// them.
func (w *weather) cut() harm {
	proxies := []*servers.Proxy{w.kafka[w.rng.IntN(len(w.kafka))], w.redis}
	length, silent := time.Second+w.upTo(4*time.Second), w.rng.IntN(2) == 0
	what := "cut connections"
	if silent {
		what = "silence connections"
	}
	return harm{what, false, func() error {
		for _, p := range proxies {
			if silent {
				p.Silence()
			} else {
				p.Cut()
			}
		}
		time.Sleep(length)
		for _, p := range proxies {
			p.Restore()
		}
		return nil
	}}
}
