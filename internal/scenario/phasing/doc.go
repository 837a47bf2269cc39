// Package phasing turns a set of moves into a schedule: which moves wait for
// which, in what wave they stand, when they can start at the earliest and must
// start at the latest.
//
// # Every intermediate state is feasible
//
// Durations are only predictions, so feasibility must not rest on them. A
// schedule is a list of moves with precedences (After), and it promises: in
// whatever order and however long moves run, as long as each starts only after
// those it waits for have ended well, no server ever holds more than its
// capacity because of a move, no two rivals ever share a server because of one,
// and no application stands in fewer zones than it must (or than it did).
//
// The argument. While a move runs, source and target both hold the replica. A
// move j to server T is admitted to the list only if T holds it together with
// its first load, with all moves to T admitted before (whether they have
// started or not), and without those moves away from T that j waits for,
// directly or not. Take any reachable state and among the moves to T that have
// started the one admitted last, k. Whatever else has arrived was admitted
// before k and is in k's sum; what k's sum leaves out has ended before k
// started. So the load of T is at most k's sum, which fits. The same argument
// holds for rivals, which are checked against the same set. Moves of one
// application wait for each other, so that its zones can be counted along the
// list.
//
// A state that is infeasible at the start is not made worse: moves away from a
// full server are always allowed, moves to it are not.
package phasing
