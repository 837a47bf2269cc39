package host

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"drover/internal/model"
)

// ticksPerSecond is Linux's USER_HZ, the same on every architecture that Go
// runs on.
const ticksPerSecond = 100

// Read measures the machine from a file system rooted at /proc. Samples: CPU as
// a counter of millicore-seconds, memory in use in bytes, network as counters
// of bytes over all interfaces but virtual ones.
func Read(proc fs.FS, name model.ServerID, at model.Instant) (model.Metric, error) {
	m := model.Metric{Entity: model.ServerEntity(name), At: at, Producer: "host/" + string(name)}
	cpu, err := readCPU(proc)
	if err != nil {
		return m, err
	}
	memory, err := readMemory(proc)
	if err != nil {
		return m, err
	}
	receive, transmit, err := readNetwork(proc)
	if err != nil {
		return m, err
	}
	m.Samples = []model.Sample{
		{Resource: model.CPU, Kind: model.Counter, Value: cpu},
		{Resource: model.Memory, Value: memory},
		{Resource: model.Receive, Kind: model.Counter, Value: receive},
		{Resource: model.Transmit, Kind: model.Counter, Value: transmit},
	}
	return m, nil
}

// readCPU returns the time that was neither idle nor waiting nor a guest's (which
// is in the user's already), in millicore-seconds.
func readCPU(proc fs.FS) (float64, error) {
	data, err := fs.ReadFile(proc, "stat")
	if err != nil {
		return 0, fmt.Errorf("cpu: %w", err)
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) < 8 || fields[0] != "cpu" {
		return 0, errors.New("cpu: /proc/stat has no line cpu")
	}
	busy := 0.0
	for _, i := range []int{1, 2, 3, 6, 7} { // user, nice, system, irq, softirq
		ticks, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return 0, fmt.Errorf("cpu: %w", err)
		}
		busy += ticks
	}
	return busy * 1000 / ticksPerSecond, nil
}

// readMemory returns total minus available, in bytes.
func readMemory(proc fs.FS) (float64, error) {
	data, err := fs.ReadFile(proc, "meminfo")
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	values := map[string]float64{}
	for scan := bufio.NewScanner(bytes.NewReader(data)); scan.Scan(); {
		fields := strings.Fields(scan.Text())
		if len(fields) < 2 {
			continue
		}
		if v, err := strconv.ParseFloat(fields[1], 64); err == nil {
			values[strings.TrimSuffix(fields[0], ":")] = v * 1024
		}
	}
	total, available := values["MemTotal"], values["MemAvailable"]
	if total == 0 {
		return 0, errors.New("memory: /proc/meminfo has no MemTotal")
	}
	return total - available, nil
}

// virtual are the beginnings of names of interfaces whose bytes also pass a real one.
var virtual = []string{"lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "tun", "tap", "dummy", "bond"}

// readNetwork returns the bytes received and sent.
func readNetwork(proc fs.FS) (receive, transmit float64, err error) {
	data, err := fs.ReadFile(proc, "net/dev")
	if err != nil {
		return 0, 0, fmt.Errorf("network: %w", err)
	}
next:
	for scan := bufio.NewScanner(bytes.NewReader(data)); scan.Scan(); {
		name, rest, ok := strings.Cut(scan.Text(), ":")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 9 {
			continue
		}
		for _, prefix := range virtual {
			if strings.HasPrefix(strings.TrimSpace(name), prefix) {
				continue next
			}
		}
		in, err1 := strconv.ParseFloat(fields[0], 64)
		out, err2 := strconv.ParseFloat(fields[8], 64)
		if err := errors.Join(err1, err2); err != nil {
			return 0, 0, fmt.Errorf("network: %s: %w", strings.TrimSpace(name), err)
		}
		receive, transmit = receive+in, transmit+out
	}
	return receive, transmit, nil
}
