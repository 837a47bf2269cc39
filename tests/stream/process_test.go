package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/child"
)

// job is what a process of its own is told to run, as JSON in this variable.
const jobVariable = "DROVER_TEST_STAGE"

type job struct {
	Brokers  []string
	Redis    string
	Stage    string
	Instance string
	Classic  bool
	Prefix   string // empty: testPrefix
}

// TestMain lets the test binary be the stages' processes too, so that they can be
// killed.
func TestMain(m *testing.M) {
	var j job
	var measured benchJob
	switch {
	case os.Getenv(jobVariable) != "":
		be(&j, os.Getenv(jobVariable), func(ctx context.Context) error { return j.run(ctx) })
	case os.Getenv(benchVariable) != "":
		be(&measured, os.Getenv(benchVariable), func(ctx context.Context) error { return measured.run(ctx) })
	default:
		os.Exit(m.Run())
	}
}

// be makes this process what a job says.
func be(job any, text string, run func(context.Context) error) {
	if err := json.Unmarshal([]byte(text), job); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the job in this process.
func (j job) run(ctx context.Context) error {
	prefix := cmp.Or(j.Prefix, testPrefix)
	conn, err := connectUnder(ctx, prefix, j.Brokers, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	states, err := store.Open(store.Config{Addresses: []string{j.Redis}, Namespace: prefix})
	if err != nil {
		return err
	}
	config := stream.Config{Connection: conn, Stage: j.Stage, Store: states, Fenced: store.ErrFenced, Instance: j.Instance,
		Classic: j.Classic, SaveEvery: 300 * time.Millisecond, SessionTimeout: 6 * time.Second}
	switch j.Stage {
	case stream.Forecaster:
		config.Topics, config.NewTask = []string{stream.Metrics, stream.Paths, stream.Calls}, newCounting
	case stream.Planner:
		config.Topics, config.NewTask, config.Mode = []string{stream.Forecasts}, newChecking, stream.Transaction
	default:
		return fmt.Errorf("no stage %q", j.Stage)
	}
	return stream.Run(ctx, config)
}

// start starts the job in a process of its own, which the test ends.
func (j job) start(t testing.TB) *child.Process {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return child.Start(t, j.Stage, func() *exec.Cmd {
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
		return cmd
	})
}

// testPrefix is what most tests call their deployment.
const testPrefix = "t."

// connect returns a connection under the tests' prefix.
func connect(ctx context.Context, brokers []string, log *slog.Logger) (*stream.Connection, error) {
	return connectUnder(ctx, testPrefix, brokers, log)
}

func connectUnder(ctx context.Context, prefix string, brokers []string, log *slog.Logger) (*stream.Connection, error) {
	registry, err := stream.OpenFileRegistry("", prefix)
	if err != nil {
		return nil, err
	}
	return stream.Connect(ctx, stream.Settings{Brokers: brokers, Prefix: prefix, Registry: registry, Logger: log})
}

// apply connects and creates the topics.
func apply(t testing.TB, brokers []string, plan stream.Plan) *stream.Connection {
	t.Helper()
	return applyUnder(t, testPrefix, brokers, plan)
}

// applyUnder is apply for a deployment of another name.
func applyUnder(t testing.TB, prefix string, brokers []string, plan stream.Plan) *stream.Connection {
	t.Helper()
	conn, err := connectUnder(t.Context(), prefix, brokers, nil)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		_, err := admin.Apply(ctx, plan)
		if err == nil {
			return conn
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the cluster is still finding its members
	}
}

// setting returns a number from the environment.
func setting(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return standard
}
