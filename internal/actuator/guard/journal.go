package guard

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"syscall"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Entry is the last command taken for a subject.
type Entry struct {
	Fleet    string `json:"fleet,omitempty"`
	Subject  string `json:"subject"`
	Sequence int    `json:"sequence"`
	Epoch    int64  `json:"epoch"`
	Key      string `json:"key"`
	Ended    bool   `json:"ended"`
	Error    string `json:"error,omitempty"` // where it ended by failing
}

func entryOf(c *actuator.Command) Entry {
	return Entry{Fleet: string(c.Step.Fleet), Subject: c.Subject(), Sequence: c.Step.Sequence(), Epoch: c.Step.Epoch, Key: string(c.Step.ID)}
}

// result returns the command's result as Perform gave it.
func (e Entry) result() error {
	if e.Error == "" {
		return nil
	}
	return errors.New(e.Error)
}

// Journal is a guard's memory: a file of JSON lines, one a change, synced before
// the change counts. It isn't safe for concurrent use.
type Journal struct {
	file *os.File // nil: in memory only
	lock *os.File // held for as long as the process lives
	// epochs holds the newest epoch seen of each fleet: fleets have owners of
	// their own, whose epochs say nothing about one another.
	epochs map[string]int64
	last   map[string]Entry
}

// NewMemory returns a journal that doesn't outlive the process.
func NewMemory() *Journal {
	return &Journal{epochs: make(map[string]int64), last: make(map[string]Entry)}
}

// Open reads the journal at the path, or makes a new one, and rewrites it to one
// line a subject. A torn last line, as a crash leaves it, is dropped.
func Open(path string) (*Journal, error) {
	j := NewMemory()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := j.own(path + ".lock"); err != nil {
		return nil, err
	}
	if err := j.read(path); err != nil {
		return nil, err
	}
	fresh := path + ".new"
	file, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j.file = file
	subjects := make([]string, 0, len(j.last))
	for s := range j.last {
		subjects = append(subjects, s)
	}
	sort.Strings(subjects)
	for _, s := range subjects {
		if err := j.append(j.last[s]); err != nil {
			return nil, err
		}
	}
	for _, fleet := range slices.Sorted(maps.Keys(j.epochs)) {
		if err := j.append(Entry{Fleet: fleet}); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, syncFolder(filepath.Dir(path))
}

// own takes the journal's lock: as long as another process that writes to it
// lives, there is no second one.
func (j *Journal) own(path string) error {
	var err error
	if j.lock, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("journal %s: another process holds it: give each its own: %w", path, errors.Join(err, j.lock.Close()))
	}
	return nil
}

func (j *Journal) read(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var torn error
	for n := 1; lines.Scan(); n++ {
		if torn != nil {
			return torn
		}
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			torn = fmt.Errorf("journal %s line %d: %w", path, n, err)
			continue
		}
		j.keep(e)
	}
	return lines.Err()
}

// keep takes an entry into memory. One without a subject only says the epoch.
func (j *Journal) keep(e Entry) {
	j.epochs[e.Fleet] = max(j.epochs[e.Fleet], e.Epoch)
	if e.Subject != "" {
		j.last[e.Subject] = e
	}
}

// append makes an entry durable.
func (j *Journal) append(e Entry) error {
	e.Epoch = max(e.Epoch, j.epochs[e.Fleet])
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Last returns what is known about a subject; zero where nothing is.
func (j *Journal) Last(subject string) Entry { return j.last[subject] }

// Admit refuses a command that is older than one taken before.
func (j *Journal) Admit(c *actuator.Command) error {
	if seen := j.epochs[string(c.Step.Fleet)]; c.Step.Epoch < seen {
		return fmt.Errorf("%w: %s has epoch %d, epoch %d has been seen", actuator.ErrStale, c.Step.ID, c.Step.Epoch, seen)
	}
	last := j.last[c.Subject()]
	sequence := c.Step.Sequence()
	switch {
	case sequence < 1:
		return fmt.Errorf("step %q: its identity has no sequence", c.Step.ID)
	case sequence < last.Sequence:
		return fmt.Errorf("%w: %s came after %s", actuator.ErrStale, c.Step.ID, last.Key)
	case sequence == last.Sequence && last.Key != string(c.Step.ID):
		return fmt.Errorf("%w: %s takes the place of %s", actuator.ErrStale, c.Step.ID, last.Key)
	}
	return nil
}

// Fence makes the journal refuse epochs of a fleet older than the one given.
func (j *Journal) Fence(fleet model.FleetID, epoch int64) error {
	e := Entry{Fleet: string(fleet), Epoch: epoch}
	if epoch <= j.epochs[e.Fleet] {
		return nil
	}
	return j.set(e)
}

// Begin records that a command has been taken, before it acts.
func (j *Journal) Begin(c *actuator.Command) error {
	return j.set(entryOf(c))
}

// End records a command's result.
func (j *Journal) End(c *actuator.Command, result error) error {
	e := entryOf(c)
	e.Ended = true
	if result != nil {
		e.Error = result.Error()
	}
	return j.set(e)
}

func (j *Journal) set(e Entry) error {
	if err := j.append(e); err != nil {
		return err
	}
	j.keep(e)
	return nil
}

// Close closes the file.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	return errors.Join(j.file.Close(), j.lock.Close())
}

// syncFolder makes a rename durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
