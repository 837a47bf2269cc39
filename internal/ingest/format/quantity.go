package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// multiples are the prefixes of byte quantities.
var multiples = map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50}

// Millicores reads an amount of CPU: "500m", "2", "0.25".
func Millicores(s string) (int64, error) {
	factor := 1000.0
	number := strings.TrimSpace(s)
	if head, ok := strings.CutSuffix(number, "m"); ok {
		number, factor = head, 1
	}
	v, err := amount(number, factor)
	if err != nil {
		return 0, fmt.Errorf("%q: want cores (\"2\", \"0.5\") or millicores (\"500m\")", s)
	}
	return v, nil
}

// Bytes reads an amount of bytes: "512Mi", "64GiB", "300M", "1.5GB", "1048576".
// Ki, Mi, Gi are powers of 1024, k, M, G of 1000.
func Bytes(s string) (int64, error) {
	number, unit := splitUnit(strings.TrimSpace(s))
	factor, ok := multiples[strings.TrimSuffix(unit, "B")]
	if ok {
		if v, err := amount(number, factor); err == nil {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%q: want bytes such as \"512Mi\", \"64GiB\", \"300M\" or \"1048576\"", s)
}

// BytesPerSecond reads a bandwidth: "1Gbit/s", "10Gbps", "125MB/s", "125000000".
func BytesPerSecond(s string) (int64, error) {
	number, unit := splitUnit(strings.TrimSpace(s))
	unit = strings.TrimSuffix(strings.TrimSuffix(unit, "/s"), "ps")
	factor := 1.0
	for _, bits := range []string{"bits", "bit", "b"} {
		if head, ok := strings.CutSuffix(unit, bits); ok {
			unit, factor = head, 0.125
			break
		}
	}
	if multiple, ok := multiples[strings.TrimSuffix(unit, "B")]; ok {
		if v, err := amount(number, factor*multiple); err == nil {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%q: want bytes or bits a second such as \"1Gbit/s\" or \"125MB/s\"", s)
}

// splitUnit parts a number from the letters behind it.
func splitUnit(s string) (number, unit string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || s[i] == '-' || s[i] == '+' || (s[i] == 'e' || s[i] == 'E') && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9') {
		i++
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// amount returns number x factor as a whole number from 0.
func amount(number string, factor float64) (int64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return 0, err
	}
	v = math.Round(v * factor)
	if !(v >= 0 && v < math.MaxInt64/2) {
		return 0, fmt.Errorf("%v is out of range", v)
	}
	return int64(v), nil
}
