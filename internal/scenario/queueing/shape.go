package queueing

import "math"

// Shapes holds response laws of shared servers in units of the mean service
// time: they depend only on the coefficient of variation, the cores and the
// utilisation, so a few hundred serve a whole fleet. It is filled as needed and
// not safe for use by several goroutines.
type Shapes struct {
	known map[shapeKey]Dist
	laws  map[int64]Service
}

type shapeKey struct {
	cvMilli int64
	cores   int
	percent int
}

// mostCores is where more cores make no difference worth a shape of its own.
const mostCores = 64

// fine is the utilisation, in per cent, from which every per cent has a shape of
// its own; below, responses change slowly and every second does.
const fine = 76

// Shared returns the law of a response with a mean service time in seconds, on
// a server with cores at a utilisation (rounded up to the next shape). ok is
// false where the server is too busy for an answer.
func (s *Shapes) Shared(mean float64, cvMilli int64, cores int, utilisation float64) (d Dist, ok bool) {
	percent := int(math.Ceil(utilisation*100 - 1e-9))
	if percent < fine {
		percent += percent % 2
	}
	key := shapeKey{max(0, cvMilli), min(max(1, cores), mostCores), max(0, percent)}
	if s.known == nil {
		s.known, s.laws = map[shapeKey]Dist{}, map[int64]Service{}
	}
	d, found := s.known[key]
	if !found {
		law, have := s.laws[key.cvMilli]
		if !have {
			law = NewService(1, float64(key.cvMilli)/1000)
			s.laws[key.cvMilli] = law
		}
		q, stable := NewSharing(law, key.cores, float64(key.percent)/100)
		if stable {
			d = FromTail(q.Tail, q.Mean(), q.end())
		}
		s.known[key] = d
	}
	if len(d.Mass) == 0 {
		return Dist{}, false
	}
	d.Step *= mean
	return d, true
}
