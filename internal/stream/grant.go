package stream

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// String writes the right as a line.
func (r Right) String() string {
	what := r.Name
	if r.Prefixed {
		what += "*"
	}
	return fmt.Sprintf("%s may %s %s %s", r.Service, strings.Join(r.Operations, ", "), r.Resource, what)
}

// builder returns the right as the client says it.
func (r Right) builder() (*kadm.ACLBuilder, error) {
	b := kadm.NewACLs().Allow("User:" + r.Service).AllowHosts("*").ResourcePatternType(kadm.ACLPatternLiteral)
	if r.Prefixed {
		b.ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	switch r.Resource {
	case "topic":
		b.Topics(r.Name)
	case "group":
		b.Groups(r.Name)
	case "transactional-id":
		b.TransactionalIDs(r.Name)
	default:
		return nil, fmt.Errorf("right %q: resource %q is unknown", r, r.Resource)
	}
	var operations []kadm.ACLOperation
	for _, name := range r.Operations {
		op, err := kmsg.ParseACLOperation(strings.ToUpper(name))
		if err != nil {
			return nil, fmt.Errorf("right %q: operation: %w", r, err)
		}
		operations = append(operations, op)
	}
	return b.Operations(operations...), nil
}

// Grant gives every service what Rights says, under the connection's prefix, and
// returns it. What was granted before stays.
func (a *Admin) Grant(ctx context.Context) ([]Right, error) {
	rights := Rights(a.conn.settings.Prefix)
	for _, r := range rights {
		b, err := r.builder()
		if err != nil {
			return nil, err
		}
		results, err := a.admin.CreateACLs(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("grant %q: %w", r, err)
		}
		for _, result := range results {
			if result.Err != nil {
				return nil, a.conn.explain(fmt.Errorf("grant %q: %w", r, result.Err), "ALTER", "the cluster")
			}
		}
	}
	return rights, nil
}
