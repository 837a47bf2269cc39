package backtest

import (
	"errors"
	"math"
	"testing"

	"drover/internal/planetlab"
)

// silent is a policy that moves nothing, and one call of which is an error.
type silent struct{ fails int }

func (s silent) Decide(tick int, _ []float64) ([]planetlab.Move, error) {
	if tick == s.fails {
		return nil, errors.New("no idea")
	}
	return []planetlab.Move{{VM: tick}}, nil
}

// TestADayTellsHowFarItIs: the share is that of the ticks to be decided, and the
// policy's answers pass unchanged.
func TestADayTellsHowFarItIs(t *testing.T) {
	for until, want := range map[int]float64{0: 0.5, planetlab.LastTick / 2: 1} {
		var share float64
		f := planetLabFlags{until: until}
		w := f.watched(silent{fails: 3}, func(s float64) { share = s })
		moves, err := w.Decide(planetlab.LastTick/2, nil)
		if err != nil || len(moves) != 1 || moves[0].VM != planetlab.LastTick/2 || math.Abs(share-want) > 0.01 {
			t.Errorf("until %d: %v %v at %v, want %v", until, moves, err, share, want)
		}
		if _, err := w.Decide(3, nil); err == nil {
			t.Error("an error is lost")
		}
	}
}
