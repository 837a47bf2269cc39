package consolidate

// maxResizes bounds how many hosts a tick may empty or open.
const maxResizes = 20

// optimise searches for the least cost: moves and swaps to a local optimum,
// then a host less or more, as long as that helps.
func (s *searcher) optimise(order []int) {
	s.improve()
	for range maxResizes {
		if s.evacuate() < 0 && !s.open(order) {
			return
		}
		s.improve()
	}
}
