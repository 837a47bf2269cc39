package api

import (
	"sync"
	"time"
)

// cache keeps encoded answers until the sections they are made of change. It
// holds no more than maxCached bytes; when that is reached it begins anew.
type cache struct {
	born  int64 // sets ETags of different processes apart
	mu    sync.Mutex
	kept  map[string]cached
	bytes int
}

type cached struct {
	version uint64
	body    []byte
}

const maxCached = 64 << 20

func newCache() *cache { return &cache{born: time.Now().UnixNano(), kept: map[string]cached{}} }

func (c *cache) get(key string, version uint64) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.kept[key]
	return e.body, ok && e.version == version
}

func (c *cache) put(key string, version uint64, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.kept[key]; ok {
		c.bytes -= len(old.body) + len(key)
		delete(c.kept, key)
	}
	if c.bytes+len(body)+len(key) > maxCached {
		c.kept, c.bytes = map[string]cached{}, 0
	}
	if len(body)+len(key) <= maxCached {
		c.kept[key] = cached{version, body}
		c.bytes += len(body) + len(key)
	}
}
