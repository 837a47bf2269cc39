package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"drover/internal/cli"
)

// Status is how a check ended.
type Status string

// The statuses. Only Failed makes the command fail.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it could not be told
)

// Finding is what one check found.
type Finding struct {
	Check   string `json:"check"`
	Status  Status `json:"status"`
	Entity  string `json:"entity,omitempty"` // what it is about, where that is one thing of the fleet
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // what to do about it
}

// report gathers findings in the order of the checks.
type report struct {
	Findings []Finding `json:"findings"`
	Failed   int       `json:"failed"`
	Warnings int       `json:"warnings"`
}

func (r *report) add(f Finding) {
	switch f.Status {
	case Failed:
		r.Failed++
	case Warning:
		r.Warnings++
	}
	r.Findings = append(r.Findings, f)
}

func (r *report) ok(check, format string, args ...any) {
	r.add(Finding{Check: check, Status: OK, Message: fmt.Sprintf(format, args...)})
}

func (r *report) warn(check, fix, format string, args ...any) {
	r.add(Finding{Check: check, Status: Warning, Fix: fix, Message: fmt.Sprintf(format, args...)})
}

func (r *report) fail(check, fix string, err error) {
	r.add(Finding{Check: check, Status: Failed, Fix: fix, Message: err.Error()})
}

func (r *report) skip(check, format string, args ...any) {
	r.add(Finding{Check: check, Status: Skipped, Message: fmt.Sprintf(format, args...)})
}

// write prints the report and returns an error where something failed.
func (r *report) write(w io.Writer, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	} else if err := r.table(w); err != nil {
		return err
	}
	if r.Failed > 0 {
		return fmt.Errorf("%d of %d checks failed, %d warnings", r.Failed, len(r.Findings), r.Warnings)
	}
	return nil
}

// mostEntities is how many findings about single entities a table shows.
const mostEntities = 20

// lineColumns is how wide a line of the table may be.
const lineColumns = 79

// table writes a line for each finding, and what to do below it.
func (r *report) table(w io.Writer) error {
	var b strings.Builder
	shown := 0
	for i, f := range r.Findings {
		text := f.Message
		if f.Entity != "" {
			if shown++; shown > mostEntities {
				continue
			}
			text = f.Entity + ": " + f.Message
		}
		fmt.Fprintf(&b, "%-8s %-11s %s\n", f.Status, f.Check, cli.Wrap(text, lineColumns, 21))
		again := i+1 < len(r.Findings) && r.Findings[i+1].Fix == f.Fix && (f.Entity == "" || shown < mostEntities)
		if f.Fix != "" && f.Status != OK && !again { // once, below all that it helps
			fmt.Fprintf(&b, "%20s %s\n", "", cli.Wrap("-> "+f.Fix, lineColumns, 21))
		}
	}
	if shown > mostEntities {
		fmt.Fprintf(&b, "%20s and %d more: -o json lists them all\n", "", shown-mostEntities)
	}
	fmt.Fprintf(&b, "%d checks: %d failed, %d warnings\n", len(r.Findings), r.Failed, r.Warnings)
	_, err := io.WriteString(w, b.String())
	return err
}

func checkOutput(output string) error {
	if output != "table" && output != "json" {
		return cli.Usage(fmt.Errorf("-o %q: want table or json", output))
	}
	return nil
}
