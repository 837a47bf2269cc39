package servers

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cluster is a Redis Cluster of three masters with a replica each.
type Cluster struct {
	t     testing.TB
	nodes map[string]*Redis // by address
	seed  string
}

// StartCluster starts one.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	Need(t, "redis-server", "redis-cli")
	c := &Cluster{t: t, nodes: map[string]*Redis{}}
	for range 6 {
		node := StartRedis(t, func(port string) []string {
			bus, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			_ = bus.Close()
			_, busPort, _ := net.SplitHostPort(bus.Addr().String())
			return []string{"--port", port, "--cluster-enabled", "yes", "--cluster-port", busPort, "--cluster-node-timeout", "3000",
				"--cluster-replica-validity-factor", "0", "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"}
		})
		c.nodes[node.Address] = node
		c.seed = node.Address
	}
	args := append([]string{"--cluster", "create"}, c.Addresses()...)
	if out, err := exec.Command("redis-cli", append(args, "--cluster-replicas", "1", "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("make the cluster: %v: %s", err, out)
	}
	c.await("six nodes that agree", func() bool {
		for address := range c.nodes {
			if !strings.Contains(c.ask(address, "cluster", "info"), "cluster_state:ok") || !strings.Contains(c.ask(address, "cluster", "info"), "cluster_known_nodes:6") {
				return false
			}
		}
		return strings.Count(c.ask(c.seed, "cluster", "nodes"), " slave ")+strings.Count(c.ask(c.seed, "cluster", "nodes"), "myself,slave") == 3
	})
	return c
}

// Addresses returns host:port of every node.
func (c *Cluster) Addresses() (out []string) {
	for address := range c.nodes {
		out = append(out, address)
	}
	return out
}

// ask runs a command on a node; a failure is an empty answer.
func (c *Cluster) ask(address string, command ...string) string {
	host, port, _ := net.SplitHostPort(address)
	out, err := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, command...)...).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

func (c *Cluster) await(what string, ready func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ready(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("no %s: %s", what, c.ask(c.seed, "cluster", "nodes"))
		}
	}
}

// clusterNode is a line of CLUSTER NODES.
type clusterNode struct {
	address, id, master string
	slots               []string
}

func (c *Cluster) table() (out []clusterNode) {
	for _, line := range strings.Split(c.ask(c.seed, "cluster", "nodes"), "\n") {
		f := strings.Fields(line)
		if len(f) < 8 || strings.Contains(f[2], "fail") {
			continue
		}
		address, _, _ := strings.Cut(f[1], "@")
		n := clusterNode{address: address, id: f[0], master: f[3], slots: f[8:]}
		out = append(out, n)
	}
	return out
}

// owner returns the master that has a slot.
func (c *Cluster) owner(slot int) (clusterNode, bool) {
	for _, n := range c.table() {
		for _, s := range n.slots {
			first, last, ranged := strings.Cut(s, "-")
			low, err := strconv.Atoi(first)
			high := low
			if err == nil && ranged {
				high, err = strconv.Atoi(last)
			}
			if err == nil && low <= slot && slot <= high {
				return n, true
			}
		}
	}
	return clusterNode{}, false
}

// Spread returns how many masters hold keys.
func (c *Cluster) Spread() (masters int) {
	for _, n := range c.table() {
		if len(n.slots) > 0 && strings.TrimSpace(c.ask(n.address, "dbsize")) != "0" {
			masters++
		}
	}
	return masters
}

// CanFailOver tells whether the master that holds a key has a replica.
func (c *Cluster) CanFailOver(key string) bool {
	_, _, replica := c.pair(key)
	return replica.address != ""
}

// pair returns a key's slot, the master that has it and that one's replica, if any.
func (c *Cluster) pair(key string) (slot int, master, replica clusterNode) {
	c.t.Helper()
	slot, err := strconv.Atoi(strings.TrimSpace(c.ask(c.seed, "cluster", "keyslot", key)))
	if err != nil {
		c.t.Fatalf("slot of %s: %v", key, err)
	}
	master, ok := c.owner(slot)
	if !ok {
		c.t.Fatalf("nobody has slot %d", slot)
	}
	for _, n := range c.table() {
		if n.master == master.id {
			replica = n
		}
	}
	return slot, master, replica
}

// FailOver has the master that holds a key lose what is written while during
// runs: its replica hears of nothing any more, then it is killed. FailOver
// returns once the replica has taken over.
func (c *Cluster) FailOver(key string, during func()) {
	c.t.Helper()
	slot, master, replica := c.pair(key)
	if replica.address == "" {
		c.t.Fatalf("%s has no replica", master.address)
	}
	c.seed = replica.address
	// Pausing the replica would not do: it would read on from its socket later.
	c.ask(master.address, "acl", "setuser", "default", "-psync", "-sync")
	c.ask(master.address, "client", "kill", "type", "replica")
	c.await("replica that is cut off", func() bool {
		return strings.Contains(c.ask(replica.address, "info", "replication"), "master_link_status:down")
	})
	during()
	c.nodes[master.address].Kill()
	c.await(fmt.Sprintf("new master of slot %d", slot), func() bool {
		now, ok := c.owner(slot)
		return ok && now.address != master.address && strings.Contains(c.ask(replica.address, "cluster", "info"), "cluster_state:ok")
	})
}
