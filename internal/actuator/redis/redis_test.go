package redis

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestParseReplication(t *testing.T) {
	replica := parseReplication("# Replication\r\nrole:slave\r\nmaster_host:127.0.0.2\r\nmaster_port:6379\r\nmaster_link_status:up\r\n" +
		"master_sync_in_progress:0\r\nslave_repl_offset:42\r\nmaster_repl_offset:40\r\nmaster_replid:aa\r\n")
	if want := (replication{of: "127.0.0.2:6379", linked: true, offset: 42, id: "aa", promotedAt: -1, copied: -1, total: -1}); replica != want {
		t.Errorf("replica %+v, want %+v", replica, want)
	}
	master := parseReplication("role:master\r\nmaster_repl_offset:99\r\nmaster_replid:bb\r\nmaster_replid2:aa\r\nsecond_repl_offset:43\r\n")
	if want := (replication{master: true, offset: 99, id: "bb", formerID: "aa", promotedAt: 43, copied: -1, total: -1}); master != want {
		t.Errorf("master %+v, want %+v", master, want)
	}
	syncing := parseReplication("role:slave\r\nmaster_link_status:up\r\nmaster_sync_in_progress:1\r\n" +
		"master_sync_total_bytes:0\r\nmaster_sync_read_bytes:1024\r\n")
	if syncing.linked || syncing.copied != 1024 || syncing.total != 0 {
		t.Errorf("while it is copying: %+v", syncing)
	}
}

func TestPersistedWaitsForTheRewrite(t *testing.T) {
	const done = "loading:0\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\naof_last_bgrewrite_status:ok\r\n"
	for text, want := range map[string]bool{
		done: true, "aof_enabled:0\r\n": true, "": false,
		strings.Replace(done, "in_progress:0", "in_progress:1", 1): false,
		strings.Replace(done, "scheduled:0", "scheduled:1", 1):     false,
		strings.Replace(done, "status:ok", "status:err", 1):        false,
	} {
		if got := persisted(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestTookTellsADivergedSource(t *testing.T) {
	target := replication{master: true, id: "bb", formerID: "aa", promotedAt: 43}
	for name, c := range map[string]struct {
		source replication
		took   bool
	}{
		"as it was":       {replication{id: "aa", offset: 42}, false},
		"has taken more":  {replication{id: "aa", offset: 60}, true},
		"another history": {replication{id: "cc", offset: 42}, true},
	} {
		if got := target.took(c.source); got != c.took {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// pipe returns a client whose server's side is the returned connection.
func pipe(t *testing.T) (*Client, net.Conn) {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return &Client{conn: near, reader: bufio.NewReader(near), timeout: time.Second}, far
}

func TestDo(t *testing.T) {
	for _, c := range []struct{ reply, want, wrong string }{
		{"+OK\r\n", "OK", ""},
		{":17\r\n", "17", ""},
		{"$5\r\na\r\nbc\r\n", "a\r\nbc", ""},
		{"$-1\r\n", "", ""},
		{"-ERR no\r\n", "", "ERR no"},
		{"*1\r\n", "", "reply"},
		{"$9999999999\r\n", "", "length"},
		{"\r\n", "", "empty"},
	} {
		client, server := pipe(t)
		sent := make(chan string, 1)
		go func() {
			b := make([]byte, 100)
			n, _ := server.Read(b)
			sent <- string(b[:n])
			_, _ = server.Write([]byte(c.reply))
		}()
		got, err := client.Do(t.Context(), "GET", "k")
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q: got %q, %v", c.reply, got, err)
		}
		if s := <-sent; s != "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" {
			t.Errorf("sent %q", s)
		}
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	client, _ := pipe(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := client.Do(ctx, "PING"); err == nil {
		t.Error("a server that says nothing has answered")
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("$3\r\nabc\r\n"))
	f.Add([]byte("-ERR\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Client{reader: bufio.NewReader(bytes.NewReader(b))}
		for range 10 {
			if _, err := c.reply(); err != nil {
				return
			}
		}
	})
}

func FuzzParseReplication(f *testing.F) {
	f.Add("role:slave\r\nmaster_host:x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if r := parseReplication(text); r.master && r.linked && !strings.Contains(text, "up") {
			t.Error("a link comes from nowhere")
		}
	})
}
