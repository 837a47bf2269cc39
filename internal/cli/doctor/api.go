package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"drover/internal/cli/client"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
)

// api asks a running server.
func (x *examiner) api(ctx context.Context, c *client.Client) {
	there := false
	x.within(ctx, func(ctx context.Context) {
		var me api.Me
		at, err := c.Clock(ctx)
		if err == nil {
			err = c.Get(ctx, "/me", nil, &me)
		}
		if err != nil {
			x.fail("api", "", err)
			return
		}
		there = true
		x.ok("api", "%s answers %s as %s, version %s", c.Server, me.Name, me.Role, me.Version)
		// The Date of an answer has whole seconds.
		x.clock(c.Server, at, 1e9)
	})
	if !there {
		return
	}
	x.within(ctx, func(ctx context.Context) {
		state, err := c.Ready(ctx)
		if err != nil {
			x.skip("ready", "%v", err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(state)) {
			if state[name] == "ok" {
				x.ok("ready", "%s sees %s", c.Server, name)
				continue
			}
			x.fail("ready", "", fmt.Errorf("%s does not see %s: %s", c.Server, name, state[name]))
		}
	})
	var fleets api.Page[api.Fleet]
	x.within(ctx, func(ctx context.Context) {
		if err := c.Get(ctx, "/fleets", nil, &fleets); err != nil {
			x.fail("fleet", "", err)
		}
	})
	if len(fleets.Items) == 0 {
		x.warn("fleet", "send servers, applications and metrics: see docs/ingest.md", "no fleet has sent anything yet, or none that you may see")
	}
	for _, f := range fleets.Items {
		if c.Fleet != "" && c.Fleet != string(f.ID) {
			continue
		}
		x.within(ctx, func(ctx context.Context) {
			known, err := ask(ctx, c, &f)
			if err != nil {
				x.fail("fleet", "", err)
				return
			}
			x.fleet(known)
			if f.Parked > 0 {
				x.warn("plans", "drover get plans, then drover plan show PLAN", "fleet %s: %d plans need a person", f.ID, f.Parked)
			}
		})
	}
}

// ask takes the facts from the API.
func ask(ctx context.Context, c *client.Client, f *api.Fleet) (*facts, error) {
	out := &facts{fleet: f.ID, now: f.Now, letters: f.DeadLetters, killed: f.Killed}
	path := "/fleets/" + url.PathEscape(string(f.ID))
	err := each(ctx, c, path+"/servers", func(h api.Host) { out.servers = append(out.servers, h.ID) })
	if err == nil {
		err = each(ctx, c, path+"/applications", func(a api.ApplicationRow) { out.applications = append(out.applications, a.ID) })
	}
	if err == nil {
		err = each(ctx, c, path+"/forecasts", func(r api.ForecastRow) {
			out.series = append(out.series, series{r.Entity, r.Resource, r.Origin, readmodel.HistoryStep, r.Samples, r.Trusted, r.Note})
		})
	}
	return out, err
}

// each hands out the items of all pages.
func each[T any](ctx context.Context, c *client.Client, path string, tell func(T)) error {
	q := url.Values{"limit": {"1000"}}
	for {
		var page api.Page[json.RawMessage]
		if err := c.Get(ctx, path, q, &page); err != nil {
			return err
		}
		for _, raw := range page.Items {
			var item T
			if err := json.Unmarshal(raw, &item); err != nil {
				return fmt.Errorf("answer to %s: %w; are drover here and there of the same version?", path, err)
			}
			tell(item)
		}
		if page.Next == "" {
			return nil
		}
		q.Set("after", page.Next)
	}
}
