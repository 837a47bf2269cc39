package netmap

import "math"

// dimensions of the Euclidean part of a coordinate. Three and a height fit the
// topologies of the tests as well as more do.
const dimensions = 3

const (
	// startError is the relative error of a node that nothing is known of.
	startError = 1.0
	// errorGain is c_e of the paper: how fast a node's error follows new samples.
	errorGain = 0.25
	// leastHeight in microseconds keeps heights off zero, where they would stay.
	leastHeight = 10.0
)

// coordinate is a node's place: round-trip times in microseconds are distances
// in the Euclidean part plus both heights.
type coordinate struct {
	at     [dimensions]float64
	height float64
	err    float64 // relative, 1 at the start
	placed bool
}

// distance returns the round-trip time that two coordinates stand for.
func (c *coordinate) distance(d *coordinate) float64 {
	return c.flat(d) + c.height + d.height
}

// flat returns the Euclidean part of the distance.
func (c *coordinate) flat(d *coordinate) float64 {
	sum := 0.0
	for i := range c.at {
		delta := c.at[i] - d.at[i]
		sum += float64(delta * delta)
	}
	return math.Sqrt(sum)
}

// attract moves both ends of a measured pair along the spring between them: the
// paper's algorithm 1 with height vectors (section 5.4), applied to both ends
// since the map sees both. step is c_c of the paper. The direction of nodes that
// stand at one place comes from salt.
func attract(a, b *coordinate, micros, step float64, salt uint64) {
	a.place()
	b.place()
	distance := a.distance(b)
	weight := a.err / (a.err + b.err)
	sample := math.Abs(distance-micros) / micros
	a.err = blendError(a.err, sample, errorGain*weight)
	b.err = blendError(b.err, sample, errorGain*(1-weight))
	force := micros - distance
	var direction [dimensions]float64
	if flat := a.flat(b); flat > 1e-3 {
		for i := range direction {
			direction[i] = (a.at[i] - b.at[i]) / distance
		}
	} else {
		direction = anyDirection(salt)
	}
	lift := (a.height + b.height) / distance
	for i, d := range direction {
		a.at[i] += step * weight * force * d
		b.at[i] -= step * (1 - weight) * force * d
	}
	a.height = max(a.height+step*weight*force*lift, leastHeight)
	b.height = max(b.height+step*(1-weight)*force*lift, leastHeight)
}

// place gives a node without coordinates its start at the origin.
func (c *coordinate) place() {
	if !c.placed {
		*c = coordinate{height: leastHeight, err: startError, placed: true}
	}
}

// blendError moves a node's error towards a sample's; it stays in (0, 1].
func blendError(err, sample, gain float64) float64 {
	return min(max(sample*gain+err*(1-gain), 0.01), startError)
}

// anyDirection returns a unit vector that depends on salt only.
func anyDirection(salt uint64) [dimensions]float64 {
	var d [dimensions]float64
	norm := 0.0
	for i := range d {
		salt = mix(salt + 0x9e3779b97f4a7c15)
		d[i] = float64(salt>>11)/(1<<53) - 0.5
		norm += float64(d[i] * d[i])
	}
	norm = math.Sqrt(norm) + 1e-9
	for i := range d {
		d[i] /= norm
	}
	return d
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
