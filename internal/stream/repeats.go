package stream

// repeats drops records whose deterministic id has been folded already. A
// source sends its ids in rising order into each partition, so that one mark a
// source is all there is to remember.
//
// A task may hold records without standing for them in its snapshot; after a
// restart they are read again and must not be taken for repeats. The marks to be
// saved therefore trail behind: they stand for what lies before the task's
// position.
type repeats struct {
	newest map[string]identity // by source: the last one folded
	saved  map[string]identity // by source: the last one before the position
	// since are the folded ids at or after the position, in order.
	since []folded
}

type folded struct {
	offset int64 // of the record that carried the id
	id     identity
}

// fold notes an id that stands at offset in its log and tells whether it is new.
func (r *repeats) fold(id identity, offset int64) bool {
	if last, ok := r.newest[id.source]; ok && id.upTo(last) {
		return false
	}
	if r.newest == nil {
		r.newest, r.saved = map[string]identity{}, map[string]identity{}
	}
	r.newest[id.source] = id
	r.since = append(r.since, folded{offset, id})
	return true
}

// advance tells that the task's state now stands for everything before position.
func (r *repeats) advance(position int64) {
	n := 0
	for n < len(r.since) && r.since[n].offset < position {
		r.saved[r.since[n].id.source] = r.since[n].id
		n++
	}
	if n == len(r.since) {
		r.since = r.since[:0]
		return
	}
	r.since = r.since[n:]
}

// savedMark is a mark as it is saved.
type savedMark struct {
	Source        string
	Offset, Index int64
}

func (r *repeats) marks() []savedMark {
	out := make([]savedMark, 0, len(r.saved))
	for _, source := range sortedKeys(r.saved) {
		id := r.saved[source]
		out = append(out, savedMark{source, id.offset, id.index})
	}
	return out
}

func restoreRepeats(marks []savedMark) *repeats {
	r := &repeats{newest: map[string]identity{}, saved: map[string]identity{}}
	for _, m := range marks {
		id := identity{m.Source, m.Offset, m.Index}
		r.newest[m.Source], r.saved[m.Source] = id, id
	}
	return r
}
