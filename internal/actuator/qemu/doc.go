// Package qemu moves virtual machines between hosts by live migration over QMP:
// a QEMU that waits for the guest is started at the target, the memory is copied
// while the guest runs, within a limit of bandwidth, and the guest is switched
// over when what is left fits into the downtime that is allowed.
//
// A migration that makes no headway, or fails, is cancelled, and the guest goes
// on at the source. Whether it is the same guest afterwards is told by an
// identity that it gives itself over HTTP (its boot id), read before and after.
//
// QEMU is the memory of what has happened: a migration goes on when who started
// it has died, and each command looks at both sides first. A guest is never
// continued where it could have run on elsewhere in the meantime.
package qemu
