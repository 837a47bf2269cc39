package stage

// Positions keeps, for a direct task, how far each topic has been folded.
type Positions map[string]int64

// Fold notes a record and tells whether it is new; one that was folded before
// a restart is not.
func (p Positions) Fold(rec Record) bool {
	if next, ok := p[rec.Topic]; ok && rec.Offset < next {
		return false
	}
	p[rec.Topic] = rec.Offset + 1
	return true
}

// Position returns the first offset of a topic not folded.
func (p Positions) Position(topic string) (int64, bool) {
	at, ok := p[topic]
	return at, ok
}
