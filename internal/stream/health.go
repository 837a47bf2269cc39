package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// GroupHealth is how one stage's consumer group stands.
type GroupHealth struct {
	Stage   string
	State   string // the coordinator's word: Stable, Empty, Dead, ...
	Members int
	Lag     int64 // records between what is committed and the ends of the logs
}

// Brokers asks every broker by itself for the cluster's metadata and returns how
// many answer, and the errors of the others.
func (a *Admin) Brokers(ctx context.Context) (answering int, failed []error, err error) {
	brokers, err := a.admin.ListBrokers(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("list brokers: %w", err)
	}
	for _, b := range brokers {
		request := kmsg.NewPtrApiVersionsRequest()
		request.ClientSoftwareName, request.ClientSoftwareVersion = "drover", "0"
		if _, err := a.client.Broker(int(b.NodeID)).Request(ctx, request); err != nil {
			failed = append(failed, fmt.Errorf("broker %d at %s:%d: %w", b.NodeID, b.Host, b.Port, err))
			continue
		}
		answering++
	}
	return answering, failed, nil
}

// Groups returns how the groups of the stages stand, in the order of the flow.
func (a *Admin) Groups(ctx context.Context) ([]GroupHealth, error) {
	var out []GroupHealth
	for _, stage := range []string{Forecaster, Planner, Executor} {
		name := a.conn.Name(stage)
		g := GroupHealth{Stage: stage, State: "Dead"}
		err := a.group(ctx, name, &g)
		// A new cluster takes a moment until anyone coordinates groups.
		for errors.Is(err, kerr.CoordinatorNotAvailable) && sleep(ctx, 500*time.Millisecond) {
			err = a.group(ctx, name, &g)
		}
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return nil, a.conn.explain(fmt.Errorf("group %s: %w", name, err), "DESCRIBE", "group "+name)
		}
		out = append(out, g)
	}
	return out, nil
}

// group fills in how one group stands, whichever protocol it speaks.
func (a *Admin) group(ctx context.Context, name string, to *GroupHealth) error {
	described, err := a.admin.DescribeConsumerGroups(ctx, name)
	if g, there := described[name]; err == nil && there && g.Err == nil {
		to.State, to.Members = g.State, len(g.Members)
	} else {
		classic, err := a.admin.DescribeGroups(ctx, name)
		if err == nil {
			err = classic[name].Err
		}
		if err != nil {
			return err
		}
		to.State, to.Members = classic[name].State, len(classic[name].Members)
	}
	committed, err := a.admin.FetchOffsets(ctx, name)
	if err != nil || len(committed) == 0 {
		return err
	}
	ends, err := a.admin.ListEndOffsets(ctx, committed.Partitions().Topics()...)
	if err != nil {
		return err
	}
	to.Lag = 0
	committed.Each(func(o kadm.OffsetResponse) {
		if end, ok := ends.Lookup(o.Topic, o.Partition); ok && end.Err == nil && o.Err == nil {
			to.Lag += max(0, end.Offset-max(0, o.At))
		}
	})
	return nil
}

// ErrNoAuthoriser says that the cluster keeps no rights: everybody may do
// everything.
var ErrNoAuthoriser = errors.New("the cluster has no authoriser")

// MissingRights returns which of Rights are not granted, as the brokers' lists
// stand. It needs the right to describe the cluster.
func (a *Admin) MissingRights(ctx context.Context) ([]Right, error) {
	all := kadm.NewACLs().AnyResource().ResourcePatternType(kadm.ACLPatternAny).Operations().Allow().AllowHosts()
	results, err := a.admin.DescribeACLs(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("describe rights: %w", err)
	}
	granted := map[string]bool{}
	for _, result := range results {
		if errors.Is(result.Err, kerr.SecurityDisabled) {
			return nil, ErrNoAuthoriser
		}
		if result.Err != nil {
			return nil, a.conn.explain(fmt.Errorf("describe rights: %w", result.Err), "DESCRIBE", "the cluster")
		}
		for _, d := range result.Described {
			granted[grantKey(d.Principal, d.Type.String(), d.Name, d.Pattern == kadm.ACLPatternPrefixed, d.Operation.String())] = true
		}
	}
	return missing(Rights(a.conn.settings.Prefix), granted), nil
}

func missing(rights []Right, granted map[string]bool) []Right {
	var out []Right
	for _, r := range rights {
		lacks := slices.Clone(r.Operations)
		lacks = slices.DeleteFunc(lacks, func(op string) bool {
			return granted[grantKey("User:"+r.Service, r.Resource, r.Name, r.Prefixed, op)] ||
				granted[grantKey("User:"+r.Service, r.Resource, r.Name, r.Prefixed, "All")]
		})
		if r.Operations = lacks; len(lacks) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// grantKey names a right whatever the case and the dashes of its parts.
func grantKey(principal, resource, name string, prefixed bool, operation string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	return fmt.Sprintf("%s %s %s %v %s", principal, strings.ToLower(plain.Replace(resource)), name, prefixed, strings.ToLower(plain.Replace(operation)))
}
