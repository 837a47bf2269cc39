package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"drover/internal/model"
)

// Config says what to discover and where the events go.
type Config struct {
	Client kubernetes.Interface
	Fleet  model.FleetID
	// Producer names this source in metrics.
	Producer string
	// Publish takes events; an error means that they are to be given again.
	Publish func(ctx context.Context, events []any) error
	Log     *slog.Logger
	Now     func() time.Time
	// Settle is how long changes are gathered; 0: half a second.
	Settle time.Duration
	// Again is how often everything is published although nothing has changed; 0:
	// five minutes.
	Again time.Duration
	// MetricsEvery is how often the metrics API is read; 0: never.
	MetricsEvery time.Duration
}

// Source watches a cluster.
type Source struct {
	Config
	factory informers.SharedInformerFactory
	changed chan struct{}
	indexes *Indexes
	sent    sent

	measured sync.Mutex
	names    map[string]model.ReplicaID // by pod, for the metrics
}

// New returns a source.
func New(config Config) *Source {
	if config.Settle <= 0 {
		config.Settle = 500 * time.Millisecond
	}
	if config.Again <= 0 {
		config.Again = 5 * time.Minute
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{Config: config, factory: informers.NewSharedInformerFactory(config.Client, 0),
		changed: make(chan struct{}, 1), indexes: NewIndexes(), sent: newSent()}
}

// watched lists the kinds that are read; making them adds them to the factory.
func (s *Source) watched() map[string]cache.SharedIndexInformer {
	apps, core := s.factory.Apps().V1(), s.factory.Core().V1()
	return map[string]cache.SharedIndexInformer{
		"nodes": core.Nodes().Informer(), "pods": core.Pods().Informer(), "services": core.Services().Informer(),
		"deployments": apps.Deployments().Informer(), "statefulsets": apps.StatefulSets().Informer(), "replicasets": apps.ReplicaSets().Informer(),
		"endpointslices":       s.factory.Discovery().V1().EndpointSlices().Informer(),
		"poddisruptionbudgets": s.factory.Policy().V1().PodDisruptionBudgets().Informer(),
	}
}

// Run watches until the context ends. Between two failures of publishing it goes
// on gathering, so that nothing is lost.
func (s *Source) Run(ctx context.Context) error {
	began := s.Now()
	notify := func() {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { notify() }, UpdateFunc: func(any, any) { notify() }, DeleteFunc: func(any) { notify() }}
	for kind, informer := range s.watched() {
		if err := informer.SetTransform(slim); err != nil {
			return fmt.Errorf("discovery: %s: %w", kind, err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(s.report(kind)); err != nil {
			return fmt.Errorf("discovery: %s: %w", kind, err)
		}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("discovery: %s: %w", kind, err)
		}
	}
	s.factory.Start(ctx.Done())
	defer s.factory.Shutdown()
	for kind, ok := range s.factory.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("discovery: %v: %w", kind, context.Cause(ctx))
		}
	}
	s.look(ctx)
	if s.MetricsEvery > 0 {
		go s.measure(ctx)
	}
	s.Log.Info("cluster discovered", "servers", len(s.sent.servers), "applications", len(s.sent.applications), "replicas", len(s.sent.replicas()), "took", s.Now().Sub(began))
	return s.follow(ctx)
}

// follow looks again after changes, and at times without.
func (s *Source) follow(ctx context.Context) error {
	again := time.NewTicker(s.Again)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			s.sent.forget()
		case <-s.changed:
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(s.Settle):
			}
		}
		s.look(ctx)
	}
}

// look publishes what differs from what was published last.
func (s *Source) look(ctx context.Context) {
	state, err := s.state()
	if err != nil {
		s.Log.Error("discovery", "error", err)
		return
	}
	picture := Read(state, s.Fleet, s.indexes, model.InstantOf(s.Now()))
	s.measured.Lock()
	s.names = picture.Replicas
	s.measured.Unlock()
	for _, w := range s.sent.news(picture.Warnings) {
		s.Log.Warn("discovery", "reason", w)
	}
	events := s.sent.difference(picture)
	if len(events) == 0 {
		s.sent.take(picture)
		return
	}
	if err := s.Publish(ctx, events); err != nil && ctx.Err() == nil {
		s.Log.Warn("discovery: events aren't published and will be given again", "events", len(events), "error", err)
		time.AfterFunc(s.Settle, func() {
			select {
			case s.changed <- struct{}{}:
			default:
			}
		})
		return
	}
	s.sent.take(picture)
}

// state reads the caches.
func (s *Source) state() (*State, error) {
	var state State
	var err error
	all := labels.Everything()
	apps, core := s.factory.Apps().V1(), s.factory.Core().V1()
	read := func(f func() error) {
		if err == nil {
			err = f()
		}
	}
	read(func() (err error) { state.Nodes, err = core.Nodes().Lister().List(all); return })
	read(func() (err error) { state.Pods, err = core.Pods().Lister().List(all); return })
	read(func() (err error) { state.Services, err = core.Services().Lister().List(all); return })
	read(func() (err error) { state.Deployments, err = apps.Deployments().Lister().List(all); return })
	read(func() (err error) { state.Sets, err = apps.StatefulSets().Lister().List(all); return })
	read(func() (err error) { state.ReplicaSets, err = apps.ReplicaSets().Lister().List(all); return })
	read(func() (err error) {
		state.Slices, err = s.factory.Discovery().V1().EndpointSlices().Lister().List(all)
		return
	})
	read(func() (err error) {
		state.Budgets, err = s.factory.Policy().V1().PodDisruptionBudgets().Lister().List(all)
		return
	})
	sortState(&state)
	return &state, err
}

// slim drops what nobody reads, which is a third of the memory.
func slim(o any) (any, error) {
	if m, err := meta.Accessor(o); err == nil {
		m.SetManagedFields(nil)
	}
	return o, nil
}

// report logs why a kind can't be watched; the informer tries again.
func (s *Source) report(kind string) cache.WatchErrorHandlerWithContext {
	return func(_ context.Context, _ *cache.Reflector, err error) {
		s.Log.Warn("discovery: watching again", "kind", kind, "error", err)
	}
}
