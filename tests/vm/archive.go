package vm

import (
	"bytes"
	"fmt"
	"os"
)

// archive is a cpio archive of the "newc" form, which Linux unpacks at its start.
type archive struct {
	bytes bytes.Buffer
	inode int
}

// The kinds of entries.
const (
	isFolder = 0o040000
	isFile   = 0o100000
)

func (a *archive) entry(name string, mode int, content []byte) {
	a.inode++
	fmt.Fprintf(&a.bytes, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	a.bytes.WriteString(name)
	a.bytes.WriteByte(0)
	a.align()
	a.bytes.Write(content)
	a.align()
}

func (a *archive) align() {
	for a.bytes.Len()%4 != 0 {
		a.bytes.WriteByte(0)
	}
}

func (a *archive) folder(name string) { a.entry(name, isFolder|0o755, nil) }

func (a *archive) file(name string, content []byte, mode int) { a.entry(name, isFile|mode, content) }

func (a *archive) copy(name, path string, mode int) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	a.file(name, content, mode)
	return nil
}

func (a *archive) end() { a.entry("TRAILER!!!", 0, nil) }
