package show

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/tests/move"
)

// trouble is a way in which moves go wrong: before begins before the plan, at is
// told every point that the driver passes, after puts things right.
type trouble struct {
	name   string
	moves  int
	before func(*trial) error
	at     func(*trial, string)
	after  func(*trial) error
	config func(*rest.Config) *rest.Config
	// hopeless troubles last, so that commands needn't wait long for their end.
	hopeless bool
}

// trial is a plan that meets a trouble.
type trial struct {
	*stage
	ctx      context.Context
	plan     model.Plan
	executor *move.Executor
	once     atomic.Bool
	points   atomic.Int64
	done     chan error // of what at has begun
	stop     context.CancelFunc
}

// begin does something once, beside the driver.
func (t *trial) begin(what func() error) {
	if t.once.CompareAndSwap(false, true) {
		go func() { t.done <- what() }()
	}
}

func (t *trial) target() string { return string(t.plan.Moves[0].To) }

// troubles lists them all.
func troubles() []trouble {
	down := func(point string) func(*trial, string) {
		return func(t *trial, p string) {
			if p == point && t.once.CompareAndSwap(false, true) {
				t.done <- t.Kubelets.Down(t.ctx, t.target(), true)
			}
		}
	}
	lost := func(t *trial, p string) {
		if p == "adopted" && t.once.CompareAndSwap(false, true) {
			t.done <- errors.Join(t.Kubelets.Down(t.ctx, t.target(), true), t.unready())
		}
	}
	up := func(t *trial) error { return t.Kubelets.Down(t.ctx, t.target(), false) }
	return []trouble{
		{name: "node not ready from the beginning", moves: 1, hopeless: true, after: up,
			before: func(t *trial) error { return t.Kubelets.Down(t.ctx, t.target(), true) }},
		{name: "node not ready after the pod is placed", moves: 1, hopeless: true, at: down("placed"), after: up},
		{name: "node not ready after the pod is adopted", moves: 1, hopeless: true, at: lost, after: up},
		{name: "eviction refused", moves: 1, hopeless: true,
			before: func(t *trial) error { return t.budget(1000) }, after: func(t *trial) error { return t.budget(t.Replicas - 1) }},
		{name: "image never ready", moves: 1, hopeless: true,
			before: func(t *trial) error { t.Kubelets.NoImages(t.target(), true); return nil },
			after:  func(t *trial) error { t.Kubelets.NoImages(t.target(), false); return nil }},
		{name: "API server restarted", moves: 5, at: func(t *trial, p string) {
			if p == "evicted" {
				t.begin(func() error { return t.RestartAPIServer(t.ctx) })
			}
		}},
		{name: "409 conflicts", moves: 5, config: conflicting, before: (*trial).meddle},
		{name: "executor killed", moves: 5, at: kill},
	}
}

// kill ends the executor at every 23rd point, five times at most; another one
// takes over. What the dead one had begun beside goes on, as a zombie does.
func kill(t *trial, _ string) {
	const every, times = 23, 5
	if n := t.points.Add(1); n%every == 0 && n <= every*times {
		t.executor.Crash()
		runtime.Goexit()
	}
}

// meddle writes to what is moved all the time, so that versions change under the
// driver's hands.
func (t *trial) meddle() error {
	ctx, stop := context.WithCancel(t.ctx)
	t.stop = stop
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			m := t.plan.Moves[i%len(t.plan.Moves)]
			_, name, _ := strings.Cut(string(m.Application), "/")
			patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"example.com/meddled":"%d"}}}`, i)
			_, _ = t.Client.AppsV1().Deployments(namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
			if on, err := t.On(ctx, namespace, name); err == nil {
				for pod := range on {
					_, _ = t.Client.CoreV1().Pods(namespace).Patch(ctx, pod, types.MergePatchType, patch, metav1.PatchOptions{})
				}
			}
			_ = actuator.Pause(ctx, 20*time.Millisecond)
		}
	}()
	return nil
}

// unready says of the application's pods on the target what the node controller
// does when it misses their kubelet.
func (t *trial) unready() error {
	_, name, _ := strings.Cut(string(t.plan.Moves[0].Application), "/")
	on, err := t.On(t.ctx, namespace, name)
	for pod, node := range on {
		if node == t.target() {
			err = errors.Join(err, t.Kubelets.Crash(t.ctx, namespace, pod))
		}
	}
	return err
}

// budget changes how many replicas the application must have.
func (t *trial) budget(healthy int) error {
	_, name, _ := strings.Cut(string(t.plan.Moves[0].Application), "/")
	patch := fmt.Appendf(nil, `{"spec":{"minAvailable":%d}}`, healthy)
	_, err := t.Client.PolicyV1().PodDisruptionBudgets(namespace).Patch(t.ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// failures plays every trouble, each with applications of its own.
func (s *stage) failures(ctx context.Context) (map[string]string, error) {
	ends := map[string]string{}
	first := s.Moves
	for _, what := range troubles() {
		began := time.Now()
		end, err := s.fail(ctx, &what, first)
		if err != nil {
			return ends, fmt.Errorf("%s: %w", what.name, err)
		}
		s.Say("%-42s %-10s %5.1f s", what.name, end, time.Since(began).Seconds())
		ends[what.name] = end
		first += what.moves
	}
	return ends, nil
}

// fail plays one trouble and says how it ended, or what is wrong.
func (s *stage) fail(ctx context.Context, what *trouble, first int) (string, error) {
	t := &trial{stage: s, ctx: ctx, plan: s.plan(what.moves, first), done: make(chan error, 1), stop: func() {}}
	if what.before != nil {
		if err := what.before(t); err != nil {
			return "", err
		}
	}
	config := s.executor
	if what.config != nil {
		config = what.config(config)
	}
	goes := sagaConfig()
	if what.hopeless {
		goes.DefaultDeadline, goes.Attempts, goes.CutOverAttempts = 15*time.Second, 1, 1
	}
	t.executor = move.NewExecutor(goes, func() actuator.Driver {
		d, err := s.newDriver(config, func(point string) {
			if what.at != nil {
				what.at(t, point)
			}
		})
		if err != nil {
			panic(err) // a client of a configuration that has worked before
		}
		return d
	})
	state, err := t.executor.Run(ctx, t.plan)
	t.stop()
	if t.once.Load() {
		err = errors.Join(err, <-t.done)
	}
	if err != nil {
		return "", err
	}
	if what.after != nil {
		if err := what.after(t); err != nil {
			return "", err
		}
	}
	return s.judge(ctx, t, state)
}

// judge checks that every application is as the plan's end says, and that nothing
// is left behind.
func (s *stage) judge(ctx context.Context, t *trial, state model.PlanState) (string, error) {
	tell := func() {
		for _, step := range t.executor.Log {
			s.Say("  %s %s %s", step.ID, step.Phase, step.Reason)
		}
	}
	end := restored
	switch state {
	case model.PlanSucceeded:
		end = moved
		if n, err := s.landed(ctx, &t.plan); err != nil || n != len(t.plan.Moves) {
			tell()
			return fmt.Sprintf("%d of %d moved", n, len(t.plan.Moves)), err
		}
	case model.PlanRolledBack:
		for _, m := range t.plan.Moves {
			if _, err := s.at(ctx, m.Application, slices.Clone(s.picture.Applications[m.Application].Placement)); err != nil {
				tell()
				return "not as before: " + err.Error(), nil
			}
		}
	default:
		tell()
		return string(state), nil
	}
	var left []string
	deadline := time.Now().Add(time.Minute)
	for {
		var err error
		if left, err = s.Orphans(ctx); err != nil || len(left) == 0 || time.Now().After(deadline) {
			if len(left) > 0 {
				tell()
				return fmt.Sprintf("left behind: %v", left), err
			}
			return end, err
		}
		if err := actuator.Pause(ctx, 200*time.Millisecond); err != nil {
			return "", err
		}
	}
}
