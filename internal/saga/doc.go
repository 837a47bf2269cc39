// Package saga decides what may be done next in a fleet's plans. It folds plans,
// orders and outcomes, and answers with effects: records for the executor's
// write-ahead log, and outcomes for everybody else.
//
// A move runs admit, provision, replicate, catch-up, cut-over (the pivot),
// watch, retire. Before the pivot a step that has failed for good undoes the
// move: every step whose intent was written is compensated, in reverse order,
// the failed one included, because a step without a good outcome may have acted
// all the same. Then the plan's completed moves are moved back, last wave first,
// unless the plan keeps them. After the pivot recovery goes forward, or back
// where the move declares it. A compensation that keeps failing parks the move
// with exactly what is left to do. (The pattern is that of H. Garcia-Molina and
// K. Salem, "Sagas", SIGMOD 1987, with a pivot as in transactional workflows.)
//
// What keeps it safe:
//   - a move has at most one command without outcome at any time;
//   - an intent is returned before its command may act, with an identity that is
//     its idempotency key and holds the move's command sequence, so that targets
//     refuse what is older than what they have taken;
//   - moves of one fleet share one order, so limits on servers, links and the
//     fleet hold over all plans, and an application is in one running plan only.
//
// The package owns no clock: time comes with the events, and Advance says that
// time has passed. It performs nothing (internal/actuator does, asked by the
// executor) and stores nothing. The same inputs give the same effects, byte for
// byte. Its neighbours: plans come from the planner, effects go to the executor.
package saga
