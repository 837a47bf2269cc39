package netmap

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// The fleet: servers in racks, racks in zones, zones in a full mesh.
const (
	zoneCount, racksInZone, serversInRack = 3, 2, 5
	prefix                                = "drvmap-"
)

// server is one namespace with its address.
type server struct{ name, space, address string }

// network builds the namespaces and links.
type network struct {
	t     *testing.T
	links int
}

// space makes a namespace that forwards and answers without rate limits.
func (n *network) space(name string) string {
	space := prefix + name
	_ = exec.Command("ip", "netns", "del", space).Run() // what an aborted run left
	ip(n.t, "netns add %s", space)
	n.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", space).Run() })
	ip(n.t, "-n %s link set lo up", space)
	for _, setting := range []string{"net/ipv4/ip_forward=1", "net/ipv4/icmp_ratelimit=0"} {
		out, err := exec.Command("ip", "netns", "exec", space, "sysctl", "-qw", setting).CombinedOutput()
		if err != nil {
			n.t.Fatalf("sysctl %s in %s: %v: %s", setting, space, err, out)
		}
	}
	return space
}

// link joins two namespaces; each direction is delayed. Between routers both ends
// have addresses of the link, so that a router answers by several.
func (n *network) link(a, b string, delay time.Duration) (deviceA, deviceB string) {
	deviceA, deviceB = n.join(a, b, delay)
	ip(n.t, "-n %s addr add 172.16.%d.1/32 dev %s", a, n.links, deviceA)
	ip(n.t, "-n %s addr add 172.16.%d.2/32 dev %s", b, n.links, deviceB)
	return deviceA, deviceB
}

// join is link without addresses.
func (n *network) join(a, b string, delay time.Duration) (deviceA, deviceB string) {
	n.links++
	ends := [2]string{a, b}
	var devices [2]string
	var files [2]*os.File
	for i, space := range ends {
		devices[i] = fmt.Sprintf("l%d%c", n.links, 'a'+i)
		file, err := openTUN(space, devices[i])
		if err != nil {
			n.t.Fatal(err)
		}
		n.t.Cleanup(func() { file.Close() })
		files[i] = file
		ip(n.t, "-n %s link set %s up", space, devices[i])
	}
	go relay(files[0], files[1], delay)
	go relay(files[1], files[0], delay)
	return devices[0], devices[1]
}

// build makes the whole fleet. A rack has one gateway address. Delays are drawn from r: log-normal, servers'
// access links as long as racks' uplinks, so that heights matter.
func (n *network) build(r *rand.Rand) []server {
	spread := func(median, sigma float64) time.Duration {
		return time.Duration(median * math.Exp(sigma*r.NormFloat64()) * float64(time.Millisecond))
	}
	zones := make([]string, zoneCount)
	for z := range zones {
		zones[z] = n.space(fmt.Sprint("zone", z))
	}
	for a := range zones {
		for b := range a {
			devA, devB := n.link(zones[a], zones[b], spread(30, 0.3))
			ip(n.t, "-n %s route add 10.%d.0.0/16 dev %s", zones[a], b, devA)
			ip(n.t, "-n %s route add 10.%d.0.0/16 dev %s", zones[b], a, devB)
		}
	}
	var servers []server
	for z := range zones {
		for k := range racksInZone {
			rack := n.space(fmt.Sprintf("rack%d%d", z, k))
			up, down := n.link(rack, zones[z], spread(6, 0.5))
			ip(n.t, "-n %s route add default dev %s", rack, up)
			ip(n.t, "-n %s route add 10.%d.%d.0/24 dev %s", zones[z], z, k, down)
			for i := range serversInRack {
				s := server{name: fmt.Sprintf("s%d%d%d", z, k, i), address: fmt.Sprintf("10.%d.%d.%d", z, k, i+1)}
				s.space = n.space(s.name)
				access, down := n.join(s.space, rack, spread(6, 0.6))
				ip(n.t, "-n %s addr add 10.%d.%d.254/32 dev %s", rack, z, k, down)
				ip(n.t, "-n %s addr add %s/32 dev lo", s.space, s.address)
				ip(n.t, "-n %s route add default dev %s src %s", s.space, access, s.address)
				ip(n.t, "-n %s route add %s/32 dev %s", rack, s.address, down)
				servers = append(servers, s)
			}
		}
	}
	return servers
}

// traceroute runs the real tool from one server to another.
func (n *network) traceroute(from, to server) []byte {
	out, err := exec.Command("ip", "netns", "exec", from.space, "traceroute", "-n", "-I", "-q", "3", "-N", "6", "-w", "2", "-m", "8", to.address).Output()
	if err != nil {
		n.t.Fatalf("traceroute %s to %s: %v", from.name, to.name, err)
	}
	return out
}

// needed skips the test where the machine can't run it.
func needed(t *testing.T) {
	t.Helper()
	if os.Getenv("DROVER_NETNS") == "" {
		t.Skip("left out: set DROVER_NETNS=1 (needs root, a minute)")
	}
	for _, tool := range []string{"ip", "traceroute"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("left out: no %s", tool)
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Geteuid() != 0 {
		t.Skip("left out: needs root and /dev/net/tun")
	}
}
