package files

import (
	"maps"
	"slices"
	"strings"
)

// sorted returns the names with folders before what is in them.
func sorted(tree map[string]entry) []string { return slices.Sorted(maps.Keys(tree)) }

// deepestFirst returns the names with what is in a folder before it.
func deepestFirst(tree map[string]entry) []string {
	names := sorted(tree)
	slices.SortStableFunc(names, func(a, b string) int {
		return strings.Count(b, "/") - strings.Count(a, "/")
	})
	return names
}
