// Package readmodel folds the topics into what an operator asks for: the fleet
// as it is and as it was, forecasts with their history, decisions, plans and
// what became of them, dead letters and the audit log.
//
// It is fed by the topics alone and decides nothing. Everything it keeps is
// bounded by Limits, so that a fleet of any age costs the same memory. It is
// safe for concurrent use: Fold takes events in, View lends one fleet out.
package readmodel
