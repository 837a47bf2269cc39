package site

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// Budgets counts the healthy pods of every application at every event that the
// API server sends of a pod, and notes where there are fewer than must be.
type Budgets struct {
	mu      sync.Mutex
	least   map[string]int             // by "namespace/app"
	healthy map[string]map[string]bool // pods by application
	Events  int
	Broken  []string
	armed   map[string]bool
}

// WatchBudgets begins to watch applications that must have so many healthy pods
// each. An application counts from when it has reached that number.
func (s *Site) WatchBudgets(ctx context.Context, least map[string]int) (*Budgets, error) {
	b := &Budgets{least: least, healthy: map[string]map[string]bool{}, armed: map[string]bool{}}
	factory := informers.NewSharedInformerFactory(s.Client, 0)
	informer := factory.Core().V1().Pods().Informer()
	see := func(o any, gone bool) {
		if p, ok := o.(*corev1.Pod); ok {
			b.see(p, gone)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { see(o, false) }, UpdateFunc: func(_, o any) { see(o, false) }, DeleteFunc: func(o any) { see(o, true) },
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, context.Cause(ctx)
	}
	return b, nil
}

func (b *Budgets) see(p *corev1.Pod, gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	app := p.Namespace + "/" + p.Labels["app"]
	least, watched := b.least[app]
	if !watched {
		return
	}
	b.Events++
	if b.healthy[app] == nil {
		b.healthy[app] = map[string]bool{}
	}
	if gone || p.DeletionTimestamp != nil || !isReady(p) {
		delete(b.healthy[app], p.Name)
	} else {
		b.healthy[app][p.Name] = true
	}
	n := len(b.healthy[app])
	b.armed[app] = b.armed[app] || n >= least
	if b.armed[app] && n < least {
		b.Broken = append(b.Broken, fmt.Sprintf("%s: %d of %d healthy at the event of pod %s (version %s, %s)",
			app, n, least, p.Name, p.ResourceVersion, time.Now().Format(time.TimeOnly)))
	}
}

// Result returns how many events were seen and which ones broke a budget.
func (b *Budgets) Result() (events int, broken []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Events, append([]string(nil), b.Broken...)
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
