package graph

// seenSpans remembers the last spans, first in first out, to drop repeats. It
// holds 64-bit hashes: among the default 131,072 remembered ones a new span is
// mistaken for a repeat with a probability of 7e-15.
type seenSpans struct {
	limit int
	ring  []uint64 // in order of arrival from next, once full
	next  int
	set   map[uint64]struct{}
}

func newSeenSpans(limit int) seenSpans {
	return seenSpans{limit: limit, set: map[uint64]struct{}{}}
}

// add remembers a hash and tells whether it was there already.
func (s *seenSpans) add(hash uint64) (repeat bool) {
	if _, ok := s.set[hash]; ok {
		return true
	}
	s.set[hash] = struct{}{}
	if len(s.ring) < s.limit {
		s.ring = append(s.ring, hash)
		return false
	}
	delete(s.set, s.ring[s.next])
	s.ring[s.next] = hash
	s.next = (s.next + 1) % s.limit
	return false
}

// oldestFirst calls each hash in order of arrival.
func (s *seenSpans) oldestFirst(each func(uint64)) {
	for i := range s.ring {
		each(s.ring[(s.next+i)%len(s.ring)])
	}
}

// hashSpan hashes what makes a call of a span unique. A span may stand for two
// calls (a message to a broker and from it), hence caller and callee. FNV-1a
// (Fowler, Noll, Vo) over the parts, each closed by a byte that UTF-8 never
// holds, then the finaliser of MurmurHash3 (Appleby) to spread the bits.
func hashSpan(parts ...string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
