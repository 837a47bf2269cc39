package redis

import (
	"strconv"
	"strings"
)

// replication is what INFO replication says.
type replication struct {
	master   bool
	of       string // host:port of the server it replicates
	linked   bool   // the link is up and no copy is under way
	offset   int64  // master_repl_offset, on a replica slave_repl_offset
	id       string // master_replid
	formerID string // master_replid2: the history it was promoted from
	// promotedAt is the first offset that isn't of the former history.
	promotedAt int64
	// copied is how many bytes of a first copy have come, of total (0: unknown);
	// both -1 where none is under way.
	copied, total int64
}

// fieldsOf reads the reply of INFO.
func fieldsOf(text string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// persisted tells from the reply of INFO persistence whether the append-only
// file, where there is one, holds everything.
func persisted(text string) bool {
	fields := fieldsOf(text)
	return fields["aof_enabled"] == "0" || fields["aof_enabled"] == "1" && fields["aof_rewrite_in_progress"] == "0" &&
		fields["aof_rewrite_scheduled"] == "0" && fields["aof_last_bgrewrite_status"] == "ok" && fields["loading"] == "0"
}

// parseReplication reads the reply of INFO replication.
func parseReplication(text string) replication {
	fields := fieldsOf(text)
	number := func(name string) int64 {
		n, err := strconv.ParseInt(fields[name], 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	r := replication{
		master:     fields["role"] == "master",
		linked:     fields["master_link_status"] == "up" && fields["master_sync_in_progress"] == "0",
		offset:     number("master_repl_offset"),
		id:         fields["master_replid"],
		formerID:   fields["master_replid2"],
		promotedAt: number("second_repl_offset"),
		copied:     number("master_sync_read_bytes"),
		total:      number("master_sync_total_bytes"),
	}
	if !r.master {
		r.of = fields["master_host"] + ":" + fields["master_port"]
		r.offset = number("slave_repl_offset")
	}
	return r
}

// took tells whether the source took anything after the target was promoted
// from it, as far as the offsets can tell: pings between the two count too.
func (r replication) took(source replication) bool {
	return r.formerID != source.id || r.promotedAt-1 != source.offset
}
