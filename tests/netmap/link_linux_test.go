package netmap

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTUN creates a TUN device within a namespace and returns its file: packets
// read are those that the kernel there sent.
func openTUN(space, device string) (*os.File, error) {
	type outcome struct {
		file *os.File
		err  error
	}
	done := make(chan outcome)
	go func() {
		// The thread is left locked: it ends with the goroutine, and its namespace too.
		runtime.LockOSThread()
		file, err := openTUNHere(space, device)
		done <- outcome{file, err}
	}()
	o := <-done
	return o.file, o.err
}

func openTUNHere(space, device string) (*os.File, error) {
	ns, err := os.Open("/var/run/netns/" + space)
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter %s: %w", space, err)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(device)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, fmt.Errorf("create %s in %s: %w", device, space, err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), device), nil
}

// packet is due at its time.
type packet struct {
	due  time.Time
	data []byte
}

// relay carries packets from one device to another, each delayed.
func relay(from, to *os.File, delay time.Duration) {
	queue := make(chan packet, 1024)
	go func() {
		for p := range queue {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				continue // the other side is going down
			}
		}
	}()
	for {
		data := make([]byte, 2048)
		n, err := from.Read(data)
		if err != nil {
			close(queue)
			return
		}
		queue <- packet{time.Now().Add(delay), data[:n]}
	}
}

// ip runs the ip tool and fails the test where it fails.
func ip(t *testing.T, command string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(command, args...)
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", line, err, out)
	}
}
