package openmetrics

import (
	"fmt"
	"math"
	"strconv"
)

// buckets is one histogram at one time, as far as it has been read.
type buckets struct {
	any      bool
	bound    float64
	value    float64
	infinite bool
	negative bool // a bucket's bound is below zero

	hasCount, hasSum bool
	count, sum       float64
	gauge            bool // it is a gauge histogram's
}

// add reads one sample; le has been checked.
func (b *buckets) add(s sample, suffix string) error {
	switch suffix {
	case "_bucket":
		bound, _ := strconv.ParseFloat(s.labels.Get("le"), 64)
		if b.any && bound <= b.bound {
			return fmt.Errorf("%s: buckets must rise by le", s.name)
		}
		if b.any && s.value < b.value {
			return fmt.Errorf("%s: buckets are cumulative, this one is below the one before", s.name)
		}
		b.any, b.bound, b.value = true, bound, s.value
		b.infinite = math.IsInf(bound, 1)
		b.negative = b.negative || bound < 0
	case "_count", "_gcount":
		b.hasCount, b.count = true, s.value
	case "_sum":
		b.hasSum, b.sum = true, s.value
	case "_gsum":
		b.hasSum, b.sum, b.gauge = true, s.value, true
	}
	return nil
}

// check tells whether the samples make one sound histogram.
func (b *buckets) check(name string) error {
	switch {
	case !b.infinite:
		return fmt.Errorf("%s: the bucket le=\"+Inf\" is missing", name)
	case b.hasCount && b.count != b.value:
		return fmt.Errorf("%s: the count %v differs from the bucket le=\"+Inf\" %v", name, b.count, b.value)
	case b.hasSum != b.hasCount:
		return fmt.Errorf("%s: sum and count must come together", name)
	case b.hasSum && !b.gauge && b.negative:
		return fmt.Errorf("%s: a histogram with negative buckets can't have a sum", name)
	case b.hasSum && b.gauge && b.sum < 0 && !b.negative:
		return fmt.Errorf("%s: the sum is negative without negative buckets", name)
	}
	return nil
}
