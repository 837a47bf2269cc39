package move

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// reaper waits for the end of its standard input, which comes when whoever
// started it ends in whatever way. Then it ends every process that holds a lock
// in the folder, takes the namespaces away and deletes the folder.
const reaper = `cat >/dev/null
[ -d "$1" ] || exit 0
for p in /proc/[0-9]*; do
	case "$(readlink "$p/fd/3" 2>/dev/null)" in "$1"/*.lock) kill -9 "${p#/proc/}" ;; esac
done
[ -e "$1/` + undoName + `" ] && sh "$1/` + undoName + `"
rm -rf "$1"`

// undoName is the file of orders that take a site's namespaces away.
const undoName = "undo.sh"

// watchOver starts what cleans up should this process be killed.
func (s *Site) watchOver() error {
	cmd := exec.Command("sh", "-c", reaper, "reaper", s.Folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it survives what kills us
	var err error
	if s.lifeline, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("reaper: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("reaper: %w", err)
	}
	go func() { _ = cmd.Wait() }() // it ends after us, or finds nothing to do
	return nil
}

// note writes down how to take the namespaces away, and what else there is.
func (s *Site) note() error {
	var b strings.Builder
	if s.tidy != "" {
		fmt.Fprintln(&b, s.tidy)
	}
	for i := len(s.undo) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "ip %s\n", strings.Join(s.undo[i], " "))
	}
	if err := os.WriteFile(filepath.Join(s.Folder, undoName), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}
