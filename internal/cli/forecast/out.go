package forecast

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// checkOut finds out before any work is done whether a forecast can be put where
// --out says, and says what to give instead.
func checkOut(path string, origins int) error {
	at, err := os.Stat(path)
	switch {
	case err == nil && at.IsDir():
		return fmt.Errorf("--out %q is a directory: give the name of a file, such as %s", path, filepath.Join(path, "forecast.csv"))
	case err == nil && !at.Mode().IsRegular() && origins > 0:
		return fmt.Errorf("--out %q is no regular file, and --cv-origins writes more files beside it: give the name of a file", path)
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("--out %q: a part of the path before the last is a file: give a name in a directory that is there", path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--out %q: %w", path, err)
	case path[len(path)-1] == filepath.Separator:
		return fmt.Errorf("--out %q names a directory: give the name of a file, such as %s", path, filepath.Join(path, "forecast.csv"))
	}
	folder := filepath.Dir(path)
	if at, err = os.Stat(folder); err != nil || !at.IsDir() {
		return fmt.Errorf("--out %q: there is no directory %s: create it (mkdir -p %s), or give another name", path, folder, folder)
	}
	return nil
}

// output is a file and what writes it.
type output struct {
	path  string
	write func(io.Writer) error
}

// writeAll writes every file beside its place first and moves all of them in
// the end, so that an error leaves what was there.
func writeAll(files []output) (err error) {
	made := make([]string, len(files))
	defer func() {
		for _, name := range made {
			if name != "" {
				os.Remove(name) //nolint:errcheck // moved away where all went well
			}
		}
	}()
	for i, f := range files {
		if flows(f.path) {
			continue // written to below
		}
		t, err := os.CreateTemp(filepath.Dir(f.path), ".drover-forecast-*")
		if err != nil {
			return fmt.Errorf("%s: can't be written: %w", f.path, err)
		}
		made[i] = t.Name()
		if err := f.into(t); err != nil {
			return err
		}
	}
	for i, f := range files {
		if err := f.place(made[i]); err != nil {
			return err
		}
	}
	return nil
}

// flows tells whether a path is a pipe or a terminal, such as /dev/stdout.
func flows(path string) bool {
	at, err := os.Stat(path)
	return err == nil && !at.Mode().IsRegular()
}

// into writes to a file and closes it.
func (f *output) into(t *os.File) error {
	b := bufio.NewWriter(t)
	err := f.write(b)
	if err == nil {
		err = b.Flush()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// place moves what was written to its place, or writes where there is nothing to
// move.
func (f *output) place(made string) error {
	if made == "" {
		t, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("%s: can't be written: %w", f.path, err)
		}
		return f.into(t)
	}
	if err := os.Chmod(made, 0o644); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if err := os.Rename(made, f.path); err != nil {
		return fmt.Errorf("%s: can't be put there: %w", f.path, err)
	}
	return nil
}
