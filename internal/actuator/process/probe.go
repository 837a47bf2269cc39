package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// looks remembers what was seen last at each place, so that the next look can tell
// what has happened since.
type looks struct {
	mu   sync.Mutex
	last map[string]look
}

// look is what was seen of a place: the proxy's running counts, and the CPU time
// that the process had used.
type look struct {
	at    time.Time
	state actuator.RouteState
	cpu   time.Duration
}

// swap remembers a look and returns the one before it; the zero look for none.
func (l *looks) swap(name string, now look) look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]look{}
	}
	before := l.last[name]
	l.last[name] = now
	return before
}

// Probe measures the process on the move's target by its traffic: what the proxy
// has counted since the last look, and the CPU used of what the replica was given.
// A process without traffic is asked for its health instead.
func (d *Driver) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	p, err := d.Locate(c.Move, c.Move.To)
	if err != nil {
		return actuator.Reading{}, fmt.Errorf("process %s on server %s: %w", c.Move.Replica, c.Move.To, err)
	}
	if c.Step.Kind == model.StepWatch { // one that has crashed is started again, and its errors count
		if _, err := d.Runner.Start(ctx, p.Spec); err != nil {
			return actuator.Reading{Requests: 1, Errors: 1, SaturationPPM: -1}, err
		}
	}
	state, err := d.Traffic.State(ctx, p.Route)
	if err != nil {
		return actuator.Reading{SaturationPPM: -1}, err
	}
	now := look{at: time.Now(), state: state, cpu: d.used(&p.Spec)}
	r := now.since(d.looks.swap(p.Spec.Name, now), p.Spec.CPUMilli)
	if r.Requests > 0 {
		return r, nil
	}
	began := time.Now()
	r.Requests = 1
	if err := healthy(ctx, p.Health); err != nil {
		r.Errors = 1
		return r, err
	}
	r.ResponseMicros = time.Since(began).Microseconds()
	return r, nil
}

// since returns what has happened between two looks; no requests where there was
// no look before, or the proxy has begun to count anew.
func (l *look) since(before look, cpuMilli int64) actuator.Reading {
	r := actuator.Reading{SaturationPPM: -1}
	if before.at.IsZero() {
		return r
	}
	if elapsed := l.at.Sub(before.at); cpuMilli > 0 && elapsed > 0 && l.cpu > before.cpu {
		r.SaturationPPM = int64((l.cpu - before.cpu).Seconds() / elapsed.Seconds() / float64(cpuMilli) * 1e9)
	}
	if requests := l.state.Requests - before.state.Requests; requests > 0 && l.state.Errors >= before.state.Errors {
		r.Requests, r.Errors = requests, min(l.state.Errors-before.state.Errors, requests)
		r.ResponseMicros = l.state.ResponseMicros
	}
	return r
}

// meter is implemented by runners that know what CPU time a process has used.
type meter interface {
	CPUTime(name string) (time.Duration, error)
}

// used returns the CPU time of a place's process; 0 where it isn't known.
func (d *Driver) used(spec *Spec) time.Duration {
	m, ok := d.Runner.(meter)
	if !ok || spec.CPUMilli <= 0 || spec.Elsewhere {
		return 0
	}
	used, err := m.CPUTime(spec.Name)
	if err != nil {
		return 0
	}
	return used
}

// CPUTime returns what a process has used, with its children that have ended.
func (s *Supervisor) CPUTime(name string) (time.Duration, error) {
	found, err := s.find(name)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, pid := range found {
		if text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil { // else it has just ended
			sum += cpuTime(text)
		}
	}
	return sum, nil
}

// tick is the unit of times in a stat file: Linux gives them in hundredths of a
// second to programs, whatever the kernel's own clock.
const tick = 10 * time.Millisecond

// cpuTime reads the CPU time of a process and of its children that have ended from
// its stat file, where the name in parentheses may hold anything.
func cpuTime(stat []byte) time.Duration {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const first, last = 11, 15 // utime, stime, cutime, cstime
	if len(fields) < last {
		return 0
	}
	var sum time.Duration
	for _, f := range fields[first:last] {
		n, _ := strconv.ParseInt(string(f), 10, 64)
		sum += time.Duration(n) * tick
	}
	return sum
}
