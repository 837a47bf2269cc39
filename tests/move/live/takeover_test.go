package live

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator/build"
	"drover/internal/model"
	"drover/tests/move"
	"drover/tests/stream/servers"
)

// pair starts two executors of one group, each with a memory of its own: what
// one has begun, the other can't know to be dead.
func (s *stand) pair(strikeOn string, signal syscall.Signal) [2]*exec.Cmd {
	var both [2]*exec.Cmd
	for i := range both {
		j := s.job
		j.StrikeOn, j.Signal = strikeOn, signal
		j.Data = filepath.Join(s.job.Data, strikeOn+strconv.Itoa(i))
		both[i] = j.start(s.t)
	}
	return both
}

// struck returns which of the processes was struck.
func (s *stand) struck(on string, both [2]*exec.Cmd) (hit, other *exec.Cmd) {
	s.t.Helper()
	j := s.job
	j.StrikeOn = on
	pid := 0
	s.await("the strike on "+on, func() bool {
		text, err := os.ReadFile(j.struck())
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil && pid > 0
	})
	if both[0].Process.Pid == pid {
		return both[0], both[1]
	}
	return both[1], both[0]
}

// strike has an executor killed or stopped at a point of a move, sees another one
// take over, and lets a stopped one wake up afterwards.
func (s *stand) strike(on string, signal syscall.Signal) {
	s.t.Helper()
	both := s.pair(on, signal)
	p := s.submit(fmt.Sprintf("%s-%d", on, signal))
	zombie, owner := s.struck(on, both)
	s.awaitEnd(p, model.PlanSucceeded)
	s.mu.Lock()
	resumed, epochs := 0, map[int64]bool{}
	for _, step := range s.steps {
		if step.Plan == p.ID {
			epochs[step.Epoch] = true
			if step.Phase == model.PhaseResume {
				resumed++
			}
		}
	}
	s.mu.Unlock()
	if resumed == 0 || len(epochs) < 2 {
		s.t.Errorf("struck on %s: %d commands resumed, epochs %v", on, resumed, epochs)
	}
	if signal == syscall.SIGSTOP {
		_ = zombie.Process.Signal(syscall.SIGCONT)
		time.Sleep(3 * time.Second) // for it to do harm, if it can
		s.awaitEnd(p, model.PlanSucceeded)
	}
	for _, c := range []*exec.Cmd{zombie, owner} {
		_ = c.Process.Kill() // one may be dead already
		_ = c.Wait()
	}
}

func takenOver(t *testing.T, up *servers.Servers) {
	for name, c := range map[string]struct {
		open func() (scene, error)
		stop []string // points to stop at, and to wake up from
		kill []string
	}{
		"redis":   {func() (scene, error) { return move.NewRedisSite(t.Context()) }, []string{"paused", "promoted", "performed"}, []string{"opened"}},
		"process": {func() (scene, error) { return move.NewHTTPSite(t.Context()) }, []string{"share", "draining", "reported"}, []string{"started"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := c.open()
			if err != nil {
				t.Fatal(err)
			}
			st := newStand(t, up, "over-"+name+".", s)
			st.job.Drivers.Executor.Deadline = build.Duration(6 * time.Second)
			for _, on := range c.stop {
				st.strike(on, syscall.SIGSTOP)
			}
			for _, on := range c.kill {
				st.strike(on, syscall.SIGKILL)
			}
			st.check(true)
		})
	}
}
