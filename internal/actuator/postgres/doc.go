// Package postgres moves a PostgreSQL server to another machine by streaming
// replication and promotion, through a proxy that the clients use. Tried on
// PostgreSQL 15.
//
// The hand-over, from source to target:
//  1. the target is a streaming standby with a small lag;
//  2. the proxy closes the source to new sessions;
//  3. the source is set read-only, the proxy cuts its sessions and its client
//     backends are ended: nothing writes there any more;
//  4. a last message is committed, which flushes all that was acknowledged, and
//     the flush position is read;
//  5. the target has replayed up to it;
//  6. pg_promote on the target;
//  7. the proxy opens the target.
//
// Until 7 the target has taken no write. The way back then is to delete a target
// that was promoted, always before the source is opened again: so a target that
// is found promoted and not opened holds everything, and the way forward is
// free. After 7 the way back makes the source a standby of the target (by
// pg_rewind, or by a new base backup) and hands over in the other direction.
// Which of two closed primaries came later is told by their timelines.
package postgres
