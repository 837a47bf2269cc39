package planetlab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Day is one day of traces: VM i is the i-th name.
type Day struct {
	Names []string
	// Use[i][k] is VM i's utilisation at sample k, a share of its size in 0..1.
	Use [][]float64
}

// maxTraceBytes bounds a trace file: 288 lines of at most a few digits.
const maxTraceBytes = 1 << 16

// ReadDay reads a folder with one trace a file. The VMs are in the order of
// names, or byte-wise by file name where names is nil; hidden files are
// skipped. Errors name the file, the line and the value.
func ReadDay(dir fs.FS, names []string) (*Day, error) {
	found, err := traceNames(dir)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("no trace files in the folder; want one file a VM with 288 CPU percentages")
	}
	if names == nil {
		names = found
	} else if err := checkOrder(names, found); err != nil {
		return nil, err
	}
	d := &Day{Names: names, Use: make([][]float64, len(names))}
	for i, name := range names {
		if d.Use[i], err = readTraceFile(dir, name); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func traceNames(dir fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("read the trace folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func readTraceFile(dir fs.FS, name string) ([]float64, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	defer f.Close()
	use, err := ReadTrace(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return use, nil
}

// ReadTrace reads one VM's day: exactly 288 whole percentages, one a line,
// returned as shares. Blank lines are skipped.
func ReadTrace(r io.Reader) ([]float64, error) {
	use := make([]float64, 0, SampleCount)
	lines := bufio.NewScanner(io.LimitReader(r, maxTraceBytes+1))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		percent, err := strconv.Atoi(text)
		if err != nil || percent < 0 || percent > 100 {
			return nil, fmt.Errorf("line %d: CPU percentage %q is not a whole number from 0 to 100", n, text)
		}
		if len(use) == SampleCount {
			return nil, fmt.Errorf("line %d: more than %d samples", n, SampleCount)
		}
		use = append(use, float64(percent)/100)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	if len(use) != SampleCount {
		return nil, fmt.Errorf("%d samples, want %d", len(use), SampleCount)
	}
	return use, nil
}

// ReadOrder reads file names, one a line, in VM order; names may hold spaces.
func ReadOrder(r io.Reader) ([]string, error) {
	var names []string
	seen := map[string]int{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		name := strings.TrimRight(lines.Text(), "\r")
		if name == "" {
			continue
		}
		if first, ok := seen[name]; ok {
			return nil, fmt.Errorf("line %d: name %q is on line %d already", n, name, first)
		}
		seen[name] = n
		names = append(names, name)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("no names; want one trace file name a line")
	}
	return names, nil
}

// checkOrder says where names, free of repeats, is not a permutation of found.
func checkOrder(names, found []string) error {
	for i, name := range names {
		if _, ok := slices.BinarySearch(found, name); !ok {
			return fmt.Errorf("order, name %d: no trace file %q in the folder", i+1, name)
		}
	}
	if len(names) != len(found) {
		sorted := slices.Sorted(slices.Values(names))
		for _, name := range found {
			if _, ok := slices.BinarySearch(sorted, name); !ok {
				return fmt.Errorf("order has %d of %d trace files; %q is missing", len(names), len(found), name)
			}
		}
	}
	return nil
}

// SamplesAt returns sample k of every VM, in VM order.
func (d *Day) SamplesAt(k int) []float64 {
	s := make([]float64, len(d.Use))
	for i := range d.Use {
		s[i] = d.Use[i][k]
	}
	return s
}

// request is VM v's demand in MIPS at time t: linear between samples, the last
// of which lasts to the end of the day.
func (d *Day) request(v int, mips, t float64) float64 {
	k := min(int(t/StepSeconds), SampleCount-1)
	use := d.Use[v]
	from, to := use[k], use[min(k+1, SampleCount-1)]
	return mips * (from + float64((t/StepSeconds-float64(k))*(to-from)))
}
