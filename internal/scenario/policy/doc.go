// Package policy reads planning policies from YAML: the futures that users add,
// and for every fleet how its plans begin, what things cost it, its guard rails
// and its horizon.
package policy
