package format

import (
	"sort"
	"strings"
)

// NamedServices returns those of the known services that a configuration value
// points at: "cart:7070", "http://cart.shop.svc:80/x", "redis://cart". A bare
// word is no address and counts only if bare is set.
func NamedServices(value string, known map[string]bool, bare bool) []string {
	var found []string
	if !bare && !strings.ContainsAny(value, ":") && !strings.Contains(value, ".svc") {
		return nil
	}
	words := strings.FieldsFunc(value, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
	for _, w := range words {
		host, _, _ := strings.Cut(w, ".")
		if known[host] {
			found = append(found, host)
		}
	}
	return found
}

// Distinct returns names sorted, each once, without one of them.
func Distinct(names []string, without string) []string {
	sort.Strings(names)
	kept := names[:0]
	for i, n := range names {
		if n != without && (i == 0 || n != names[i-1]) {
			kept = append(kept, n)
		}
	}
	return kept
}
