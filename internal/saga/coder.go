package saga

import (
	"encoding/binary"
	"errors"
	"fmt"

	"drover/internal/model"
)

// coder writes or reads a snapshot; the same visits do both, so that the two
// can't differ. Numbers are varints, texts and lists have their length before
// them. After an error it does nothing more.
type coder struct {
	buf    []byte // written so far, or left to read
	decode bool
	err    error
}

var errShort = errors.New("ends early")

// int visits a number.
func (c *coder) int(v int64) int64 {
	switch {
	case c.err != nil:
		return 0
	case !c.decode:
		c.buf = binary.AppendVarint(c.buf, v)
		return v
	}
	v, n := binary.Varint(c.buf)
	if n <= 0 {
		c.err = errShort
		return 0
	}
	c.buf = c.buf[n:]
	return v
}

func (c *coder) bool(v *bool) {
	n := int64(0)
	if *v {
		n = 1
	}
	*v = c.int(n) == 1
}

// length visits the length of something whose items take a byte or more each.
func (c *coder) length(n int) int {
	v := c.int(int64(n))
	if c.decode && c.err == nil && (v < 0 || v > int64(len(c.buf))) {
		c.err = fmt.Errorf("length %d with %d bytes left", v, len(c.buf))
	}
	if c.err != nil {
		return 0
	}
	return int(v)
}

// whole visits a number of any integer type.
func whole[T ~int | ~int64 | ~uint8](c *coder, v *T) {
	n := c.int(int64(*v))
	if *v = T(n); int64(*v) != n && c.err == nil {
		c.err = fmt.Errorf("number %d is out of range", n)
	}
}

// text visits a string.
func text[T ~string](c *coder, v *T) {
	n := c.length(len(*v))
	switch {
	case c.err != nil:
	case c.decode:
		*v = T(c.buf[:n])
		c.buf = c.buf[n:]
	default:
		c.buf = append(c.buf, *v...)
	}
}

// list visits a list. An empty one is read back as nil.
func list[T any](c *coder, v *[]T, visit func(*coder, *T)) {
	n := c.length(len(*v))
	if c.decode && c.err == nil {
		*v = nil
		for range n {
			var zero T
			*v = append(*v, zero)
			if visit(c, &(*v)[len(*v)-1]); c.err != nil {
				return
			}
		}
		return
	}
	for i := 0; i < n && c.err == nil; i++ {
		visit(c, &(*v)[i])
	}
}

func codeStep(c *coder, s *model.Step) {
	text(c, &s.Fleet)
	text(c, &s.ID)
	text(c, &s.Plan)
	whole(c, &s.MoveIndex)
	text(c, &s.Kind)
	text(c, &s.Phase)
	c.bool(&s.Compensation)
	whole(c, &s.Attempt)
	whole(c, &s.At)
	whole(c, &s.Deadline)
	whole(c, &s.Epoch)
	text(c, &s.Reason)
	whole(c, &s.BytesPerSecond)
}

func codeControl(c *coder, o *model.Control) {
	text(c, &o.Fleet)
	text(c, &o.ID)
	text(c, &o.Kind)
	text(c, &o.Plan)
	whole(c, &o.Wave)
	text(c, &o.Server)
	text(c, &o.Producer)
	text(c, &o.Mode)
	text(c, &o.By)
	text(c, &o.Comment)
	whole(c, &o.At)
	whole(c, &o.Moves)
	whole(c, &o.BytesPerSecond)
	list(c, &o.Windows, text[string])
}

// codePlan visits what the sagas need of a plan; its costs, inputs and reasons
// stay in the plans topic.
func codePlan(c *coder, p *model.Plan) {
	text(c, &p.Fleet)
	text(c, &p.ID)
	whole(c, &p.Tick)
	list(c, &p.Moves, codeMove)
	whole(c, &p.Deadline)
	c.bool(&p.NeedsApproval)
	c.bool(&p.DryRun)
	text(c, &p.Supersedes)
	text(c, &p.UpdateServer)
	text(c, &p.UpdateHook)
	c.bool(&p.KeepCompleted)
}

func codeMove(c *coder, m *model.Move) {
	whole(c, &m.Index)
	text(c, &m.Replica)
	text(c, &m.Application)
	text(c, &m.From)
	text(c, &m.To)
	whole(c, &m.Wave)
	list(c, &m.After, whole[int])
	for r := range m.Demand {
		whole(c, &m.Demand[r])
	}
	whole(c, &m.DataBytes)
	whole(c, &m.EarliestStart)
	whole(c, &m.LatestStart)
	whole(c, &m.ExpectDuration)
	whole(c, &m.BandwidthBytesPerSecond)
	text(c, &m.Driver)
	c.bool(&m.ReverseAfterPivot)
	whole(c, &m.ExpectSaturationPPM)
	whole(c, &m.ExpectResponseMicros)
}
