package stream

import (
	"cmp"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// numberBalancer is the classic protocol's way to give a partition number of all
// topics to one member, cooperatively: members keep what they have up to a fair
// share, and only what moves is taken away first. (Kafka's cooperative-sticky
// would part the topics from one another.)
type numberBalancer struct{}

// ProtocolName implements kgo.GroupBalancer.
func (numberBalancer) ProtocolName() string { return "drover-number" }

// IsCooperative implements kgo.GroupBalancer.
func (numberBalancer) IsCooperative() bool { return true }

// JoinGroupMetadata implements kgo.GroupBalancer: topics and what we own.
func (numberBalancer) JoinGroupMetadata(topics []string, current map[string][]int32, generation int32) []byte {
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Version = 2
	meta.Topics = slices.Sorted(slices.Values(topics))
	meta.Generation = generation
	for _, topic := range slices.Sorted(maps.Keys(current)) {
		owned := kmsg.NewConsumerMemberMetadataOwnedPartition()
		owned.Topic, owned.Partitions = topic, slices.Sorted(slices.Values(current[topic]))
		meta.OwnedPartitions = append(meta.OwnedPartitions, owned)
	}
	return meta.AppendTo(nil)
}

// ParseSyncAssignment implements kgo.GroupBalancer.
func (numberBalancer) ParseSyncAssignment(assignment []byte) (map[string][]int32, error) {
	return kgo.ParseConsumerSyncAssignment(assignment)
}

// MemberBalancer implements kgo.GroupBalancer.
func (n numberBalancer) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{}, error) {
	b, err := kgo.NewConsumerBalancer(n, members)
	if err != nil {
		return nil, nil, err
	}
	return b, b.MemberTopics(), nil
}

// Balance implements kgo.ConsumerBalancerBalance.
func (numberBalancer) Balance(b *kgo.ConsumerBalancer, topics map[string]int32) kgo.IntoSyncAssignment {
	var width int32
	for _, n := range topics {
		width = max(width, n)
	}
	owner := share(claims(b), width)
	plan := b.NewPlan()
	members := map[string]*kmsg.JoinGroupResponseMember{}
	for i := range b.Members() {
		m, _ := b.MemberAt(i)
		members[m.MemberID] = m
	}
	for n := range width {
		for _, topic := range slices.Sorted(maps.Keys(topics)) {
			if n < topics[topic] {
				plan.AddPartition(members[owner[n]], topic, n)
			}
		}
	}
	plan.AdjustCooperative(b)
	return plan
}

// claim is one member and the numbers it has.
type claim struct {
	member     string
	generation int32
	numbers    []int32
}

// claims lists the members by name.
func claims(b *kgo.ConsumerBalancer) []claim {
	var out []claim
	b.EachMember(func(m *kmsg.JoinGroupResponseMember, meta *kmsg.ConsumerMemberMetadata) {
		c := claim{member: m.MemberID, generation: meta.Generation}
		for _, owned := range meta.OwnedPartitions {
			c.numbers = append(c.numbers, owned.Partitions...)
		}
		slices.Sort(c.numbers)
		c.numbers = slices.Compact(c.numbers)
		out = append(out, c)
	})
	slices.SortFunc(out, func(x, y claim) int { return cmp.Compare(x.member, y.member) })
	return out
}

// share gives every number below width an owner: each member keeps at most the
// fair share of what it has, then the rest goes to whoever has least. Where two
// claim a number, the newer generation is right.
func share(members []claim, width int32) []string {
	owner := make([]string, width)
	count := map[string]int{}
	byAge := slices.Clone(members)
	slices.SortStableFunc(byAge, func(x, y claim) int { return cmp.Compare(y.generation, x.generation) })
	low, extra := int(width)/len(members), int(width)%len(members)
	for _, c := range byAge {
		limit := low
		if extra > 0 {
			limit++
		}
		for _, n := range c.numbers {
			if n < width && owner[n] == "" && count[c.member] < limit {
				owner[n] = c.member
				count[c.member]++
			}
		}
		if count[c.member] > low {
			extra--
		}
	}
	for n := range owner {
		if owner[n] != "" {
			continue
		}
		least := members[0].member
		for _, c := range members {
			if count[c.member] < count[least] {
				least = c.member
			}
		}
		owner[n] = least
		count[least]++
	}
	return owner
}
