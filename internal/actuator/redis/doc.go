// Package redis moves a Redis from one server to another without losing an
// acknowledged write, through a proxy that the clients use.
//
// The hand-over, from source to target:
//  1. the target replicates, and its lag is small;
//  2. CLIENT PAUSE WRITE on the source: writes wait, none is acknowledged;
//  3. the proxy closes the source to new sessions;
//  4. source and target stand at the same replication offset;
//  5. REPLICAOF NO ONE on the target;
//  6. the proxy cuts the source's sessions: no way leads there any more;
//  7. the pause hasn't run out meanwhile (else: see below);
//  8. the proxy opens the target;
//  9. the source replicates from the target; its pause ends.
//
// Until 8 the target has taken no write, so the way back is free: it becomes a
// replica of the source again, which is opened. A pause that ran out before 7,
// or a crash, leaves that as the answer unless the offsets show that the source
// took nothing after the promotion. From 8 on the way leads forward, and the way
// back is a hand-over in the other direction.
//
// What it doesn't cover: clients that reach the source past the proxy, and a
// server whose machine is lost with its data: Redis acknowledges before it
// replicates, so a target lost after 8 has to come back with its append-only
// file; promoting the source instead would lose what was written in between,
// and is never done.
package redis
