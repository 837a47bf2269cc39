// Package changes finds what a seasonal history should not be learned from as
// it stands: lasting changes of its level, and values that belong to nothing
// around them.
//
// It compares each value with the same phase of the seasons before, so that
// neither the season nor a weekend is taken for a change. It knows no model and
// keeps nothing; panel.Fill fills the gaps that it opens.
package changes
