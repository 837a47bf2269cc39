// Command challenge writes an instance of the machine reassignment challenge of
// any size, to measure reading, memory and search where no public instance is
// large enough.
//
//	go run ./tests/challenge -machines 5000 -processes 50000 -out /tmp/large
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	var s fleetShape
	flag.IntVar(&s.machines, "machines", 5000, "machines")
	flag.IntVar(&s.processes, "processes", 50_000, "processes")
	flag.IntVar(&s.resources, "resources", 12, "resources")
	flag.IntVar(&s.transient, "transient", 2, "resources that a process uses on both machines while it moves")
	flag.IntVar(&s.locations, "locations", 1000, "locations")
	flag.IntVar(&s.neighbourhoods, "neighbourhoods", 5, "neighbourhoods")
	flag.Float64Var(&s.load, "load", 0.7, "share of the capacity in use")
	seed := flag.Uint64("seed", 1, "seed")
	out := flag.String("out", ".", "folder for model.txt and assignment.txt")
	flag.Parse()
	if err := write(*out, s, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "challenge:", err)
		os.Exit(1)
	}
}

func write(dir string, s fleetShape, seed uint64) error {
	if s.machines < 25 || s.transient > s.resources || s.locations < s.neighbourhoods || s.neighbourhoods < 1 || s.load > 0.85 {
		return fmt.Errorf("%+v: want at least 25 machines, as many locations as neighbourhoods, a load up to .85", s)
	}
	model, initial := generateROADEF(s, seed)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "model.txt"), model, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "assignment.txt"), initial, 0o644)
}
