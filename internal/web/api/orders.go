package api

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/web/readmodel"
)

// Topics and limits of orders.
const (
	topicControl = "control"
	topicAudit   = "audit"
	maxComment   = 2000
)

// kinds are the orders by the last part of their path.
var kinds = map[string]model.ControlKind{
	"approve": model.ControlApprove, "reject": model.ControlReject, "pause": model.ControlPause, "resume": model.ControlResume,
	"stop": model.ControlStop, "kill": model.ControlKill, "revive": model.ControlRevive, "drain": model.ControlDrain, "undrain": model.ControlResume,
	"update-cancel": model.ControlUpdateCancel, "update-retry": model.ControlUpdateRetry,
}

// order takes an order: it is checked, written to the audit log, then sent.
func (s *Server) order(c *call) (any, error) {
	var body Order
	if err := decode(c.r, &body); err != nil {
		return nil, err
	}
	order := model.Control{Fleet: c.fleet, Kind: kinds[path.Base(c.route.Path)], Plan: model.PlanID(c.r.PathValue("plan")),
		Server: model.ServerID(c.r.PathValue("server")), By: c.who.Name, Comment: body.Comment}
	if err := body.into(&order); err != nil {
		return nil, err
	}
	state, err := s.check(&order)
	if err != nil {
		return nil, err
	}
	order.ID = s.orderID(c, body.Key)
	if err := s.publish(c, &order, path.Base(c.route.Path), state); err != nil {
		return nil, err
	}
	return Ordered{ID: order.ID, Kind: order.Kind, Fleet: order.Fleet, Plan: order.Plan, By: order.By, At: order.At, State: state}, nil
}

// into checks what came with an order and puts it in.
func (o *Order) into(c *model.Control) error {
	switch {
	case len(o.Comment) > maxComment:
		return badRequest("comment: %d bytes, more than %d", len(o.Comment), maxComment)
	case len(o.Key) > 200:
		return badRequest("key: %d bytes, more than 200", len(o.Key))
	case o.Waves < 0 || o.Waves > 0 && c.Kind != model.ControlApprove:
		return badRequest("waves: %d: want 0 or more, and only with approve", o.Waves)
	case o.Mode != "" && c.Kind != model.ControlStop:
		return badRequest("mode: only with stop")
	}
	c.Wave = o.Waves
	if c.Kind != model.ControlStop {
		return nil
	}
	switch c.Mode = o.Mode; o.Mode {
	case "":
		c.Mode = model.StopFinish
	case model.StopFinish, model.StopCompensate, model.StopLeave:
	default:
		return badRequest("mode: %q: want finish, compensate or leave", o.Mode)
	}
	return nil
}

// check holds an order against what it is about, dates it, and says how that
// stands now.
func (s *Server) check(c *model.Control) (state string, err error) {
	s.Model.View(c.Fleet, func(f *readmodel.Fleet) {
		c.At = f.Now
		switch {
		case c.Server != "":
			if _, ok := f.Servers[c.Server]; !ok {
				err = notFound("no server %q in fleet %s", c.Server, c.Fleet)
			}
			state = fmt.Sprintf("drained=%v", f.Drained[c.Server] != 0)
		case c.Plan == "":
			state = fmt.Sprintf("paused=%v killed=%v", f.Paused, f.Killed)
		default:
			state, err = checkPlan(f, c)
		}
	})
	return state, err
}

func checkPlan(f *readmodel.Fleet, c *model.Control) (string, error) {
	run := f.Run(c.Plan)
	if run == nil {
		return "", notFound("no plan %q in fleet %s; GET %s/fleets/%s/plans lists them", c.Plan, c.Fleet, base, c.Fleet)
	}
	status := run.At(0)
	switch {
	case status.State.Ended():
		return "", conflict("plan %s is over: %s", c.Plan, readmodel.Words(status.State))
	case c.Kind == model.ControlApprove && !run.Plan.NeedsApproval:
		return "", conflict("plan %s does not wait for approval: it is %s", c.Plan, readmodel.Words(status.State))
	case c.Kind == model.ControlApprove && run.Plan.DryRun:
		return "", conflict("plan %s is a dry run: it is not carried out", c.Plan)
	case c.Kind == model.ControlApprove && c.Wave > run.Plan.Waves:
		return "", badRequest("waves: %d: the plan has %d", c.Wave, run.Plan.Waves)
	}
	return fmt.Sprintf("%s paused=%v approved_waves=%d", status.State, status.Paused, status.ApprovedWaves), nil
}

// publish sends the audit event first, so that no order goes without one.
func (s *Server) publish(c *call, order *model.Control, action, before string) error {
	after, err := json.Marshal(struct {
		Order   string           `json:"order"`
		Waves   int              `json:"waves,omitempty"`
		Mode    model.StopMode   `json:"mode,omitempty"`
		Comment string           `json:"comment,omitempty"`
		Hook    string           `json:"hook,omitempty"`
		Servers []model.ServerID `json:"servers,omitempty"`
	}{order.ID, order.Wave, order.Mode, order.Comment, order.Hook, order.Servers})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	object := "fleet/" + string(order.Fleet)
	switch {
	case order.Kind == model.ControlUpdate:
		object = "update/" + order.ID
	case order.Roll != "":
		object = "update/" + order.Roll
	case order.Plan != "":
		object = "plan/" + string(order.Plan)
	case order.Server != "":
		object = "server/" + string(order.Server)
	}
	if err := s.audited(c, order.At, action, object, before, string(after)); err != nil {
		return fmt.Errorf("order %s: %w", order.ID, err)
	}
	sent := stage.Emission{Topic: topicControl, Fleet: order.Fleet, Key: order.ID, Partition: stage.ByKey, Event: *order}
	if err := s.Publisher.PublishAll(c.r.Context(), []stage.Emission{sent}); err != nil {
		return fmt.Errorf("order %s: %w", order.ID, err)
	}
	return nil
}

// audited writes who changes what to the audit log, and returns once that is
// durable: it comes before the change itself.
func (s *Server) audited(c *call, at model.Instant, action, object, before, after string) error {
	audit := model.Audit{Fleet: c.fleet, At: at, Actor: c.who.Name + " (" + c.who.Means + ")", Action: action, Object: object, Before: before, After: after}
	e := stage.Emission{Topic: topicAudit, Fleet: c.fleet, Key: object, Partition: stage.ByKey, Event: audit}
	if err := s.Publisher.PublishAll(c.r.Context(), []stage.Emission{e}); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	s.Log.Info("order", "fleet", c.fleet, "action", action, "object", object, "by", audit.Actor)
	return nil
}

// randomID returns a new order's identity.
func randomID() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // never fails
	return "o-" + hex.EncodeToString(raw[:])
}
