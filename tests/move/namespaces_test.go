package move_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/tests/move"
)

// TestANamespaceThatIsHeldDelaysNoOther: what still runs in a namespace, or a
// socket that has not sent all, keeps it alive after its site is closed; the next
// site of the same process makes one of the same name all the same.
func TestANamespaceThatIsHeldDelaysNoOther(t *testing.T) {
	need(t, "ip")
	if os.Getuid() != 0 {
		t.Skip("left out: network namespaces need root")
	}
	for range 2 {
		s, err := move.NewSite()
		if err != nil {
			t.Fatal(err)
		}
		namespaces, _, err := s.Namespaces(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err, s.Close())
		}
		holder := exec.Command("ip", "netns", "exec", namespaces[1], "cat")
		in, err := holder.StdinPipe() // cat ends with it
		if err != nil {
			t.Fatal(err)
		}
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			in.Close()
			if err := holder.Wait(); err != nil {
				t.Error(err)
			}
		})
		awaitInside(t, namespaces[1], holder.Process.Pid)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitInside waits until a process is in a namespace.
func awaitInside(t *testing.T, namespace string, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := actuator.Poll(ctx, 10*time.Millisecond, func() (bool, error) {
		said, err := exec.Command("ip", "netns", "identify", strconv.Itoa(pid)).CombinedOutput()
		return strings.TrimSpace(string(said)) == namespace, fmt.Errorf("it is in %q (%w)", said, err)
	}); err != nil {
		t.Fatal(err)
	}
}
