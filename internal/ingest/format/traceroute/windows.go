package traceroute

import (
	"strconv"
	"strings"
)

// belowOneMillis is what "<1 ms" is taken for.
const belowOneMillis = 0.5

// windowsHop tells whether a hop's fields are tracert's: the three times come
// before the address.
func windowsHop(fields []string) bool {
	rest, probes := fields, 0
	for ; probes < 3 && len(rest) > 0; probes++ {
		n, _, ok := windowsTime(rest)
		if !ok {
			break
		}
		rest = rest[n:]
	}
	return probes == 3 && len(rest) > 0 || probes == 0 && len(fields) > 1 && address(fields[0]) && strings.HasSuffix(fields[1], ":")
}

// windowsTime reads "*", "12 ms" or "<1 ms" (the unit in any alphabet) and
// returns the number of fields it took. A negative time is silence.
func windowsTime(fields []string) (took int, millis float64, ok bool) {
	if fields[0] == "*" {
		return 1, -1, true
	}
	if len(fields) < 2 || fields[1] == "*" || strings.ContainsAny(fields[1][:1], "0123456789<[(") {
		return 0, 0, false
	}
	if fields[0] == "<1" {
		return 2, belowOneMillis, true
	}
	n, err := strconv.ParseUint(fields[0], 10, 31)
	return 2, float64(n), err == nil
}

// timed tells whether a hop's fields hold a time or a lost probe.
func timed(fields []string) bool {
	for _, f := range fields {
		if f == "*" || f == "msec" || strings.HasSuffix(f, "ms") {
			return true
		}
	}
	return false
}

// failed reads a hop that holds no time: "name [address] reports: ..." of a
// router that refused, a sentence such as "General failure.", or BSD's
// "traceroute: sendto: ...".
func (r *reader) failed(fields []string) bool {
	for _, f := range fields {
		if a := strings.Trim(f, "[]"); len(a) < len(f) && address(a) {
			r.hops.Answer(r.ttl, a, -1)
			return true
		}
	}
	last := fields[len(fields)-1]
	if fields[0] != "traceroute:" && fields[0] != "traceroute6:" && (len(last) < 2 || last[len(last)-1] != '.') {
		return false
	}
	r.hops.Lose(r.ttl)
	return true
}

// windowsFields reads three times and then an address, "name [address]" or
// words that say that nothing answered.
func (r *reader) windowsFields(fields []string) {
	var times []float64
	lost := 0
	for len(times)+lost < 3 && len(fields) > 0 {
		took, millis, ok := windowsTime(fields)
		if !ok {
			break
		}
		if millis < 0 {
			lost++
		} else {
			times = append(times, millis)
		}
		fields = fields[took:]
	}
	found := ""
	for _, f := range fields {
		if a := strings.Trim(f, "[]():"); address(a) {
			found = a
		} else if a := strings.Trim(f, "[]()"); address(a) {
			found = a
		}
	}
	if found != "" {
		r.hops.Answer(r.ttl, found, -1)
		for _, t := range times {
			r.hops.Answer(r.ttl, found, t)
		}
	}
	for range lost {
		r.hops.Lose(r.ttl)
	}
	if found == "" && lost == 0 {
		r.hops.Lose(r.ttl)
	}
}
