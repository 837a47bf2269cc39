package api

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// What an update order that leaves it out gets.
const (
	updateWithin = 24 * time.Hour
	updateTakes  = 30 * time.Minute
)

// updatesAt returns how all updates stand at a time (0: now): as the decision in
// force says, and what was ordered, which none has looked at yet.
func updatesAt(f *readmodel.Fleet, at model.Instant) []ServerUpdate {
	var all []ServerUpdate
	decided := model.NoInstant
	if e := evaluationAt(f, at); e != nil {
		decided = e.Tick
		for _, u := range e.Updates {
			all = append(all, ServerUpdate{Roll: u.Roll, Server: u.Server, Hook: u.Hook, State: u.State, Start: u.Start, End: u.End, Plan: u.Plan, Reason: u.Reason})
		}
	}
	for i := range f.Orders {
		o := &f.Orders[i]
		known := slices.ContainsFunc(all, func(u ServerUpdate) bool { return u.Roll == o.ID })
		if o.Kind != model.ControlUpdate || known || o.LatestEnd <= decided || at != 0 && o.At > at || calledOff(f, o.ID) {
			continue
		}
		for _, s := range o.Servers {
			all = append(all, ServerUpdate{Roll: o.ID, Server: s, Hook: o.Hook, State: model.UpdateWaiting, Start: o.EarliestStart, End: o.LatestEnd,
				Reason: "ordered by " + o.By + "; the next decision plans it"})
		}
	}
	return all
}

func calledOff(f *readmodel.Fleet, roll string) bool {
	return slices.ContainsFunc(f.Orders, func(o model.Control) bool { return o.Kind == model.ControlUpdateCancel && o.Roll == roll })
}

func (s *Server) updates(c *call) (any, error) {
	var all []ServerUpdate
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, u := range updatesAt(f, c.at) {
			if c.holds(u.Roll, string(u.Server), u.Hook, string(u.State)) {
				all = append(all, u)
			}
		}
	})
	return paged(c, all)
}

// orderUpdate takes the order to update servers.
func (s *Server) orderUpdate(c *call) (any, error) {
	var body UpdateOrder
	if err := decode(c.r, &body); err != nil {
		return nil, err
	}
	order := model.Control{Fleet: c.fleet, Kind: model.ControlUpdate, By: c.who.Name}
	var err error
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		order.At = f.Now
		if err = body.into(&order); err == nil {
			err = checkUpdate(f, &order)
		}
	})
	if err != nil {
		return nil, err
	}
	order.ID = updateID(s.orderID(c, body.Key))
	state := fmt.Sprintf("servers=%d", len(order.Servers))
	if err := s.publish(c, &order, "update", state); err != nil {
		return nil, err
	}
	return Ordered{ID: order.ID, Kind: order.Kind, Fleet: order.Fleet, By: order.By, At: order.At, State: state}, nil
}

// orderID names an order; the same key of the same person gives the same name.
func (s *Server) orderID(c *call, key string) string {
	if key == "" {
		return s.NewID()
	}
	return "o-" + model.Digest(c.who.Name, string(c.fleet), c.r.URL.Path, key)[:24]
}

// updateID makes an order's identity one that people can write: they name updates
// by it.
func updateID(order string) string {
	id := strings.TrimPrefix(order, "o-")
	return "u-" + id[:min(10, len(id))]
}

// into checks what was ordered and puts it in, with what was left out.
func (o *UpdateOrder) into(c *model.Control) error {
	takes := time.Duration(o.Seconds * float64(time.Second))
	switch {
	case len(o.Comment) > maxComment:
		return badRequest("comment: %d bytes, more than %d", len(o.Comment), maxComment)
	case len(o.Key) > 200:
		return badRequest("key: %d bytes, more than 200", len(o.Key))
	case len(o.Servers) == 0:
		return badRequest("servers: name at least one")
	case o.Hook == "" || len(o.Hook) > 200:
		return badRequest("hook: name what is to be run on each server, in at most 200 bytes")
	case o.AtOnce < 0:
		return badRequest("at_once: %d: want 1 or more", o.AtOnce)
	case o.Seconds < 0 || o.Seconds > 7*86400:
		return badRequest("duration_seconds: %g: want up to a week", o.Seconds)
	}
	c.Servers, c.Hook, c.AtOnce, c.Comment = slices.Clone(o.Servers), o.Hook, cmp.Or(o.AtOnce, 1), o.Comment
	c.EarliestStart, c.Duration = max(o.Start, c.At), cmp.Or(takes, updateTakes)
	c.LatestEnd = cmp.Or(o.End, c.EarliestStart.Add(max(updateWithin, c.Duration)))
	if room := c.LatestEnd.Sub(c.EarliestStart); room < c.Duration {
		return badRequest("end: %v leaves %v from %v on, one server takes %v", c.LatestEnd, max(0, room), c.EarliestStart, c.Duration)
	}
	return nil
}

// checkUpdate holds an update order against the fleet.
func checkUpdate(f *readmodel.Fleet, c *model.Control) error {
	slices.Sort(c.Servers)
	for i, s := range c.Servers {
		if _, ok := f.Servers[s]; !ok {
			return notFound("no server %q in fleet %s", s, c.Fleet)
		}
		if i > 0 && c.Servers[i-1] == s {
			return badRequest("servers: %q is named twice", s)
		}
	}
	for _, u := range updatesAt(f, 0) {
		if !u.State.Ended() && slices.Contains(c.Servers, u.Server) {
			return conflict("server %s is in update %s (%s) already; cancel that one first", u.Server, u.Roll, u.State)
		}
	}
	return nil
}

// changeUpdate takes the order to call a roll off or to try it again.
func (s *Server) changeUpdate(c *call) (any, error) {
	var body Order
	if err := decode(c.r, &body); err != nil {
		return nil, err
	}
	action := path.Base(c.route.Path)
	order := model.Control{Fleet: c.fleet, Kind: kinds["update-"+action], Roll: c.r.PathValue("roll"), By: c.who.Name}
	if err := body.into(&order); err != nil {
		return nil, err
	}
	order.Comment = body.Comment
	count := map[model.UpdateState]int{}
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		order.At = f.Now
		for _, u := range updatesAt(f, 0) {
			if u.Roll == order.Roll {
				count[u.State]++
			}
		}
	})
	total := 0
	for _, n := range count {
		total += n
	}
	switch {
	case total == 0:
		return nil, notFound("no update %q in fleet %s; GET %s/fleets/%s/updates lists them", order.Roll, c.fleet, base, c.fleet)
	case order.Kind == model.ControlUpdateRetry && count[model.UpdateFailed] == 0:
		return nil, conflict("no server of update %s has failed", order.Roll)
	case order.Kind == model.ControlUpdateCancel && count[model.UpdateDone]+count[model.UpdateMissed] == total:
		return nil, conflict("update %s is over", order.Roll)
	}
	order.ID = s.orderID(c, body.Key)
	state := fmt.Sprintf("done=%d failed=%d of %d", count[model.UpdateDone], count[model.UpdateFailed], total)
	if err := s.publish(c, &order, "update-"+action, state); err != nil {
		return nil, err
	}
	return Ordered{ID: order.ID, Kind: order.Kind, Fleet: order.Fleet, By: order.By, At: order.At, State: state}, nil
}
