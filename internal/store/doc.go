// Package store keeps the state of stages in Redis; nothing else imports the
// Redis client. A state belongs to a slot (deployment, group, partition). Every
// key of a slot carries the same hash tag, so that a slot lies on one node of a
// cluster and one script can change all of it.
//
// Writing is fenced: a slot remembers the greatest epoch that claimed it, which
// is the owner's member epoch or generation in its consumer group, and refuses
// a write of an older one. A process that lost its partition without noticing
// can thereby change nothing.
//
// Redis is the fast restart and the queryable view, not the truth: what it
// loses comes back by reading the topics again.
package store
