package operator

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"
)

// completing bounds how long a shell waits for names; then there are none.
const completing = 2 * time.Second

// completePlans offers the identities of the plans, the newest first.
func (s *session) completePlans(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.completeOne(c, args, "plans")
}

// completeServers offers the servers' names.
func (s *session) completeServers(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.completeOne(c, args, "servers")
}

func (s *session) completeOne(c *cobra.Command, args []string, kind string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return s.names(c.Context(), kind), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeKinds offers kinds first, then the names of what is of that kind.
func (s *session) completeKinds(kinds []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return kinds, cobra.ShellCompDirectiveNoFileComp
		case 1:
			return s.names(c.Context(), args[0]), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// names asks the server for the names of a kind; where nobody answers there are
// none: a shell has no place for errors.
func (s *session) names(ctx context.Context, name string) []string {
	k, err := kindNamed(name)
	if err != nil || !k.single && k.name != "forecasts" && k.name != "series" {
		return nil
	}
	if k.path == "" {
		k.path = "forecasts"
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completing)
	defer cancel()
	s.output = "json"
	if err := s.open(ctx); err != nil {
		return nil
	}
	q, err := s.query(ctx)
	if err != nil {
		return nil
	}
	const most = 200
	items, err := s.pages(ctx, k.path, q, most)
	if err != nil {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, id := range identities(items) {
		if !seen[id] {
			out, seen[id] = append(out, id), true
		}
	}
	return out
}

// identities are what items of a list are called.
func identities(items []json.RawMessage) []string {
	var out []string
	for _, raw := range items {
		var named struct {
			ID     string `json:"id"`
			Entity string `json:"entity"`
		}
		if json.Unmarshal(raw, &named) == nil && named.ID+named.Entity != "" {
			out = append(out, named.ID+named.Entity)
		}
	}
	return out
}
