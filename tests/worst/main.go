// Command worst writes inputs that are dear to read for their size, at least
// one for each format, lets `drover ingest` check and decode them, and prints
// the CPU time and the greatest resident memory of each. It fails where the
// time is above --seconds, or the memory beyond what the program itself takes (a
// file of one line) above 64 MB and four times the input.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
)

func main() {
	size := flag.Int("bytes", 10_000_000, "size of each input")
	seconds := flag.Float64("seconds", 2, "CPU time that one may take")
	only := flag.String("format", "", "only these formats, with commas between them")
	from := flag.Int("from", 0, "leave out the inputs before this number")
	one := flag.Int("write", -1, "only write the input of this number to standard output")
	flag.Parse()
	if *one >= 0 {
		if _, err := os.Stdout.Write(cases()[*one].make(*size)); err != nil {
			fmt.Fprintln(os.Stderr, "worst:", err)
			os.Exit(1)
		}
		return
	}
	worst, err := run(*size, *seconds, *only, *from)
	if err != nil {
		fmt.Fprintln(os.Stderr, "worst:", err)
		os.Exit(1)
	}
	if worst.Over > 0 {
		os.Exit(1)
	}
}

// summary is the last line.
type summary struct {
	Inputs      int     `json:"inputs"`
	Over        int     `json:"over"`
	WorstSecond float64 `json:"worst_cpu_s"`
	WorstMemory float64 `json:"worst_memory_of_limit"`
	// Program is the resident memory of the program that reads one line.
	Program float64 `json:"program_mb"`
}

func run(size int, seconds float64, only string, from int) (sum summary, err error) {
	dir, err := os.MkdirTemp("", "drover-worst-")
	if err != nil {
		return sum, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "drover")
	if out, err := exec.Command("go", "build", "-o", program, "drover/cmd/drover").CombinedOutput(); err != nil {
		return sum, fmt.Errorf("build: %w\n%s", err, out)
	}
	oneLine := filepath.Join(dir, "line")
	if err := os.WriteFile(oneLine, []byte("a 1\n"), 0o600); err != nil {
		return sum, err
	}
	base, _ := measure(program, "check", "prometheus", oneLine)
	sum.Program = base.megabytes
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "FORMAT\tINPUT\tCHECK S\tMB\tDECODE S\tMB\tSAID")
	for i, c := range cases() {
		if i < from || only != "" && !slices.Contains(strings.Split(only, ","), c.format) {
			continue
		}
		path := filepath.Join(dir, "input")
		written, err := write(i, size, path)
		if err != nil {
			return sum, err
		}
		sum.Inputs++
		check, said := measure(program, "check", c.format, path)
		decode, _ := measure(program, "decode", c.format, path)
		limit := 64 + 4*float64(written)/1e6
		mark := ""
		for _, u := range []usage{check, decode} {
			sum.WorstSecond, sum.WorstMemory = max(sum.WorstSecond, u.seconds), max(sum.WorstMemory, (u.megabytes-base.megabytes)/limit)
			if u.seconds > seconds || u.megabytes-base.megabytes > limit {
				mark = "  <- over"
			}
		}
		if mark != "" {
			sum.Over++
		}
		fmt.Fprintf(table, "%s\t%s\t%.2f\t%.0f\t%.2f\t%.0f\t%.40s%s\n", c.format, c.name, check.seconds, check.megabytes, decode.seconds, decode.megabytes, said, mark)
		table.Flush()
	}
	line, err := json.Marshal(sum)
	fmt.Println(string(line))
	return sum, err
}

// write lets a process of its own write an input: a child's greatest memory
// begins with that of the process that starts it, so this one stays small.
func write(number, size int, path string) (int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, "-write", strconv.Itoa(number), "-bytes", strconv.Itoa(size))
	cmd.Stdout, cmd.Stderr = f, os.Stderr
	if err := errors.Join(cmd.Run(), f.Close()); err != nil {
		return 0, err
	}
	status, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return status.Size(), nil
}

// usage is what a process took.
type usage struct{ seconds, megabytes float64 }

// measure runs a command on a file and returns what it took and, of check, what
// it said.
func measure(program, command, format, path string) (usage, string) {
	cmd := exec.Command(program, "ingest", command, "--format", format, path)
	cmd.Stdout = io.Discard
	var said strings.Builder
	if command == "check" {
		cmd.Stdout = &said
	}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return usage{}, err.Error()
	}
	state := cmd.ProcessState
	u := usage{seconds: (state.UserTime() + state.SystemTime()).Seconds()}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.megabytes = float64(r.Maxrss) * 1024 / 1e6
	}
	var verdict struct {
		Events, Rejected int
		Error            string
	}
	if json.Unmarshal([]byte(said.String()), &verdict) != nil {
		return u, "ended by " + state.String()
	}
	return u, fmt.Sprintf("%d read, %d refused %s", verdict.Events, verdict.Rejected, verdict.Error)
}
