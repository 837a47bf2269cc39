// Command compose loads the release's container image into a real Docker and runs
// deploy/compose.yaml with it as it stands: everything comes up, moves are planned
// and carried out, killed containers come back, nothing is lost by `down` and `up`,
// and what is told to stop does so by itself. Then it builds the image by
// deploy/Dockerfile and compares the two.
//
//	go run ./tests/compose [-in FOLDER]
//
// With -in everything is done in a folder that stays; the next run goes on there
// after the last part that passed.
//
// The engine runs in namespaces of its own (mounts, processes, network), so that
// neither bridges nor rules nor mounts of the machine change, and nothing outlives
// the command. It needs root, Java, Maven, redis-server, busybox and dpkg; Docker
// and Compose are fetched from Debian and the Go module proxy into the cache folder.
// No registry is asked: the images golang, apache/kafka and redis are replaced by
// stand-ins of the same names, made of what this machine has. The last line of its
// output is one JSON object.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"drover/tests/module"
)

// inside is the argument that says that the process is in its namespaces.
const inside = "inside"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder := flag.String("in", "", "work in this folder, keep it, and go on where the last run in it ended")
	flag.Parse()
	var err error
	if flag.Arg(0) == inside {
		err = tell(ctx, *folder)
	} else {
		err = run(ctx, *folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "compose: "+format+"\n", args...) }

// run prepares a folder, goes into namespaces and tidies up afterwards.
func run(ctx context.Context, folder string) (err error) {
	if os.Getuid() != 0 {
		return errors.New("root is needed, to start an engine in namespaces of its own")
	}
	root, err := module.Root()
	if err != nil {
		return err
	}
	tools, err := fetch(ctx, root)
	if err != nil {
		return err
	}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "dc"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	if folder, err = filepath.Abs(folder); err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return err
	}
	defer sweep(folder)
	dist := filepath.Join(folder, "dist")
	if _, err := os.Stat(filepath.Join(dist, "SHA256SUMS")); err != nil {
		say("make a release, for its image")
		if err := do(ctx, root, nil, "go", "run", "./deploy/release", "-out", dist); err != nil {
			return err
		}
	}
	return enter(ctx, root, folder, tools)
}

// enter goes on in namespaces, with the programs that were fetched.
func enter(ctx context.Context, root, folder string, tools []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	child := exec.CommandContext(ctx, self, "-in", folder, inside)
	child.Stdout, child.Stderr, child.Dir = os.Stdout, os.Stderr, root
	child.Env = append(os.Environ(), tools...)
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
	// Told to end, it says how far it came, and ends the engine.
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = 2 * time.Minute
	return child.Run()
}

// tell runs in the namespaces: engine, images, the story from where it ended.
func tell(ctx context.Context, folder string) error {
	engine, err := start(ctx, folder)
	if err != nil {
		return err
	}
	defer engine.stop()
	s, err := openStory(engine, folder)
	if err != nil {
		return err
	}
	chapters := []struct {
		name string
		tell func(context.Context) error
	}{
		{"make stand-ins for the images of others", s.standIns},
		{"load the release's image", s.load},
		{"run every program of the image", s.programs},
		{"run the demo in it", s.demo},
		{"bring everything up", s.up},
		{"look at the containers' rights", s.rights},
		{"send a fleet, wait for a plan", s.plan},
		{"kill every container's program", s.kill},
		{"stop, take down, bring up again", s.downAndUp},
		{"take everything away", s.away},
		{"build the image by deploy/Dockerfile", s.build},
		{"compare it with the release's", s.compare},
	}
	for _, chapter := range chapters[min(s.Told, len(chapters)):] {
		say("%s", chapter.name)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("%s: %w%s", chapter.name, err, s.logs())
		}
		if err := s.turn(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(s.Figures)
}

// do runs a command in a folder; its output is shown where it fails.
func do(ctx context.Context, dir string, environment []string, argv ...string) error {
	_, err := output(ctx, dir, environment, argv...)
	return err
}

// output runs a command and returns what it wrote on standard output.
func output(ctx context.Context, dir string, environment []string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environment...)
	var said, wrong strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &wrong
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("%s: %w\n%s%s", strings.Join(argv, " "), err, said.String(), wrong.String())
	}
	return said.String(), nil
}
