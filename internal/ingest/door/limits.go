package door

import (
	"math"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/stage"
)

// burstSeconds is how many seconds' worth of a rate may come at once.
const burstSeconds = 10

// bucket is a token bucket.
type bucket struct {
	rate  float64 // a second; 0: unlimited
	level float64
	last  time.Time
}

func newBucket(rate float64) bucket { return bucket{rate: rate, level: rate * burstSeconds} }

// take takes n if the bucket isn't empty and returns zero; otherwise it takes
// nothing and returns the time to wait. A batch larger than what is left drives
// the level below zero, so that large batches are slowed down, not shut out.
func (b *bucket) take(now time.Time, n float64) time.Duration {
	if b.rate <= 0 {
		return 0
	}
	if !b.last.IsZero() && now.After(b.last) {
		b.level = math.Min(b.level+now.Sub(b.last).Seconds()*b.rate, b.rate*burstSeconds)
	}
	b.last = now
	if b.level <= 0 {
		return time.Duration((1 - b.level) / b.rate * float64(time.Second))
	}
	b.level -= n
	return 0
}

// What one sample may bring: more is a mistake of its sender, and would fill
// memory here and in every cache after.
const (
	maxLabels     = 64
	maxLabelBytes = 4096 // names and values together
)

// checkLabels refuses a sample with too many or too long labels.
func checkLabels(p *format.Point) error {
	if len(p.Labels) > maxLabels {
		return stage.Reject("limit", "a sample of %s has %d labels: at most %d are taken", p.Name, len(p.Labels), maxLabels)
	}
	size := len(p.Name)
	if p.Series != nil {
		size += p.Series.Bytes
	} else {
		size += p.Labels.Size()
	}
	if size > maxLabelBytes {
		return stage.Reject("limit", "a sample of %.40s has labels of %d bytes: at most %d are taken", p.Name, size, maxLabelBytes)
	}
	return nil
}

// seriesWindow is how long a series counts after it was last sent, at least.
const seriesWindow = time.Hour

// seriesLimit counts different series within an hour or two, by their hashes.
type seriesLimit struct {
	most         int // 0: unlimited
	young, old   map[uint64]struct{}
	sinceRotated time.Time
}

// admit tells whether a series may be sent.
func (l *seriesLimit) admit(now time.Time, hash uint64) bool {
	if l.most == 0 {
		return true
	}
	if l.young == nil || now.Sub(l.sinceRotated) >= seriesWindow {
		l.young, l.old, l.sinceRotated = map[uint64]struct{}{}, l.young, now
	}
	if _, known := l.young[hash]; known {
		return true
	}
	if _, known := l.old[hash]; !known && len(l.young)+len(l.old) >= l.most {
		return false
	}
	delete(l.old, hash)
	l.young[hash] = struct{}{}
	return true
}
