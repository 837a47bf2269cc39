package replay

import (
	"fmt"
	"os"

	"drover/internal/planetlab"
)

// OpenDay reads a day's folder; orderFile, where not empty, says which trace
// is which VM.
func OpenDay(dir, orderFile string) (*planetlab.Day, error) {
	var names []string
	if orderFile != "" {
		f, err := os.Open(orderFile)
		if err != nil {
			return nil, fmt.Errorf("open order: %w", err)
		}
		defer f.Close()
		if names, err = planetlab.ReadOrder(f); err != nil {
			return nil, fmt.Errorf("%s: %w", orderFile, err)
		}
	}
	day, err := planetlab.ReadDay(os.DirFS(dir), names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return day, nil
}

// WriteDecisions writes decisions into a file.
func WriteDecisions(path string, decisions [][]planetlab.Move) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create decisions: %w", err)
	}
	if err := planetlab.WriteDecisions(f, decisions); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
