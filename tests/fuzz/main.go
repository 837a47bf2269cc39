// Command fuzz runs every fuzz target of the project in turn and prints one
// JSON object with how many there were and how many failed.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	each := flag.Duration("time", 30*time.Second, "how long to fuzz each target")
	flag.Parse()
	targets, failures := 0, 0
	for _, pkg := range lines("go", "list", "./...") {
		for _, name := range lines("go", "test", "-list", "^Fuzz", pkg) {
			if !strings.HasPrefix(name, "Fuzz") {
				continue
			}
			targets++
			fmt.Fprintf(os.Stderr, "%s %s\n", pkg, name)
			cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", each.String(), pkg)
			if out, err := cmd.CombinedOutput(); err != nil {
				failures++
				fmt.Fprintf(os.Stderr, "%s\n%s: %v\n", out, name, err)
			}
		}
	}
	fmt.Printf("{\"targets\":%d,\"failures\":%d}\n", targets, failures)
	if failures > 0 || targets == 0 {
		os.Exit(1)
	}
}

// lines runs a command and returns what it prints, line by line.
func lines(name string, args ...string) []string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		fmt.Fprintf(os.Stderr, "fuzz: %s %s: %v\n", name, strings.Join(args, " "), err)
		os.Exit(1)
	}
	return strings.Fields(string(out))
}
