package stream

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// staysAway is the member epoch by which a static member of KIP-848 says that it
// will be back: its partitions wait for it until its session ends.
const staysAway = -2

// close hands the partitions over in order: leaving the group calls onRevoked,
// which saves.
func (l *loop) close() {
	defer l.client.CloseAllowingRebalance()
	if l.config.Instance == "" || l.config.Classic {
		return
	}
	// The client's own farewell names no instance, and the broker takes a member
	// without one for gone for good: its partitions would move. So it gets no time
	// to say it, and we do.
	member, epoch := l.client.GroupMetadata()
	if member == "" || epoch <= 0 {
		return
	}
	l.client.AllowRebalance()
	never, cancel := context.WithCancel(l.ctx)
	cancel()
	_ = l.client.LeaveGroupContext(never) // begins; its error is ours
	if err := l.client.LeaveGroupContext(l.ctx); l.ctx.Err() != nil {
		l.conn.log.Warn("leaving the group", "stage", l.config.Stage, "error", err)
		return
	}
	if err := l.farewell(member); err != nil {
		l.conn.log.Warn("leaving the group: partitions wait for the session's end", "stage", l.config.Stage, "error", err)
	}
}

// farewell tells the coordinator that the member will be back.
func (l *loop) farewell(member string) error {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch, req.InstanceID = l.conn.Name(l.config.Group), member, staysAway, &l.config.Instance
	resp, err := req.RequestWith(l.ctx, l.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}
