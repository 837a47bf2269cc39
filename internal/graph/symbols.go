package graph

// symbol stands for a name that edges share.
type symbol uint32

// symbols interns names and counts their uses, so that a million edges hold
// each name once and names of edges that are gone do not stay for ever.
type symbols struct {
	names []string
	uses  []uint32
	ids   map[string]symbol
	free  []symbol
}

func newSymbols() symbols { return symbols{ids: map[string]symbol{}} }

// find returns the symbol of a name that is in use.
func (s *symbols) find(name string) (symbol, bool) {
	id, ok := s.ids[name]
	return id, ok
}

// acquire returns the symbol of name and counts one more use.
func (s *symbols) acquire(name string) symbol {
	if id, ok := s.ids[name]; ok {
		s.uses[id]++
		return id
	}
	var id symbol
	if n := len(s.free); n > 0 {
		id = s.free[n-1]
		s.free = s.free[:n-1]
		s.names[id], s.uses[id] = name, 1
	} else {
		id = symbol(len(s.names))
		s.names = append(s.names, name)
		s.uses = append(s.uses, 1)
	}
	s.ids[name] = id
	return id
}

// release gives one use back; the last one frees the symbol.
func (s *symbols) release(id symbol) {
	s.uses[id]--
	if s.uses[id] > 0 {
		return
	}
	delete(s.ids, s.names[id])
	s.names[id] = ""
	s.free = append(s.free, id)
}

func (s *symbols) name(id symbol) string { return s.names[id] }
