package recorded

import (
	"cmp"
	"fmt"
	"slices"

	"drover/internal/model"
)

// loads works out what every application used, minute by minute.
func (b *builder) loads() error {
	var kept []model.Application
	var unknown []string
	filled := 0
	for _, a := range b.apps {
		cpu, gaps := b.load(a.ID, model.CPU)
		if gaps < 0 {
			unknown = append(unknown, string(a.ID))
			continue
		}
		filled += gaps
		b.cpu[a.ID] = cpu
		if memory, gaps := b.load(a.ID, model.Memory); gaps >= 0 {
			b.memory[a.ID] = memory
		}
		kept = append(kept, a)
	}
	if len(kept) == 0 {
		return fmt.Errorf("no CPU was recorded of any of its %d applications, nor of their replicas", len(b.apps))
	}
	if len(unknown) > 0 {
		b.note("Left out, since their CPU was not recorded: %s.", listed(unknown))
	}
	if filled > 0 {
		b.note("%d of %d application minutes were not recorded and have the value before (at the beginning, the first).",
			filled, len(kept)*b.minutes)
	}
	b.apps = kept
	return nil
}

// load returns an application's series, that of itself or, where those of its
// replicas know more minutes, their sum; and how many minutes were filled, -1
// where nothing is known.
func (b *builder) load(app model.ApplicationID, resource model.Resource) ([]float64, int) {
	var own, replicas [][]float64
	for _, key := range b.keysOf(app, resource) {
		values := b.record.loads[key].perMinute(b.span.begin, b.minutes)
		if kind, _, _ := key.entity.Split(); kind == model.KindApplication {
			own = append(own, values)
		} else {
			replicas = append(replicas, values)
		}
	}
	values, sum := addUp(own, b.minutes), addUp(replicas, b.minutes)
	if known(sum) > known(values) {
		values = sum
	}
	return values, closeGaps(values)
}

// keysOf returns the series of an application and its replicas, in order.
func (b *builder) keysOf(app model.ApplicationID, resource model.Resource) []loadKey {
	if b.keys == nil {
		b.keys = map[model.ApplicationID][]loadKey{}
		for key := range b.record.loads {
			if of, ok := appOf(key.entity); ok {
				b.keys[of] = append(b.keys[of], key)
			}
		}
		for _, keys := range b.keys {
			slices.SortFunc(keys, func(x, y loadKey) int {
				return cmp.Or(cmp.Compare(x.entity, y.entity), cmp.Compare(x.producer, y.producer))
			})
		}
	}
	return slices.DeleteFunc(slices.Clone(b.keys[app]), func(k loadKey) bool { return k.resource != resource })
}

// appOf returns the application that an entity is, or is a replica of.
func appOf(entity model.EntityID) (model.ApplicationID, bool) {
	kind, name, ok := entity.Split()
	if !ok || kind == model.KindServer {
		return "", false
	}
	if kind == model.KindApplication {
		return model.ApplicationID(name), true
	}
	app, _, err := model.ReplicaID(name).Split()
	return app, err == nil
}
