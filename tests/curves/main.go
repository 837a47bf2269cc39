// Command curves draws how benchmarks grow: it reads the output of `go test
// -bench` whose names end in "/LABEL=NUMBER", and writes one SVG picture a figure
// (the benchmark's metrics), its values over the numbers.
//
// With -gaps it draws how the solver closed in on its bounds:
//
//	go run ./tests/curves -gaps -reference reference.csv -out docs/solver b_1.csv b_3.csv
//
//	go test ./internal/forecaster -run '^$' -bench Growth -benchtime 1x | go run ./tests/curves -out docs/performance
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	out := flag.String("out", ".", "folder that the pictures go to")
	gaps := flag.Bool("gaps", false, "draw the traces (drover solve roadef --trace) that are named as arguments")
	reference := flag.String("reference", "", "with -gaps: the instances' known values (CSV)")
	flag.Parse()
	if *gaps {
		if err := drawGaps(*out, *reference, flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "curves:", err)
			os.Exit(1)
		}
		return
	}
	curves, err := read(os.Stdin)
	if err == nil && len(curves) == 0 {
		err = fmt.Errorf("no benchmark on standard input has a name that ends in /LABEL=NUMBER")
	}
	for _, c := range curves {
		if err != nil {
			break
		}
		path := filepath.Join(*out, c.file())
		if err = os.WriteFile(path, []byte(c.draw()), 0o644); err == nil {
			fmt.Println(path)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "curves:", err)
		os.Exit(1)
	}
}

// curve is one figure of one benchmark.
type curve struct {
	benchmark, label, unit string
	points                 []point
}

type point struct{ x, y float64 }

// line is a result of a benchmark that grows: its name up to the number, the
// processors, the iterations, and values with their units.
var line = regexp.MustCompile(`^Benchmark(\w+)/(\w+)=(\d+)(?:-\d+)?\s+\d+\s+(.*)$`)

// read returns the curves in the order in which they come.
func read(r io.Reader) ([]*curve, error) {
	var out []*curve
	in := bufio.NewScanner(r)
	for in.Scan() {
		m := line.FindStringSubmatch(strings.TrimSpace(in.Text()))
		if m == nil {
			continue
		}
		x, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", in.Text(), err)
		}
		fields := strings.Fields(m[4])
		for i := 0; i+1 < len(fields); i += 2 {
			y, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", in.Text(), err)
			}
			if unit := fields[i+1]; unit != "ns/op" && unit != "B/op" && unit != "allocs/op" {
				out = add(out, m[1], m[2], unit, point{x, y})
			}
		}
	}
	return out, in.Err()
}

func add(curves []*curve, benchmark, label, unit string, p point) []*curve {
	i := slices.IndexFunc(curves, func(c *curve) bool { return c.benchmark == benchmark && c.label == label && c.unit == unit })
	if i < 0 {
		curves, i = append(curves, &curve{benchmark: benchmark, label: label, unit: unit}), len(curves)
	}
	curves[i].points = append(curves[i].points, p)
	return curves
}

// file is the picture's name.
func (c *curve) file() string {
	plain := strings.NewReplacer("/", "-per-", " ", "-")
	return strings.ToLower(c.benchmark + "-" + plain.Replace(c.unit) + ".svg")
}
