package host

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

// kilobyte is the unit of memory maps.
const kilobyte = 1024

// Scan looks at all processes of the machine. Those that end meanwhile, or that
// this user may not look into, are left out; threads of the kernel too, which
// have no command line.
func Scan(ctx context.Context) ([]Process, error) {
	list, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("processes: %w", err)
	}
	own := networkOf(int32(os.Getpid()))
	found := make([]Process, 0, len(list))
	for _, one := range list {
		if p, ok := describe(ctx, one, own); ok {
			found = append(found, p)
		}
	}
	return found, nil
}

func describe(ctx context.Context, one *process.Process, ownNetwork string) (p Process, ok bool) {
	p.ID = one.Pid
	var err error
	if p.Arguments, err = one.CmdlineWithContext(ctx); err != nil || p.Arguments == "" {
		return p, false
	}
	if p.Command, err = one.NameWithContext(ctx); err != nil {
		return p, false
	}
	if p.Started, err = one.CreateTimeWithContext(ctx); err != nil {
		return p, false
	}
	times, err := one.TimesWithContext(ctx)
	if err != nil {
		return p, false
	}
	p.CPUSeconds = times.User + times.System
	if memory, err := one.MemoryInfoWithContext(ctx); err == nil {
		p.MemoryBytes = float64(memory.RSS)
	}
	if maps, err := one.MemoryMapsWithContext(ctx, true); err == nil && maps != nil && len(*maps) == 1 && (*maps)[0].Pss > 0 {
		p.MemoryBytes = float64((*maps)[0].Pss) * kilobyte
	}
	p.Cgroup = cgroupOf(one.Pid)
	if network := networkOf(one.Pid); network != "" && network != ownNetwork {
		if receive, transmit, err := readNetwork(os.DirFS("/proc/" + strconv.Itoa(int(one.Pid)))); err == nil {
			p.Network, p.Receive, p.Transmit = network, receive, transmit
		}
	}
	return p, true
}

// networkOf names the network namespace of a process; empty where there are none.
func networkOf(id int32) string {
	name, err := os.Readlink("/proc/" + strconv.Itoa(int(id)) + "/ns/net")
	if err != nil {
		return ""
	}
	return name
}

// cgroupOf returns the control group of a process: version 2's, else that of
// version 1's hierarchy of CPU time or of systemd.
func cgroupOf(id int32) string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(int(id)) + "/cgroup")
	if err != nil {
		return ""
	}
	return parseCgroup(data)
}

// parseCgroup reads lines of the form hierarchy:controllers:path.
func parseCgroup(data []byte) string {
	group := ""
	for line := range bytes.Lines(data) {
		parts := bytes.SplitN(bytes.TrimSpace(line), []byte(":"), 3)
		if len(parts) != 3 || len(parts[2]) <= 1 {
			continue
		}
		switch controllers := parts[1]; {
		case len(controllers) == 0:
			return string(parts[2])
		case group == "" || bytes.Equal(controllers, []byte("name=systemd")):
			group = string(parts[2])
		}
	}
	return group
}
