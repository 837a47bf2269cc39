package traceroute

import (
	"strconv"
	"strings"
)

// continues tells whether a line without a distance can belong to the hop
// before it: an address or time, not a note such as "MPLS Label=...".
func continues(fields []string) bool {
	if fields[0] == "MPLS" {
		return false
	}
	for i, f := range fields {
		if strings.HasPrefix(f, "(") && address(strings.Trim(f, "()")) {
			return true
		}
		if (f == "ms" || f == "msec") && i > 0 || f == "*" {
			return true
		}
	}
	return false
}

// unixFields reads a hop's fields: names with addresses in brackets, times in
// ms behind the address they belong to, * for silence, and notes (!H, [AS1]).
// It tells whether anything was found.
func (r *reader) unixFields(fields []string) bool {
	found := false
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		switch {
		case f == "*":
			r.hops.Lose(r.ttl)
			found = true
		case f[0] == '!' || f[0] == '[' || f[0] == '<' || f == "ms" || f == "msec":
		case f[0] == '(':
			if a := strings.Trim(f, "()"); address(a) {
				r.address = a
				r.hops.Answer(r.ttl, a, -1)
				found = true
			}
		default:
			if rtt, ok := unixTime(f, fields[i+1:]); ok {
				if r.address != "" {
					r.hops.Answer(r.ttl, r.address, rtt)
					found = true
				}
				continue
			}
			if i+1 < len(fields) && strings.HasPrefix(fields[i+1], "(") {
				continue // a name: its address follows
			}
			if address(f) || r.address == "" {
				r.address = f
				r.hops.Answer(r.ttl, f, -1)
				found = found || address(f)
			}
		}
	}
	return found
}

// unixTime reads "1.234" before "ms" ("msec" on routers), or "1.234ms".
func unixTime(field string, next []string) (float64, bool) {
	number, joined := strings.CutSuffix(field, "ms")
	if !joined && (len(next) == 0 || next[0] != "ms" && next[0] != "msec") {
		return 0, false
	}
	v, err := strconv.ParseFloat(number, 64)
	return v, err == nil && v >= 0
}
