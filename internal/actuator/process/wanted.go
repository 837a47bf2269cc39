package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"drover/internal/actuator"
)

// wantedSuffix ends the names of the files that say what has to run.
const wantedSuffix = ".wanted"

func (s *Supervisor) wantedPath(name string) string {
	return filepath.Join(s.State, fileName(name)+wantedSuffix)
}

// want records that a process has to run until it is stopped.
func (s *Supervisor) want(spec Spec) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("process %q: %w", spec.Name, err)
	}
	fresh, err := os.CreateTemp(s.State, "want-")
	if err != nil {
		return fmt.Errorf("process %q: %w", spec.Name, err)
	}
	_, err = fresh.Write(text)
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), s.wantedPath(spec.Name))
	}
	if err != nil {
		return fmt.Errorf("process %q: %w", spec.Name, errors.Join(err, os.Remove(fresh.Name())))
	}
	return nil
}

// unwant records that a process doesn't have to run any more.
func (s *Supervisor) unwant(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.wantedPath(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("process %q: %w", name, err)
	}
	return nil
}

// Revive starts again what has to run and doesn't, once.
func (s *Supervisor) Revive(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths, err := filepath.Glob(filepath.Join(s.State, "*"+wantedSuffix))
	if err != nil {
		return fmt.Errorf("revive: %w", err)
	}
	for _, path := range paths {
		var spec Spec
		text, wrong := os.ReadFile(path)
		if wrong == nil {
			wrong = json.Unmarshal(text, &spec)
		}
		if wrong == nil {
			_, wrong = s.start(ctx, spec)
		}
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("revive %s: %w", path, wrong))
		}
	}
	return err
}

// Keep revives what has ended, every so often, until the context ends. report
// is told what went wrong.
func (s *Supervisor) Keep(ctx context.Context, every time.Duration, report func(error)) {
	for actuator.Pause(ctx, every) == nil {
		if err := s.Revive(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
	}
}
