package move

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Namespaces makes a network namespace for each name, on one bridge with this
// host, and returns their names and addresses in order. Close takes them away.
// It needs root and iproute2.
func (s *Site) Namespaces(ctx context.Context, names ...string) (namespaces, addresses []string, err error) {
	// The process's number keeps sites apart that run at the same time; names of
	// interfaces have at most 15 characters.
	mark := fmt.Sprintf("dm%d", os.Getpid())
	subnet := fmt.Sprintf("10.%d.%d", 200+os.Getpid()>>8&0x1f, os.Getpid()&0xff)
	bridge := mark + "br"
	s.undo = append(s.undo, []string{"link", "del", bridge})
	orders := [][]string{
		{"link", "add", bridge, "type", "bridge"},
		{"addr", "add", subnet + ".1/24", "dev", bridge},
		{"link", "set", bridge, "up"},
	}
	for i, name := range names {
		ns, near, address := mark+name, mark+"v"+name, fmt.Sprintf("%s.%d", subnet, i+2)
		// A socket with unsent data keeps a namespace alive for a while, and with it
		// both ends of its link: the next site would find them there.
		s.undo = append(s.undo, []string{"netns", "del", ns}, []string{"link", "del", near})
		orders = append(orders,
			[]string{"netns", "add", ns},
			[]string{"link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", ns},
			[]string{"link", "set", near, "master", bridge, "up"},
			[]string{"-n", ns, "addr", "add", address + "/24", "dev", "eth0"},
			[]string{"-n", ns, "link", "set", "eth0", "up"},
			[]string{"-n", ns, "link", "set", "lo", "up"},
		)
		namespaces, addresses = append(namespaces, ns), append(addresses, address)
	}
	if err := s.note(); err != nil {
		return nil, nil, err
	}
	for _, order := range orders {
		if err := ip(ctx, order); err != nil {
			return nil, nil, err
		}
	}
	return namespaces, addresses, nil
}

// dissolve takes away what Namespaces made, last first.
func (s *Site) dissolve(ctx context.Context) error {
	var err error
	for i := len(s.undo) - 1; i >= 0; i-- {
		err = errors.Join(err, ip(ctx, s.undo[i]))
	}
	s.undo = nil
	return err
}

func ip(ctx context.Context, args []string) error {
	said, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}
