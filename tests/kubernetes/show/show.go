// Package show plays Drover on a real control plane: discovery, a plan of many
// moves under disruption budgets, and moves that go wrong in every way.
package show

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"drover/internal/actuator"
	driver "drover/internal/actuator/kubernetes"
	discovery "drover/internal/ingest/kubernetes"
	"drover/internal/kubernetes"
	"drover/internal/model"
	"drover/internal/saga"
	"drover/tests/kubernetes/cluster"
	"drover/tests/kubernetes/site"
	"drover/tests/move"
)

// Options say how much is played.
type Options struct {
	Nodes, Deployments, Replicas, Moves int
	Say                                 func(format string, args ...any)
}

// Figures are what was measured.
type Figures struct {
	Nodes            int               `json:"nodes"`
	Pods             int               `json:"pods"`
	DiscoverySeconds float64           `json:"discovery_s"`
	Moves            int               `json:"moves"`
	Moved            int               `json:"moved"`
	PlanSeconds      float64           `json:"plan_s"`
	Events           int               `json:"budget_events"`
	Broken           int               `json:"budgets_broken"`
	Failures         map[string]string `json:"failures"`
	Orphans          int               `json:"orphans"`
}

// Holds returns why the figures aren't what is promised.
func (f *Figures) Holds() error {
	var errs []error
	if f.Moved != f.Moves {
		errs = append(errs, fmt.Errorf("%d of %d moves were made", f.Moved, f.Moves))
	}
	if f.Broken > 0 || f.Events == 0 {
		errs = append(errs, fmt.Errorf("budgets were broken at %d of %d events", f.Broken, f.Events))
	}
	if f.Orphans > 0 {
		errs = append(errs, fmt.Errorf("%d things were left behind", f.Orphans))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Failures)) {
		if end := f.Failures[name]; end != moved && end != restored {
			errs = append(errs, fmt.Errorf("%s: %s", name, end))
		}
	}
	return errors.Join(errs...)
}

// How a plan may end.
const (
	moved    = "moved"
	restored = "restored"
)

// namespace holds everything that is moved.
const namespace = "shop"

// stage is a site with what is needed to play on it.
type stage struct {
	*site.Site
	Options
	executor *rest.Config
	plans    int
	picture  *discovery.Picture
	least    map[string]int
}

// Run plays everything once.
func Run(ctx context.Context, o Options) (f Figures, err error) {
	s := &stage{Options: o, least: map[string]int{}}
	s.Site, err = site.Open(ctx, site.Options{Nodes: o.Nodes})
	defer func() { err = errors.Join(err, s.Close()) }()
	if err != nil {
		return f, err
	}
	if err := s.furnish(ctx); err != nil {
		return f, err
	}
	f.Nodes, f.Pods, f.Moves = o.Nodes, o.Deployments*o.Replicas, o.Moves
	if f.DiscoverySeconds, err = s.discover(ctx); err != nil {
		return f, err
	}
	o.Say("%d nodes and %d pods were discovered in %.1f s", f.Nodes, f.Pods, f.DiscoverySeconds)
	budgets, err := s.WatchBudgets(ctx, s.least)
	if err != nil {
		return f, err
	}
	began := time.Now()
	if f.Moved, err = s.many(ctx); err != nil {
		return f, err
	}
	f.PlanSeconds = time.Since(began).Seconds()
	o.Say("%d of %d moves in %.1f s", f.Moved, f.Moves, f.PlanSeconds)
	if f.Failures, err = s.failures(ctx); err != nil {
		return f, err
	}
	var broken []string
	f.Events, broken = budgets.Result()
	f.Broken = len(broken)
	for _, b := range broken[:min(len(broken), 20)] {
		o.Say("budget: %s", b)
	}
	orphans, err := s.Orphans(ctx)
	f.Orphans = len(orphans)
	for _, left := range orphans {
		o.Say("left behind: %s", left)
	}
	return f, err
}

// furnish makes the workloads.
func (s *stage) furnish(ctx context.Context) error {
	var err error
	if s.executor, err = s.As(ctx, "drover-executor"); err != nil {
		return err
	}
	if err := s.MakeNamespace(ctx, namespace); err != nil {
		return err
	}
	s.Say("making %d deployments of %d replicas on %d nodes", s.Deployments, s.Replicas, s.Nodes)
	if err := s.Stateless(ctx, namespace, "web", s.Deployments, s.Replicas); err != nil {
		return err
	}
	for i := range s.Deployments {
		s.least[fmt.Sprintf("%s/web-%d", namespace, i)] = s.Replicas - 1
	}
	return nil
}

// discover measures how long a source takes to know the whole fleet.
func (s *stage) discover(ctx context.Context) (float64, error) {
	config, err := s.As(ctx, "drover-ingest")
	if err != nil {
		return 0, err
	}
	client, err := kubernetes.Client(config)
	if err != nil {
		return 0, err
	}
	p := &discovery.Picture{Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{}}
	whole := make(chan struct{})
	source := discovery.New(discovery.Config{Client: client, Fleet: "shop", Producer: "show", Publish: func(_ context.Context, events []any) error {
		for _, e := range events {
			switch e := e.(type) {
			case model.Server:
				p.Servers[e.ID] = e
			case model.Application:
				p.Applications[e.ID] = e
			}
		}
		if s.complete(p) {
			select {
			case <-whole:
			default:
				close(whole)
			}
		}
		return nil
	}})
	running, stop := context.WithCancel(ctx)
	began, ended := time.Now(), make(chan error, 1)
	go func() { ended <- source.Run(running) }()
	defer func() { stop(); <-ended }()
	select {
	case <-whole:
		s.picture = p
		return time.Since(began).Seconds(), nil
	case <-time.After(site.Patience):
		return 0, errors.New("discovery doesn't end")
	}
}

func (s *stage) complete(p *discovery.Picture) bool {
	placed := 0
	for _, a := range p.Applications {
		for _, server := range a.Placement {
			if server != "" {
				placed++
			}
		}
	}
	return len(p.Servers) == s.Nodes && placed == s.Deployments*s.Replicas
}

// newDriver returns a driver with the executor's rights, as a process that has
// just started has it.
func (s *stage) newDriver(config *rest.Config, trace actuator.Tracer) (actuator.Driver, error) {
	client, err := kubernetes.Client(config)
	if err != nil {
		return nil, err
	}
	return driver.New(driver.Config{Client: client, Poll: 100 * time.Millisecond, Trace: trace}), nil
}

// sagaConfig gives moves of a cluster time enough on a slow machine.
func sagaConfig() saga.Config {
	c := move.QuickConfig()
	c.DefaultDeadline, c.Grace, c.UndoAttempts = 90*time.Second, 5*time.Second, 10
	c.Limits.PerFleet, c.Limits.PerApplication, c.Limits.PerServer = 20, 1, 4
	return c
}

// many moves one replica of many applications in one plan.
func (s *stage) many(ctx context.Context) (int, error) {
	plan := s.plan(s.Moves, 0)
	wrong := error(nil)
	e := move.NewExecutor(sagaConfig(), func() actuator.Driver {
		d, err := s.newDriver(s.executor, nil)
		wrong = errors.Join(wrong, err)
		return d
	})
	state, err := e.Run(ctx, plan)
	if err = errors.Join(err, wrong); err != nil {
		return 0, err
	}
	if state != model.PlanSucceeded {
		for _, step := range e.Log {
			if step.Phase == model.PhaseFailed {
				s.Say("%s: %s", step.ID, step.Reason)
			}
		}
		return 0, fmt.Errorf("the plan is %s", state)
	}
	return s.landed(ctx, &plan)
}

// plan moves the first replica of so many applications to a server that has none
// of theirs, beginning with a number.
func (s *stage) plan(count, first int) model.Plan {
	s.plans++
	plan := model.Plan{Fleet: "shop", ID: model.PlanID(fmt.Sprintf("show-%d-%d", time.Now().Unix(), s.plans))}
	for i := range count {
		id := model.ApplicationID(fmt.Sprintf("%s/web-%d", namespace, (first+i)%s.Deployments))
		a := s.picture.Applications[id]
		plan.Moves = append(plan.Moves, model.Move{Index: i, Replica: model.NewReplicaID(id, 0), Application: id, From: a.Placement[0],
			To: s.free(a.Placement, first+i), ReverseAfterPivot: true})
	}
	return plan
}

// free returns a server that has no replica of an application.
func (s *stage) free(placement []model.ServerID, seed int) model.ServerID {
	for i := range s.Nodes {
		server := model.ServerID(cluster.NodeName((seed*7 + i) % s.Nodes))
		if !slices.Contains(placement, server) {
			return server
		}
	}
	return ""
}

// landed counts the moves whose application has its replicas where they belong,
// and follows them in the picture.
func (s *stage) landed(ctx context.Context, plan *model.Plan) (int, error) {
	n := 0
	for i := range plan.Moves {
		m := &plan.Moves[i]
		want := slices.Clone(s.picture.Applications[m.Application].Placement)
		want[0] = m.To
		if _, err := s.at(ctx, m.Application, want); err != nil {
			s.Say("%v", err)
			continue
		}
		a := s.picture.Applications[m.Application]
		a.Placement = want
		s.picture.Applications[m.Application] = a
		n++
	}
	return n, nil
}

// at checks that an application has ready replicas on just these servers.
func (s *stage) at(ctx context.Context, app model.ApplicationID, want []model.ServerID) (bool, error) {
	_, name, _ := strings.Cut(string(app), "/")
	if err := s.Ready(ctx, namespace, name); err != nil {
		return false, err
	}
	on, err := s.On(ctx, namespace, name)
	if err != nil {
		return false, err
	}
	var got []model.ServerID
	for _, node := range on {
		got = append(got, model.ServerID(node))
	}
	want = slices.Sorted(slices.Values(want))
	if slices.Sort(got); !slices.Equal(got, want) {
		return false, fmt.Errorf("%s is on %v, not on %v", app, got, want)
	}
	return true, nil
}
