package live

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/actuator/process"
	"drover/internal/actuator/redis"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/saga"
	"drover/tests/move"
)

// jobVariable makes this program an executor, as the JSON in it says.
const jobVariable = "DROVER_TEST_EXECUTOR"

// job is what an executor's process is told.
type job struct {
	Brokers  []string
	Redis    string
	Prefix   string
	Instance string // static member; empty: KIP-848
	Data     string
	Drivers  *build.Config
	Log      string // where acts are noted
	// StrikeAt is the point, counted from 1, at which the process sends itself
	// Signal; 0: never. StrikeOn is a point's name: whichever process gets there
	// first is struck, and no other.
	StrikeAt int
	StrikeOn string
	Signal   syscall.Signal
}

func TestMain(m *testing.M) {
	move.ServeIfAsked()
	if text := os.Getenv(jobVariable); text != "" {
		var j job
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err := j.run(ctx)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// run is the executor's process: the service as its command runs it, and a
// tracer that strikes.
func (j *job) run(ctx context.Context) error {
	conf, err := config.Load(nil, nil, "")
	if err != nil {
		return err
	}
	conf.Kafka.Brokers, conf.Kafka.Prefix, conf.Redis.Addresses = j.Brokers, j.Prefix, []string{j.Redis}
	conf.Kafka.Instance, conf.Kafka.Classic, conf.Data, conf.SaveEvery = j.Instance, j.Instance != "", j.Data, 200*time.Millisecond
	conf.Beat, conf.Drivers = time.Second, "-"
	stages, err := service.Stages(conf, "test")
	if err != nil {
		return err
	}
	if err := service.SetDrivers(j.Drivers, stages); err != nil {
		return err
	}
	stages.Executor.Saga.Grace = 500 * time.Millisecond
	stages.Executor.Saga.Limits = saga.Limits{}
	r, err := service.Open(ctx, conf, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer r.Close()
	notes, err := os.OpenFile(j.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer notes.Close()
	trace := j.tracer(notes)
	return r.RunExecutor(ctx, stages, service.Driving{File: j.Drivers, Trace: trace, Wrap: func(set *actuator.Set) {
		for name, d := range set.Drivers {
			switch d := d.(type) {
			case *redis.Driver:
				d.Trace = trace
			case *process.Driver:
				d.Trace = trace
			}
			set.Drivers[name] = noted{d, notes}
		}
	}})
}

// tracer notes every point and strikes at one.
func (j *job) tracer(notes *os.File) actuator.Tracer {
	points := make(chan int, 1)
	points <- 0
	return func(point string) {
		n := <-points + 1
		points <- n
		fmt.Fprintf(notes, "point %d %d %s\n", os.Getpid(), n, point)
		if n == j.StrikeAt || point == j.StrikeOn && j.first() {
			_ = syscall.Kill(os.Getpid(), j.Signal)
			time.Sleep(10 * time.Millisecond) // a stop takes a moment
		}
	}
}

// first tells whether nobody has been struck yet.
func (j *job) first() bool {
	f, err := os.OpenFile(j.struck(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	fmt.Fprint(f, os.Getpid())
	return f.Close() == nil
}

// struck is the file that holds the process that was struck.
func (j *job) struck() string { return j.Log + "-struck-on-" + j.StrikeOn }

// noted is a driver whose commands are written down, line by line.
type noted struct {
	actuator.Driver
	notes *os.File
}

// Perform performs and notes the beginning and the end.
func (n noted) Perform(ctx context.Context, c actuator.Command) error {
	fmt.Fprintf(n.notes, "begin %s\n", c.Step.ID)
	err := n.Driver.Perform(ctx, c)
	if err == nil {
		fmt.Fprintf(n.notes, "done %s\n", c.Step.ID)
	}
	return err
}

// Probe measures by the driver, where it can.
func (n noted) Probe(ctx context.Context, c actuator.Command) (actuator.Reading, error) {
	if p, ok := n.Driver.(actuator.Prober); ok {
		return p.Probe(ctx, c)
	}
	return actuator.Reading{}, actuator.ErrUnsupported
}

// start starts the job in a process of its own, which ends with the test.
func (j job) start(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := os.OpenFile(filepath.Join(filepath.Dir(j.Log), "said"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

// twice returns the commands that were begun again after they had been done.
func twice(notes string) []string {
	done := map[string]bool{}
	var again []string
	for line := range strings.SplitSeq(notes, "\n") {
		word, key, _ := strings.Cut(line, " ")
		switch {
		case word == "done":
			done[key] = true
		case word == "begin" && done[key] && !strings.HasSuffix(key, "/watch"): // watches look more than once
			again = append(again, key)
		}
	}
	return again
}
