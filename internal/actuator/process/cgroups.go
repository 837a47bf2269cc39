package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Cgroups sets limits on processes, by version 1 or 2 of the interface.
type Cgroups struct {
	root string
	two  bool
}

// cpuPeriodMicros is the period over which CPU is shared out.
const cpuPeriodMicros = 100_000

// FindCgroups returns the host's cgroups under the root (/sys/fs/cgroup), or nil
// and the reason where limits can't be set.
func FindCgroups(root string) (*Cgroups, error) {
	c := &Cgroups{root: root}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		c.two = true
	}
	for _, folder := range c.folders("probe") {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("processes run without limits: %w", err)
		}
		if err := os.Remove(folder); err != nil {
			return nil, fmt.Errorf("processes run without limits: %w", err)
		}
	}
	return c, nil
}

// folders returns where the process's limits are set: CPU, then memory; one
// folder in version 2.
func (c *Cgroups) folders(name string) []string {
	if c.two {
		return []string{filepath.Join(c.root, "drover", fileName(name))}
	}
	return []string{
		filepath.Join(c.root, "cpu", "drover", fileName(name)),
		filepath.Join(c.root, "memory", "drover", fileName(name)),
	}
}

// limit puts a process under its limits and tells whether they hold.
func (c *Cgroups) limit(spec Spec, pid int) bool {
	if spec.CPUMilli <= 0 && spec.MemoryBytes <= 0 {
		return true
	}
	if c == nil {
		return false
	}
	folders := c.folders(spec.Name)
	for _, folder := range folders {
		if os.MkdirAll(folder, 0o755) != nil {
			return false
		}
	}
	cpu, memory := folders[0], folders[len(folders)-1]
	quota := strconv.FormatInt(max(spec.CPUMilli*cpuPeriodMicros/1000, 1000), 10)
	bytes := strconv.FormatInt(spec.MemoryBytes, 10)
	ok := true
	set := func(folder, file, value string, wanted int64) {
		if wanted > 0 && os.WriteFile(filepath.Join(folder, file), []byte(value), 0o644) != nil {
			ok = false
		}
	}
	if c.two {
		set(cpu, "cpu.max", quota+" "+strconv.Itoa(cpuPeriodMicros), spec.CPUMilli)
		set(memory, "memory.max", bytes, spec.MemoryBytes)
	} else {
		set(cpu, "cpu.cfs_period_us", strconv.Itoa(cpuPeriodMicros), spec.CPUMilli)
		set(cpu, "cpu.cfs_quota_us", quota, spec.CPUMilli)
		set(memory, "memory.limit_in_bytes", bytes, spec.MemoryBytes)
	}
	for _, folder := range folders {
		set(folder, "cgroup.procs", strconv.Itoa(pid), 1)
	}
	return ok
}

// forget removes what was made for a process that has ended. What can't be
// removed yet does no harm and is taken up by the next start.
func (c *Cgroups) forget(name string) {
	if c == nil {
		return
	}
	for _, folder := range c.folders(name) {
		_ = os.Remove(folder)
	}
}
