package solve

import (
	"fmt"
	"math"
	"os"

	"drover/internal/model"
)

// tokens reads white-space separated non-negative integers from memory. The
// first error sticks; every later read returns 0.
type tokens struct {
	name string
	text []byte
	at   int
	line int
	err  error
}

// next returns the next number; what names it in the error.
func (t *tokens) next(what string) int64 {
	if t.err != nil {
		return 0
	}
	for t.at < len(t.text) && t.text[t.at] <= ' ' {
		if t.text[t.at] == '\n' {
			t.line++
		}
		t.at++
	}
	if t.at == len(t.text) {
		t.fail("the file ends where %s should stand", what)
		return 0
	}
	var v int64
	from := t.at
	for ; t.at < len(t.text) && t.text[t.at] > ' '; t.at++ {
		c := t.text[t.at] - '0'
		if c > 9 || v > (math.MaxInt64-9)/10 {
			for t.at < len(t.text) && t.text[t.at] > ' ' {
				t.at++
			}
			t.fail("%s: %q is not a whole number from 0 that fits 63 bits", what, clip(t.text[from:t.at]))
			return 0
		}
		v = v*10 + int64(c)
	}
	return v
}

func clip(b []byte) string {
	if len(b) > 40 {
		b = b[:40]
	}
	return string(b)
}

func (t *tokens) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("%s:%d: %s", t.name, t.line+1, fmt.Sprintf(format, args...))
	}
}

// size reads a number that sizes something: it cannot exceed what the rest of
// the file could hold, given that each of its parts takes two bytes.
func (t *tokens) size(what string) int {
	v := t.next(what)
	if rest := int64(len(t.text)-t.at)/2 + 1; v > rest {
		t.fail("%s: %d, but the file is too short for so many", what, v)
		return 0
	}
	return int(v)
}

// index reads an index below n.
func (t *tokens) index(what string, n int) int {
	v := t.next(what)
	if t.err == nil && v >= int64(n) {
		t.fail("%s: %d is not below %d", what, v, n)
		return 0
	}
	return int(v)
}

// row reads n numbers.
func (t *tokens) row(what string, n int) []int64 {
	v := make([]int64, n)
	for k := range v {
		v[k] = t.next(what)
	}
	return v
}

// end checks that nothing is left.
func (t *tokens) end() {
	for t.err == nil && t.at < len(t.text) {
		if t.text[t.at] > ' ' {
			t.fail("more numbers than the format has")
		}
		t.at++
	}
}

// readROADEF reads a ROADEF/EURO 2012 model and its initial assignment.
func readROADEF(modelPath, initialPath string) (*model.Problem, error) {
	text, err := os.ReadFile(modelPath)
	if err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	p, err := parseROADEF(modelPath, text)
	if err != nil {
		return nil, err
	}
	text, err = os.ReadFile(initialPath)
	if err != nil {
		return nil, fmt.Errorf("reading the initial assignment: %w", err)
	}
	return p, parseAssignment(p, initialPath, text)
}

// parseROADEF reads the model file's text; name is for errors.
func parseROADEF(name string, text []byte) (*model.Problem, error) {
	t := &tokens{name: name, text: text}
	p := &model.Problem{Name: name, Periods: 1}
	p.Resources = make([]model.PackedResource, t.size("number of resources"))
	for r := range p.Resources {
		p.Resources[r].Transient = t.index("transient mark", 2) == 1
		p.Resources[r].LoadWeight = t.next("load weight")
	}
	t.machines(p)
	t.services(p)
	t.processes(p)
	p.Balances = make([]model.Balance, t.size("number of balance costs"))
	for k := range p.Balances {
		p.Balances[k] = model.Balance{
			A: t.index("balance: resource", len(p.Resources)), B: t.index("balance: resource", len(p.Resources)),
			Target: t.next("balance: target"), Weight: t.next("balance: weight"),
		}
	}
	p.Weights.ItemMove = t.next("process move weight")
	p.Weights.GroupMove = t.next("service move weight")
	p.Weights.BinMove = t.next("machine move weight")
	t.end()
	if t.err != nil {
		return nil, t.err
	}
	return p, nil
}

func (t *tokens) machines(p *model.Problem) {
	n := t.size("number of machines")
	if rest := int64(len(t.text) - t.at); int64(n)*int64(n) > rest {
		t.fail("number of machines: %d, but the file is too short for their move costs", n)
	}
	if t.err != nil {
		return
	}
	p.Bins = make([]model.Bin, n)
	p.MoveDistance = make([][]int32, n)
	costs := make([]int32, n*n)
	for b := range p.Bins {
		bin := &p.Bins[b]
		bin.Neighbourhood = int(t.next("neighbourhood"))
		bin.Location = int(t.next("location"))
		bin.Capacity = t.row("capacity", len(p.Resources))
		bin.Safety = t.row("safety capacity", len(p.Resources))
		p.MoveDistance[b] = costs[b*n : (b+1)*n]
		for k := range p.MoveDistance[b] {
			v := t.next("machine move cost")
			if v > math.MaxInt32 {
				t.fail("machine move cost: %d is more than %d", v, math.MaxInt32)
			}
			p.MoveDistance[b][k] = int32(v)
		}
		if t.err != nil {
			return
		}
	}
}

func (t *tokens) services(p *model.Problem) {
	p.Groups = make([]model.Group, t.size("number of services"))
	for g := range p.Groups {
		group := &p.Groups[g]
		group.MaxPerBin = 1
		group.MinSpread = int(t.next("minimum spread"))
		group.DependsOn = make([]int, t.size("number of dependencies"))
		for k := range group.DependsOn {
			group.DependsOn[k] = t.index("dependency", len(p.Groups))
		}
		if t.err != nil {
			return
		}
	}
}

func (t *tokens) processes(p *model.Problem) {
	n := t.size("number of processes")
	width := len(p.Resources)
	if int64(n)*int64(width) > int64(len(t.text)) {
		t.fail("number of processes: %d, but the file is too short for their requirements", n)
	}
	if t.err != nil {
		return
	}
	p.Items = make([]model.Item, n)
	demand := make([]int64, n*width)
	for i := range p.Items {
		item := &p.Items[i]
		item.Group = t.index("service of a process", len(p.Groups))
		item.Demand = demand[i*width : (i+1)*width]
		for r := range item.Demand {
			item.Demand[r] = t.next("requirement")
		}
		item.MoveCost = t.next("process move cost")
	}
}

// parseAssignment fills every item's start.
func parseAssignment(p *model.Problem, name string, text []byte) error {
	t := &tokens{name: name, text: text}
	for i := range p.Items {
		p.Items[i].Start = t.index("machine of a process", len(p.Bins))
	}
	t.end()
	return t.err
}
