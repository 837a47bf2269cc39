package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// story is what is told with one engine. What is exported is written down after
// every chapter, for a run that goes on in the same folder.
type story struct {
	engine *engine
	folder string

	Told    int            // chapters that passed
	Version string         // of Drover
	Release string         // the release's image, by its digest
	Token   string         // of the person
	Moved   int            // times that the applications were moved
	Figures map[string]any // what came of it
}

func (s *story) path() string { return filepath.Join(s.folder, "story.json") }

// openStory returns the story of a folder, at its begin where there is none.
func openStory(e *engine, folder string) (*story, error) {
	s := &story{engine: e, folder: folder, Figures: map[string]any{}}
	text, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path(), err)
	}
	return s, nil
}

// turn writes down that one more chapter passed.
func (s *story) turn() error {
	s.Told++
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(), text, 0o600)
}
