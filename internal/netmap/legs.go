package netmap

// legs are parts of routes with an index by their ends.
type legs struct {
	list []leg
	of   map[pairKey]int32
}

func newLegs() legs { return legs{of: map[pairKey]int32{}} }

// get returns the leg between two nodes; a new one is given to found with its
// index. It returns nil where there are limit legs already.
func (l *legs) get(from, to node, limit int, found func(index int32)) *leg {
	key := pairKey{from, to}
	if i, ok := l.of[key]; ok {
		return &l.list[i]
	}
	if len(l.list) >= limit {
		return nil
	}
	i := int32(len(l.list))
	l.list = append(l.list, leg{from: from, to: to})
	l.of[key] = i
	found(i)
	return &l.list[i]
}

// typical returns the time between two nodes in microseconds, or false.
func (l *legs) typical(from, to node) (float64, bool) {
	if i, ok := l.of[pairKey{from, to}]; ok {
		return l.list[i].typical(), true
	}
	return 0, false
}
