package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// network is two hosts, each a network namespace, at one switch, which the
// machine itself is at too.
type network struct {
	bridge string
	hosts  []string
	subnet string // the first three numbers of its addresses
}

// newNetwork lays the cables. What has been laid when it fails is taken away by
// close.
func newNetwork(ctx context.Context) (*network, error) {
	id := os.Getpid() % 10000
	n := &network{bridge: fmt.Sprintf("dvs%d", id), subnet: fmt.Sprintf("10.77.%d", id%250)}
	for _, line := range []string{
		"link add BRIDGE type bridge stp_state 0 forward_delay 0", "addr add SUBNET.1/24 dev BRIDGE", "link set BRIDGE up",
	} {
		if err := n.ip(ctx, line, ""); err != nil {
			return n, err
		}
	}
	for i := range 2 {
		host := fmt.Sprintf("dv%c%d", 'a'+i, id)
		n.hosts = append(n.hosts, host)
		for _, line := range []string{
			"netns add HOST", "link add HOST type veth peer name up0 netns HOST", "link set HOST master BRIDGE", "link set HOST up",
			"-n HOST link add sw0 type bridge stp_state 0 forward_delay 0", "-n HOST link set lo up", "-n HOST link set up0 master sw0",
			"-n HOST link set up0 up", "-n HOST tuntap add dev tap mode tap", "-n HOST link set tap master sw0", "-n HOST link set tap up",
			"-n HOST link set sw0 up", fmt.Sprintf("-n HOST addr add SUBNET.%d/24 dev sw0", 11+i),
		} {
			if err := n.ip(ctx, line, host); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// address returns the i-th host's address.
func (n *network) address(i int) string { return fmt.Sprintf("%s.%d", n.subnet, 11+i) }

func (n *network) guest() string { return n.subnet + ".100" }

func (n *network) ip(ctx context.Context, line, host string) error {
	line = strings.NewReplacer("BRIDGE", n.bridge, "SUBNET", n.subnet, "HOST", host).Replace(line)
	out, err := exec.CommandContext(ctx, "ip", strings.Fields(line)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: ip %s: %w: %s", ErrMissing, line, err, out)
	}
	return nil
}

func (n *network) close() error {
	var err error
	for _, host := range n.hosts {
		// A namespace ends a while after it is deleted, and its cables with it: these
		// are cut first, so that others can be laid under the same names.
		_ = n.ip(context.Background(), "link del HOST", host)
		err = errors.Join(err, n.ip(context.Background(), "netns del HOST", host))
	}
	return errors.Join(err, n.ip(context.Background(), "link del BRIDGE", ""))
}
