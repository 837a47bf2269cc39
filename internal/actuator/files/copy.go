package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"drover/internal/actuator"
)

// markName is a file in every folder that Drover may write into and delete.
const markName = ".drover"

// partSuffix ends the names of files that are being copied.
const partSuffix = ".drover-part"

// chunk is how much is copied between two looks at the clock, in bytes.
const chunk = 256 << 10

// Pass is what one pass did.
type Pass struct {
	Files, Deleted int
	Bytes          int64
}

// entry is a file or folder as a pass compares it.
type entry struct {
	mode    fs.FileMode
	size    int64
	changed time.Time
	link    string
}

// list reads a folder's tree by relative path. What vanishes meanwhile is left
// out: the next pass sees it gone.
func list(root string) (map[string]entry, error) {
	tree := make(map[string]entry)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != root {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || name == "." || name == markName {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		e := entry{mode: info.Mode()}
		switch {
		case info.Mode().IsRegular():
			e.size, e.changed = info.Size(), info.ModTime()
		case info.Mode()&fs.ModeSymlink != 0:
			if e.link, err = os.Readlink(path); err != nil {
				return err
			}
		case !info.IsDir():
			return nil // sockets and pipes are made anew by the service
		}
		tree[name] = e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("files of %s: %w", root, err)
	}
	return tree, nil
}

// Sync makes one pass: afterwards the target holds what the source held, as far
// as it didn't change meanwhile. Files are taken for unchanged by mode, size and
// time of change; Verify looks at the contents. bytesPerSecond limits the copy;
// 0: no limit.
func Sync(ctx context.Context, source, target string, bytesPerSecond int64) (Pass, error) {
	return SyncAt(ctx, source, target, Pace{Bound: func() int64 { return bytesPerSecond }})
}

// Pace is how fast a copy may be, and who is told how far it has come.
type Pace struct {
	// Bound is in bytes a second, 0: none. It is asked for every piece, so that it
	// may change while the copy runs.
	Bound func() int64
	Tell  func(done, total int64) // may be nil
}

// SyncAt is Sync at a pace that may change.
func SyncAt(ctx context.Context, source, target string, pace Pace) (Pass, error) {
	var pass Pass
	if _, err := os.Stat(filepath.Join(target, markName)); err != nil {
		return pass, fmt.Errorf("files: %s isn't Drover's: %w", target, err)
	}
	from, err := list(source)
	if err != nil {
		return pass, err
	}
	to, err := list(target)
	if err != nil {
		return pass, err
	}
	for _, name := range deepestFirst(to) {
		if e, ok := from[name]; ok && e.mode.Type() == to[name].mode.Type() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(target, name)); err != nil {
			return pass, fmt.Errorf("files: %w", err)
		}
		delete(to, name)
		pass.Deleted++
	}
	held := hold{pace: pace, total: changed(from, to), due: time.Now()}
	for _, name := range sorted(from) {
		if old, ok := to[name]; ok && from[name].same(old) {
			continue
		}
		n, err := copyOne(ctx, filepath.Join(source, name), filepath.Join(target, name), from[name], func(more int64) error {
			return held.back(ctx, pass.Bytes+more)
		})
		if err != nil {
			return pass, err
		}
		pass.Bytes += n
		pass.Files++
	}
	return pass, nil
}

func (e entry) same(o entry) bool {
	return e.mode == o.mode && e.size == o.size && e.link == o.link && e.changed.Equal(o.changed)
}

// changed adds up what has to be copied.
func changed(from, to map[string]entry) int64 {
	total := int64(0)
	for name, e := range from {
		if old, ok := to[name]; (!ok || !e.same(old)) && e.mode.IsRegular() {
			total += e.size
		}
	}
	return total
}

// hold keeps a copy at its pace.
type hold struct {
	pace        Pace
	done, total int64
	due         time.Time // when what is copied was allowed to be
}

// back waits until so many bytes, all in all, are no more than the pace allows.
func (h *hold) back(ctx context.Context, bytes int64) error {
	more := bytes - h.done
	h.done = bytes
	if h.pace.Tell != nil {
		h.pace.Tell(bytes, h.total)
	}
	perSecond := h.pace.Bound()
	if perSecond <= 0 {
		h.due = time.Now()
		return context.Cause(ctx)
	}
	h.due = h.due.Add(time.Duration(float64(more) / float64(perSecond) * float64(time.Second)))
	return actuator.Pause(ctx, max(time.Until(h.due), 0))
}

// copyOne copies one entry; a regular file appears under its name when it is
// whole and on disk.
func copyOne(ctx context.Context, source, target string, e entry, progress func(int64) error) (int64, error) {
	switch {
	case e.mode.IsDir():
		if err := os.MkdirAll(target, e.mode.Perm()|0o700); err != nil {
			return 0, fmt.Errorf("files: %w", err)
		}
		return 0, wrap(os.Chmod(target, e.mode.Perm()))
	case e.mode&fs.ModeSymlink != 0:
		_ = os.Remove(target) // a link that differs, or none
		return 0, wrap(os.Symlink(e.link, target))
	}
	in, err := os.Open(source)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("files: %w", err)
	}
	defer in.Close()
	part := target + partSuffix
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, e.mode.Perm()|0o600)
	if err != nil {
		return 0, fmt.Errorf("files: %w", err)
	}
	n, err := stream(ctx, out, in, progress)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = errors.Join(os.Chmod(part, e.mode.Perm()), os.Chtimes(part, e.changed, e.changed), os.Rename(part, target))
	}
	return n, wrap(err)
}

// stream copies by chunks, each after progress agrees.
func stream(ctx context.Context, out io.Writer, in io.Reader, progress func(int64) error) (int64, error) {
	var total int64
	for {
		n, err := io.CopyN(out, in, chunk)
		total += n
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		if err := progress(total); err != nil {
			return total, err
		}
	}
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

// Difference is the error for folders that differ, with the names that do.
type Difference struct{ Names []string }

// Error implements error.
func (d *Difference) Error() string {
	return fmt.Sprintf("files: %d entries differ, the first is %s", len(d.Names), d.Names[0])
}

// Verify compares two folders by names, modes, links and the SHA-256 of every
// file. Where they differ, the error is a *Difference.
func Verify(ctx context.Context, source, target string) error {
	from, err := list(source)
	if err != nil {
		return err
	}
	to, err := list(target)
	if err != nil {
		return err
	}
	var differ []string
	for _, name := range sorted(to) {
		if _, ok := from[name]; !ok {
			differ = append(differ, name)
		}
	}
	for _, name := range sorted(from) {
		a, b := from[name], to[name]
		same := a.mode == b.mode && a.size == b.size && a.link == b.link
		if same && a.mode.IsRegular() {
			if same, err = sameContents(ctx, filepath.Join(source, name), filepath.Join(target, name)); err != nil {
				return err
			}
		}
		if !same {
			differ = append(differ, name)
		}
	}
	if len(differ) > 0 {
		return &Difference{differ}
	}
	return nil
}

func sameContents(ctx context.Context, a, b string) (bool, error) {
	x, err := digest(ctx, a)
	if err != nil {
		return false, err
	}
	y, err := digest(ctx, b)
	return x == y, err
}

func digest(ctx context.Context, path string) (sum [sha256.Size]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("files: %w", err)
	}
	defer file.Close()
	h := sha256.New()
	if _, err := stream(ctx, h, file, func(int64) error { return context.Cause(ctx) }); err != nil {
		return sum, fmt.Errorf("files: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}
