package move

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/actuator/update"
	"drover/internal/model"
)

// UpdateSite is a server with a service that its update restarts.
type UpdateSite struct {
	*Site
	url string
}

// rebootScript is the hook: it notes what it was run for and ends the service,
// which the supervisor starts again.
const rebootScript = `echo "$DROVER_KEY" >> "$1/installed" && { kill -9 "$(cat "$1/pid")" 2>/dev/null || true; }`

// NewUpdateSite starts the service.
func NewUpdateSite(ctx context.Context) (*UpdateSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &UpdateSite{Site: site}
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return s, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("own program: %w", err)
	}
	s.url = "http://127.0.0.1:" + port + "/"
	s.Own("server")
	_, err = s.Supervisor.Start(ctx, process.Spec{
		Name: "server", Argv: []string{"sh", "-c", `echo $$ > pid; exec "$0"`, self}, Dir: s.Folder,
		Env: []string{serveVariable + "=127.0.0.1:" + port},
	})
	if err != nil {
		return s, err
	}
	return s, actuator.Poll(ctx, reviveEvery, func() (bool, error) {
		_, err := s.Serving(ctx)
		return err == nil, err
	})
}

// updatePlan returns a plan that updates the server.
func updatePlan(id string) model.Plan {
	return model.Plan{Fleet: "test", ID: model.PlanID(id), UpdateServer: "a", UpdateHook: "reboot"}
}

// Driver returns the update driver, with a point before and after.
func (s *UpdateSite) Driver(trace actuator.Tracer) actuator.Driver {
	hook := update.Hook{Argv: []string{"sh", "-c", rebootScript, "reboot", s.Folder}, Health: s.url}
	return framed{&update.Driver{Hooks: map[string]update.Hook{"reboot": hook}, Every: 20 * time.Millisecond}, trace}
}

// framed is a driver with a point before and after each command.
type framed struct {
	actuator.Driver
	trace actuator.Tracer
}

// Perform performs the command between the points.
func (d framed) Perform(ctx context.Context, c actuator.Command) error {
	d.trace.At("begin")
	err := d.Driver.Perform(ctx, c)
	d.trace.At("end")
	return err
}

// KillTarget ends the service, as a crash of the server would.
func (s *UpdateSite) KillTarget(model.Move) {
	_ = s.Supervisor.Kill("server") // none there is a crash too
}

// Dial returns a client.
func (s *UpdateSite) Dial(context.Context) (Session, error) {
	return httpSession{&http.Client{Transport: &http.Transport{}, Timeout: clientTimeout}, s.url}, nil
}

// Lost is nothing: the service keeps nothing.
func (s *UpdateSite) Lost(context.Context, [][]int) (int, error) { return 0, nil }

// Ended checks that the hook was run for a plan that has succeeded.
func (s *UpdateSite) Ended(id model.PlanID) error {
	text, err := os.ReadFile(filepath.Join(s.Folder, "installed"))
	if err == nil && !strings.Contains(string(text), string(id)+"/") {
		err = fmt.Errorf("plan %s has succeeded, and its hook wasn't run", id)
	}
	return err
}

// Serving returns the server once its service answers.
func (s *UpdateSite) Serving(ctx context.Context) (model.ServerID, error) {
	session, err := s.Dial(ctx)
	if err != nil {
		return "", err
	}
	within, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	err = actuator.Poll(within, retryEvery, func() (bool, error) {
		err := session.Write(within, 0, 0)
		return err == nil, err
	})
	return "a", errors.Join(err, session.Close())
}
