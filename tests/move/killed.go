package move

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/exec"
	"drover/internal/actuator/haproxy"
	"drover/internal/actuator/process"
	"drover/internal/actuator/protocol"
	"drover/internal/actuator/redis"
	"drover/internal/model"
)

// driverVariable makes a program of ours a Redis driver for the site in the
// value's file, for one request; with killVariable it kills itself at that point.
const (
	driverVariable = "DROVER_MOVE_DRIVER"
	killVariable   = "DROVER_MOVE_KILL_AT"
)

// siteFile is what another process needs to know of a Redis site.
type siteFile struct {
	Folder, Socket string
	Instances      map[model.ServerID]redis.Instance
}

// Program returns the site's Redis driver as a program of its own, which kills
// itself with SIGKILL at a point of the command; negative: never.
func (s *RedisSite) Program(killAt int) (*protocol.Client, error) {
	text, err := json.Marshal(siteFile{Folder: s.Folder, Socket: s.Proxy.Address, Instances: s.instances})
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	path := filepath.Join(s.Folder, "site.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("own program: %w", err)
	}
	return exec.New(exec.Program{
		Argv: []string{self},
		Env:  append(os.Environ(), driverVariable+"="+path, killVariable+"="+strconv.Itoa(killAt)),
	}), nil
}

// answerOnce is the program: it answers one request from standard input.
func answerOnce(path string) error {
	var f siteFile
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	var request protocol.Request
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		return err
	}
	s := &RedisSite{
		Site:      &Site{Folder: f.Folder, Supervisor: &process.Supervisor{State: f.Folder, Grace: time.Second}, Proxy: &haproxy.Proxy{Address: f.Socket}},
		instances: f.Instances,
	}
	s.host = s.newHost()
	killAt, err := strconv.Atoi(os.Getenv(killVariable))
	if err != nil {
		return err
	}
	point := 0
	driver := s.bare(func(string) {
		if point == killAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // doesn't return
		}
		point++
	})
	return json.NewEncoder(os.Stdout).Encode(protocol.Answer(context.Background(), driver, &request))
}

// KillEverywhere moves the Redis by a program that is killed at every point of
// every step in turn and then run again, there and back in turn, under a load.
// It returns how many points there were and what was acknowledged and lost.
func KillEverywhere(ctx context.Context, s *RedisSite) (points, acked, lost int, err error) {
	load := &Load{Dial: s.Dial, Every: 2 * time.Millisecond}
	load.Start(ctx, 2)
	defer load.Stop()
	// A step's last kill falls behind its last point and hits nothing.
	for plan, killed := 0, true; killed; plan++ {
		killed = false
		from, err := s.Serving(ctx)
		if err != nil {
			return points, 0, 0, err
		}
		id := model.PlanID(fmt.Sprintf("k%d", plan))
		for n, kind := range actuator.MoveSteps()[:7] {
			c := actuator.Command{
				Step: model.Step{ID: model.NewStepID(id, 0, model.LegForward, n+1, kind), Plan: id, Kind: kind},
				Move: model.Move{Replica: "db/0", Application: "db", From: from, To: other(from)},
			}
			again, err := s.killed(ctx, c, plan)
			if err != nil {
				return points, 0, 0, fmt.Errorf("%s killed at point %d: %w", kind, plan, err)
			}
			if again {
				killed = true
				points++
			}
		}
		if served, err := s.Serving(ctx); err != nil || served != other(from) {
			return points, 0, 0, fmt.Errorf("after plan %d %q serves: %w", plan, served, err)
		}
	}
	lists := load.Stop()
	lost, err = s.Lost(ctx, lists)
	return points, load.Acked(), lost, err
}

// killed performs a command with a kill at a point, and again where the kill hit.
func (s *RedisSite) killed(ctx context.Context, c actuator.Command, point int) (hit bool, err error) {
	for _, at := range []int{point, -1} {
		program, err := s.Program(at)
		if err != nil {
			return hit, err
		}
		bounded, cancel := context.WithTimeout(ctx, 20*time.Second)
		err = program.Perform(bounded, c)
		cancel()
		if err == nil {
			return hit, nil
		}
		if at < 0 {
			return hit, err
		}
		hit = true
	}
	return hit, nil
}
