// Package recorded turns what a fleet's topics or files have recorded into a
// fleet that can be played again under other policies: the load of every
// application as it was measured, minute by minute, on the servers and by the
// promises that were stated.
//
// Recorded are loads, calls, servers, applications, calendar, maintenance and
// where replicas stood at the beginning. Made up, and said so in Account, are
// what a record can't know: response times under another placement, and what
// the record leaves out. The package reads no topics and no files; records come
// from its callers, and the fleet goes to the trial beside it.
package recorded
