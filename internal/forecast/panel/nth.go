package panel

import "cmp"

// Nth returns what would stand at place k if v were sorted; v is reordered and
// holds no NaN. Selection by partition (Hoare 1961) with the middle as pivot.
func Nth[T cmp.Ordered](v []T, k int) T {
	low, high := 0, len(v)-1
	for low < high {
		pivot := v[(low+high)/2]
		i, j := low, high
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return v[k]
		}
	}
	return v[k]
}
