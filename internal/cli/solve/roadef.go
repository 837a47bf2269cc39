package solve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/model"
	"drover/internal/solver"
)

// roadefReport is what `drover solve roadef -o json` prints.
type roadefReport struct {
	Objective        int64            `json:"objective"`
	InitialObjective int64            `json:"initial_objective"`
	LowerBound       int64            `json:"lower_bound"`
	Gap              float64          `json:"gap"`
	Feasible         bool             `json:"feasible"`
	MovesEvaluated   int64            `json:"moves_evaluated"`
	Candidates       int64            `json:"candidates"`
	Moved            int              `json:"moved"`
	Parts            map[string]int64 `json:"parts"`
	Seconds          float64          `json:"seconds"`
	CPUSeconds       float64          `json:"cpu_seconds"`
}

func roadefCommand() *cobra.Command {
	var b budget
	var f roadefFiles
	cmd := &cobra.Command{
		Use:   "roadef --model MODEL.txt --initial ASSIGNMENT.txt --out NEW.txt",
		Short: "Solve a machine reassignment instance (ROADEF/EURO 2012 formats)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.model == "" || f.initial == "" || f.out == "" {
				return cli.Usage(errors.New("--model, --initial and --out are required"))
			}
			if err := b.check(cmd); err != nil {
				return err
			}
			return runROADEF(cmd, &b, &f)
		},
	}
	cmd.Flags().StringVar(&f.model, "model", "", "the instance's model file")
	cmd.Flags().StringVar(&f.initial, "initial", "", "its initial assignment")
	cmd.Flags().StringVar(&f.out, "out", "", "where the new assignment is written")
	cmd.Flags().StringVar(&f.trace, "trace", "", "where the cost over CPU time is written (CSV)")
	b.flags(cmd)
	return cmd
}

// roadefFiles are the paths of one run.
type roadefFiles struct{ model, initial, out, trace string }

func runROADEF(cmd *cobra.Command, b *budget, f *roadefFiles) error {
	for _, path := range []string{f.out, f.trace} {
		if err := checkFolder(path); err != nil {
			return err
		}
	}
	p, err := readROADEF(f.model, f.initial)
	if err != nil {
		return err
	}
	o := b.options(newGuard(cmd.Context(), b))
	var way trace
	show := progressTo(cmd.ErrOrStderr())
	o.Progress = func(p solver.Progress) {
		way.note(p, cpuTime().Seconds())
		show(p)
	}
	a, err := solver.Solve(p, o)
	if err != nil {
		return fmt.Errorf("%s: %w", f.model, err)
	}
	if a.Violated > 0 {
		return fmt.Errorf("%s: no feasible assignment found from this start: %s", f.initial, a.Violations[0].Text)
	}
	if err := writeAssignment(f.out, a.Assignment); err != nil {
		return err
	}
	report := reportROADEF(a)
	if f.trace != "" {
		if err := way.write(f.trace, &report); err != nil {
			return err
		}
	}
	if b.output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
	}
	return printTable(cmd.OutOrStdout(), a, report.Seconds)
}

func reportROADEF(a *model.Answer) roadefReport {
	r := roadefReport{
		Objective: a.Costs.Total(), InitialObjective: a.Start.Total(), LowerBound: a.LowerBound, Gap: a.Gap(),
		Feasible: a.Violated == 0, MovesEvaluated: a.Evaluations, Candidates: a.Candidates, Moved: a.Moved,
		Parts:   map[string]int64{},
		Seconds: time.Since(processStart).Seconds(), CPUSeconds: cpuTime().Seconds(),
	}
	for part, v := range a.Costs {
		if v != 0 || a.Start[part] != 0 {
			r.Parts[model.Part(part).String()] = v
		}
	}
	return r
}

// writeAssignment writes machine indices, one line, by way of a file beside it
// that takes its name only when complete.
func writeAssignment(path string, at []int) error {
	var text bytes.Buffer
	for i, b := range at {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.Write(strconv.AppendInt(nil, int64(b), 10))
	}
	text.WriteByte('\n')
	return writeWhole(path, text.Bytes())
}

// checkFolder finds out before a long search that its answer has nowhere to go.
func checkFolder(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err == nil {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return fmt.Errorf("the answer can't be written to %s: it is a folder", path)
		}
		return nil
	}
	return fmt.Errorf("the answer can't be written to %s: its folder: %w", path, err)
}

// writeWhole replaces a regular file in one step; other files (a terminal, a
// pipe) are written in place.
func writeWhole(path string, text []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the answer: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
