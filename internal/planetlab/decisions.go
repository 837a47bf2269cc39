package planetlab

import (
	"bufio"
	"io"
	"strconv"
)

// WriteDecisions writes the moves of each tick as CSV `time_s,vm,host`: time 0
// places the VMs, time 300k commands the moves of tick k.
func WriteDecisions(w io.Writer, decisions [][]Move) error {
	out := bufio.NewWriter(w)
	line := []byte("time_s,vm,host\n")
	for k, moves := range decisions {
		for _, m := range moves {
			if _, err := out.Write(line); err != nil {
				return err
			}
			line = strconv.AppendInt(line[:0], int64(k)*int64(StepSeconds), 10)
			line = strconv.AppendInt(append(line, ','), int64(m.VM), 10)
			line = strconv.AppendInt(append(line, ','), int64(m.Host), 10)
			line = append(line, '\n')
		}
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	return out.Flush()
}
