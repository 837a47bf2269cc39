package show_test

import (
	"encoding/json"
	"errors"
	"testing"

	"drover/tests/kubernetes/programs"
	"drover/tests/kubernetes/show"
	"drover/tests/leaveout"
)

// TestSmallFleet plays what `make kubernetes` plays, on fewer nodes.
func TestSmallFleet(t *testing.T) {
	if _, err := programs.Find(); errors.Is(err, programs.ErrNotBuilt) {
		leaveout.Missing(t, err.Error())
	}
	f, err := show.Run(t.Context(), show.Options{Nodes: 30, Deployments: 40, Replicas: 3, Moves: 20, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Holds(); err != nil {
		t.Error(err)
	}
	line, err := json.Marshal(f)
	t.Logf("%s %v", line, err)
}

func TestFiguresAreJudged(t *testing.T) {
	good := show.Figures{Moves: 1, Moved: 1, Events: 5, Failures: map[string]string{"x": "moved", "y": "restored"}}
	if err := good.Holds(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*show.Figures){
		"a move is missing": func(f *show.Figures) { f.Moved = 0 }, "a budget": func(f *show.Figures) { f.Broken = 1 },
		"nobody looked": func(f *show.Figures) { f.Events = 0 }, "orphans": func(f *show.Figures) { f.Orphans = 1 },
		"parked": func(f *show.Figures) { f.Failures = map[string]string{"z": "parked"} },
	} {
		bad := good
		spoil(&bad)
		if bad.Holds() == nil {
			t.Errorf("%s: it holds all the same", name)
		}
	}
}
