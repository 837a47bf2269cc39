package move

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/redis"
	"drover/internal/model"
)

// DemoResult is what the demo came to.
type DemoResult struct {
	Acked         int     `json:"acked"`
	Lost          int     `json:"lost"`
	From          string  `json:"from"`
	To            string  `json:"to"`
	PauseMillis   float64 `json:"pause_ms"`
	MinutesBefore float64 `json:"minutes_before_the_load"`
	Plans         int     `json:"plans"`
}

// Holds returns why the demo didn't show what it is to show.
func (r *DemoResult) Holds() error {
	switch {
	case r.Lost > 0:
		return fmt.Errorf("%d of %d acknowledged writes are lost", r.Lost, r.Acked)
	case r.To == r.From || r.Plans == 0:
		return fmt.Errorf("the Redis is still on %s", r.From)
	case r.MinutesBefore <= 0:
		return errors.New("it was moved after the load had come")
	}
	return nil
}

// Demo lets `drover up` run a small fleet whose one application is a real Redis,
// in a network namespace of its own, behind HAProxy and under writes. A campaign
// in the calendar will bring more than its server carries; the forecast says so,
// and the Redis is moved to another namespace before. binary is drover's, fleet
// the fleet's file.
func Demo(ctx context.Context, binary, fleet string, say func(format string, args ...any)) (r DemoResult, err error) {
	s, err := NewNamespacedRedisSite(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	from, err := s.Serving(ctx)
	if err != nil {
		return r, err
	}
	if err := s.fillUp(ctx, from); err != nil {
		return r, err
	}
	for _, server := range []model.ServerID{"a", "b"} {
		say("server %s: network namespace %s, Redis at %s", server, s.instances[server].Namespace, s.instances[server].Address)
	}
	say("clients reach it through HAProxy at %s; it serves from %s", s.clients, from)
	load := &Load{Dial: s.Dial, Every: time.Millisecond}
	load.Start(ctx, 8)
	defer load.Stop()
	if r, err = s.perform(ctx, binary, fleet, load, say); err != nil {
		return r, err
	}
	r.From = string(from)
	served, err := s.Serving(ctx)
	if err != nil {
		return r, err
	}
	r.To = string(served)
	acked := load.Stop()
	r.Acked = load.Acked()
	r.Lost, err = s.Lost(ctx, acked)
	say("%d writes were acknowledged, %d of them are lost; the longest wait was %.0f ms", r.Acked, r.Lost, r.PauseMillis)
	return r, err
}

// fillUp gives the Redis something to copy.
func (s *RedisSite) fillUp(ctx context.Context, server model.ServerID) error {
	c, err := redis.Dial(ctx, s.instances[server].Address, "", clientTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("x", 64<<10)
	for i := range 500 { // 32 MB
		if _, err := c.Do(ctx, "SET", "ballast:"+strconv.Itoa(i), value); err != nil {
			return err
		}
	}
	return nil
}

// perform runs drover until the move is over and some writes have followed.
func (s *RedisSite) perform(ctx context.Context, binary, fleet string, load *Load, say func(string, ...any)) (r DemoResult, err error) {
	drivers := s.Drivers()
	drivers.Executor = build.Executor{Beat: build.Duration(100 * time.Millisecond), Probe: build.Duration(200 * time.Millisecond), Baseline: build.Duration(time.Second)}
	text, err := json.MarshalIndent(drivers, "", " ")
	if err != nil {
		return r, err
	}
	path := filepath.Join(s.Folder, "drivers.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, binary, "up", "--fleet", fleet, "--drivers", path, "--speed", "60x", "--listen", "127.0.0.1:0", "--log-level", "error")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if wrong := cmd.Wait(); err == nil && wrong != nil {
			err = fmt.Errorf("drover up: %w", wrong)
		}
	}()
	load.Pause()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !shown(line) {
			continue
		}
		say("  %s", line)
		if strings.Contains(line, " succeeded, runs on ") {
			r.Plans++
			r.MinutesBefore = minutesUntil(line, demoLoadAt)
		}
		if strings.Contains(line, "  plan ") && strings.Contains(line, "succeeded") {
			break
		}
	}
	// Drover goes on writing while we look: what it says is not needed any more.
	go func() {
		for lines.Scan() {
		}
	}()
	before := load.Acked()
	err = actuator.Poll(ctx, 10*time.Millisecond, func() (bool, error) { return load.Acked() >= before+2000, nil })
	r.PauseMillis = float64(load.Pause().Microseconds()) / 1000
	return r, err
}

// demoLoadAt is when the demo fleet's campaign begins.
const demoLoadAt = "09:30:00"

// shown tells which of drover's lines tell the story.
func shown(line string) bool {
	for _, word := range []string{"page at", "fleet ", "lives at", "calendar", "  plan ", "  step ", "  move "} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

// minutesUntil returns how long after a line's time something is.
func minutesUntil(line, at string) float64 {
	const clock = "15:04:05"
	word, _, _ := strings.Cut(line, " ")
	now, err := time.Parse(clock, word)
	then, wrong := time.Parse(clock, at)
	if err != nil || wrong != nil {
		return 0
	}
	return then.Sub(now).Minutes()
}
