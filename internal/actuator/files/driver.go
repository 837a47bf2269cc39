package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// Place is a replica's folder and process on one server.
type Place struct {
	Folder string
	Spec   process.Spec
	// Health is a URL that answers 200 where the process is ready.
	Health string
	Route  actuator.Route
}

// Config connects the driver with its world.
type Config struct {
	Locate     func(model.Move, model.ServerID) (Place, error)
	Traffic    actuator.Traffic
	Supervisor *process.Supervisor
	// Small is how many bytes a pass may copy for the next one to be the last; 0:
	// 1 MiB. Passes bounds how many are made before that is given up; 0: ten.
	Small  int64
	Passes int
	Trace  actuator.Tracer
}

// Driver moves services with their folders.
type Driver struct{ Config }

// New returns a driver.
func New(config Config) *Driver {
	if config.Small <= 0 {
		config.Small = 1 << 20
	}
	if config.Passes <= 0 {
		config.Passes = 10
	}
	return &Driver{config}
}

// pollEvery is how often slow conditions are looked at.
const pollEvery = 20 * time.Millisecond

// backPatience is how long the way back may take when the time for the way there
// is over.
const backPatience = 5 * time.Second

// Capabilities says that it performs every step and keeps to the bandwidth.
func (d *Driver) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "files", Steps: actuator.MoveSteps(), Writes: true, Bandwidth: true}
}

// Status knows nothing of earlier commands: performing them again converges.
func (d *Driver) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

// Perform performs one step.
func (d *Driver) Perform(ctx context.Context, c actuator.Command) error {
	from, err := d.Locate(c.Move, c.Move.From)
	if err != nil {
		return fmt.Errorf("files of %s on server %s: %w", c.Move.Replica, c.Move.From, err)
	}
	to, err := d.Locate(c.Move, c.Move.To)
	if err != nil {
		return fmt.Errorf("files of %s on server %s: %w", c.Move.Replica, c.Move.To, err)
	}
	pace := Pace{Bound: c.BytesPerSecond, Tell: c.Tell}
	d.Trace.At("begin")
	switch c.Step.Kind {
	case model.StepAdmit:
		err = d.admit(ctx, &from, &to)
	case model.StepProvision:
		err = d.closed(ctx, &to, func() error { return prepare(to.Folder) })
	case model.StepReplicate:
		err = d.closed(ctx, &to, func() error { _, err := d.pass(ctx, &from, &to, pace); return err })
	case model.StepCatchUp:
		err = d.closed(ctx, &to, func() error { return d.catchUp(ctx, &from, &to, pace) })
	case model.StepCutOver:
		err = d.cutOver(ctx, &from, &to)
	case model.StepWatch:
		err = d.healthy(ctx, &to)
	case model.StepRetire:
		err = d.remove(ctx, &to, &from)
	case model.StepReverseCutOver:
		err = d.reverse(ctx, &from, &to)
	case model.StepDiscardReplica, model.StepDeprovision:
		err = d.remove(ctx, &from, &to)
	case model.StepStopCatchUp, model.StepReleaseAdmission:
	default:
		err = fmt.Errorf("files: %w %q", actuator.ErrUnsupported, c.Step.Kind)
	}
	d.Trace.At("end")
	return err
}

// open tells whether the proxy sends clients to a place.
func (d *Driver) open(ctx context.Context, p *Place) (bool, error) {
	state, err := d.Traffic.State(ctx, p.Route)
	return state.Admission == actuator.Open, err
}

// closed does something to a place that must not serve meanwhile.
func (d *Driver) closed(ctx context.Context, p *Place, do func() error) error {
	open, err := d.open(ctx, p)
	if err != nil {
		return err
	}
	if open {
		return fmt.Errorf("files: %s serves", p.Spec.Name)
	}
	return do()
}

// admit checks that the source serves and the target's folder may be used.
func (d *Driver) admit(ctx context.Context, from, to *Place) error {
	open, err := d.open(ctx, from)
	if err != nil {
		return err
	}
	if !open {
		return fmt.Errorf("files: the proxy doesn't send clients to source %s", from.Spec.Name)
	}
	return d.closed(ctx, to, func() error { return mayUse(to.Folder) })
}

// mayUse refuses a folder that holds something and isn't Drover's.
func mayUse(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, markName)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return wrap(err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("files: %s holds something already and has no file %s that makes it Drover's", folder, markName)
	}
	return nil
}

// prepare makes a folder Drover's.
func prepare(folder string) error {
	if err := mayUse(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return wrap(err)
	}
	return wrap(os.WriteFile(filepath.Join(folder, markName), nil, 0o600))
}

// pass makes sure that the target doesn't run and copies once.
func (d *Driver) pass(ctx context.Context, from, to *Place, pace Pace) (Pass, error) {
	if err := prepare(to.Folder); err != nil {
		return Pass{}, err
	}
	if err := d.Supervisor.Stop(ctx, to.Spec.Name); err != nil {
		return Pass{}, err
	}
	p, err := SyncAt(ctx, from.Folder, to.Folder, pace)
	d.Trace.At("copied")
	return p, err
}

// catchUp copies until little is left to copy.
func (d *Driver) catchUp(ctx context.Context, from, to *Place, pace Pace) error {
	var last Pass
	for range d.Passes {
		var err error
		if last, err = d.pass(ctx, from, to, pace); err != nil || last.Bytes <= d.Small {
			return err
		}
	}
	return fmt.Errorf("files: after %d passes one still copies %d bytes, more than %d", d.Passes, last.Bytes, d.Small)
}

// healthy makes sure that a place's process runs and answers.
func (d *Driver) healthy(ctx context.Context, p *Place) error {
	if _, err := d.Supervisor.Start(ctx, p.Spec); err != nil {
		return err
	}
	d.Trace.At("started")
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Health, nil)
		if err != nil {
			return false, fmt.Errorf("health: %w", err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, fmt.Errorf("health: %w", err)
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// cutOver hands over to the target. A note of a way back that was given up must
// not outlive it.
func (d *Driver) cutOver(ctx context.Context, from, to *Place) error {
	note := filepath.Join(from.Folder, markName)
	if _, err := os.Stat(note); err == nil {
		if err := wrap(os.WriteFile(note, nil, 0o600)); err != nil {
			return err
		}
	}
	return d.handOver(ctx, from, to)
}

// handOver stops the service at one place and starts it at another with the
// same files.
func (d *Driver) handOver(ctx context.Context, from, to *Place) error {
	h := actuator.HandOver{
		Taken:    func(ctx context.Context) (bool, error) { return d.open(ctx, to) },
		Try:      func(ctx context.Context) error { return d.tryHandOver(ctx, from, to) },
		Finish:   func(ctx context.Context) error { return d.finish(ctx, from, to) },
		GiveBack: func(ctx context.Context) error { return d.giveBack(ctx, from, to) },
		Back:     backPatience,
	}
	return h.Run(ctx)
}

func (d *Driver) tryHandOver(ctx context.Context, from, to *Place) error {
	if err := d.shut(ctx, from); err != nil {
		return err
	}
	if err := d.last(ctx, from, to); err != nil {
		return err
	}
	d.Trace.At("verified")
	if err := d.healthy(ctx, to); err != nil {
		return err
	}
	return d.finish(ctx, from, to)
}

// last makes the final pass and compares. A file that changed twice within one
// tick of the file system's clock looks unchanged; what the comparison finds is
// copied again.
func (d *Driver) last(ctx context.Context, from, to *Place) error {
	var different *Difference
	for range 2 {
		if _, err := d.pass(ctx, from, to, Pace{Bound: func() int64 { return 0 }}); err != nil {
			return err
		}
		err := Verify(ctx, from.Folder, to.Folder)
		if !errors.As(err, &different) {
			return err
		}
		for _, name := range different.Names {
			if err := os.RemoveAll(filepath.Join(to.Folder, name)); err != nil {
				return wrap(err)
			}
		}
	}
	return different
}

// shut makes sure that nothing is written at a place any more.
func (d *Driver) shut(ctx context.Context, p *Place) error {
	if err := d.Traffic.Admit(ctx, p.Route, actuator.Closed); err != nil {
		return err
	}
	d.Trace.At("fenced")
	if err := d.Traffic.Cut(ctx, p.Route); err != nil {
		return err
	}
	if err := d.Supervisor.Stop(ctx, p.Spec.Name); err != nil {
		return err
	}
	d.Trace.At("stopped")
	return nil
}

// finish opens the target, again where that was done before.
func (d *Driver) finish(ctx context.Context, from, to *Place) error {
	if err := d.Traffic.Weight(ctx, to.Route, 1_000_000); err != nil {
		return err
	}
	if err := d.Traffic.Admit(ctx, to.Route, actuator.Open); err != nil {
		return err
	}
	d.Trace.At("opened")
	return d.shut(ctx, from)
}

// giveBack lets the source serve again; the target has taken no write.
func (d *Driver) giveBack(ctx context.Context, from, to *Place) error {
	if err := d.Supervisor.Stop(ctx, to.Spec.Name); err != nil {
		return err
	}
	d.Trace.At("giving-back")
	if err := d.healthy(ctx, from); err != nil {
		return err
	}
	return d.Traffic.Admit(ctx, from.Route, actuator.Open)
}

// reverse makes the source serve alone, with every write that the target has
// taken. Which of two closed places came last is told by a note that the
// hand-over back leaves before it closes the target.
func (d *Driver) reverse(ctx context.Context, from, to *Place) error {
	open, err := d.open(ctx, to)
	if err != nil {
		return err
	}
	note := filepath.Join(from.Folder, markName)
	back, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return wrap(err)
	}
	if open && string(back) != goingBack {
		if err := wrap(os.WriteFile(note, []byte(goingBack), 0o600)); err != nil {
			return err
		}
	} else if !open && string(back) != goingBack {
		return d.giveBack(ctx, from, to)
	}
	if err := d.handOver(ctx, to, from); err != nil {
		return err
	}
	return wrap(os.WriteFile(note, nil, 0o600))
}

// goingBack is the note in a folder that takes the writes of another one back.
const goingBack = "going back"

// remove stops a place that nobody is sent to and deletes its folder, once the
// other one serves.
func (d *Driver) remove(ctx context.Context, stays, goes *Place) error {
	open, err := d.open(ctx, stays)
	if err != nil {
		return err
	}
	if !open {
		return fmt.Errorf("files: %s doesn't serve, so %s can't be removed", stays.Spec.Name, goes.Spec.Name)
	}
	return d.closed(ctx, goes, func() error {
		if err := mayUse(goes.Folder); err != nil {
			return err
		}
		if err := d.healthy(ctx, stays); err != nil {
			return err
		}
		if err := d.Supervisor.Stop(ctx, goes.Spec.Name); err != nil {
			return err
		}
		return wrap(os.RemoveAll(goes.Folder))
	})
}
