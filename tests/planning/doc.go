// Package planning holds the scenario core and the solver to their figures
// together: cores don't import one another, so this can stand in neither.
package planning
