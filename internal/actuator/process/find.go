package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// lockDescriptor is the descriptor under which a process inherits its lock file:
// the first after standard error.
const lockDescriptor = "3"

// find returns the processes that hold the name's lock: the process itself and
// its children. Environment and command line wouldn't do: Redis and PostgreSQL
// write over both.
func (s *Supervisor) find(name string) ([]int, error) {
	want, err := filepath.Abs(s.lockPath(name))
	if err != nil {
		return nil, fmt.Errorf("find process %q: %w", name, err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("find process %q: %w", name, err)
	}
	held := make(map[int]bool)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// One that ends meanwhile, or is somebody else's, can't be read: not ours.
		if target, err := os.Readlink("/proc/" + e.Name() + "/fd/" + lockDescriptor); err == nil && target == want {
			held[pid] = true
		}
	}
	var tops []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && held[pid] && !held[parent(pid)] {
			tops = append(tops, pid)
		}
	}
	return tops, nil
}

// parent returns the parent of a process from its stat file: "pid (name) state
// parent ...", where the name may hold anything.
func parent(pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	p, _ := strconv.Atoi(string(fields[1]))
	return p
}
