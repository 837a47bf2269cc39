package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// ErrFenced is returned where a newer owner has claimed the slot.
var ErrFenced = errors.New("a newer owner has claimed this state")

// chunkSize is how many bytes of a state go into one key. Redis is single
// threaded: a larger value would hold up everyone else.
const chunkSize = 4 << 20

// stagedSeconds is how long chunks live that no head refers to: what a writer
// that died in between leaves behind.
const stagedSeconds = 3600

// The head of a slot is a hash: epoch (the greatest that claimed it), version
// (of the state that stands), chunks (how many), prior (the chunks' keys of that
// version). The chunks are keys of their own.

// claimScript sets the epoch. KEYS: head. ARGV: epoch, force.
var claimScript = redis.NewScript(`
local have = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '-1')
if tonumber(ARGV[1]) < have and ARGV[2] ~= '1' then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
return 1`)

// flipScript makes staged chunks the state. KEYS: head, then the chunks. ARGV:
// epoch, version.
var flipScript = redis.NewScript(`
local have = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '-1')
if tonumber(ARGV[1]) < have then return 0 end
for i = 2, #KEYS do
  if redis.call('PERSIST', KEYS[i]) == 0 and redis.call('EXISTS', KEYS[i]) == 0 then return -1 end
end
local prior = tonumber(redis.call('HGET', KEYS[1], 'chunks') or '0')
local version = redis.call('HGET', KEYS[1], 'version')
if version and version ~= ARGV[2] then
  for i = 0, prior - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. version .. ':' .. i) end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[2], 'chunks', #KEYS - 1)
return 1`)

// slot is the head key of a state; the braces are the cluster's hash tag.
type slot string

func (s *Store) slot(group string, partition int32) slot {
	return slot("{drover:" + s.namespace + ":" + group + ":" + strconv.Itoa(int(partition)) + "}")
}

func (s slot) chunk(version string, i int) string {
	return string(s) + ":" + version + ":" + strconv.Itoa(i)
}

// Claim makes epoch the slot's owner, from when on older ones are refused. With
// force a lower epoch is accepted too: for a group that began to count anew,
// after Kafka itself has confirmed the claim.
func (s *Store) Claim(ctx context.Context, group string, partition int32, epoch int64, force bool) error {
	slot := s.slot(group, partition)
	flag := "0"
	if force {
		flag = "1"
	}
	ok, err := claimScript.Run(ctx, s.client, []string{string(slot)}, epoch, flag).Int()
	if err != nil {
		return s.explain("claim "+string(slot), err)
	}
	if ok == 0 {
		return fmt.Errorf("redis: claim %s with epoch %d: %w", slot, epoch, ErrFenced)
	}
	return nil
}

// Save replaces the slot's state in one step, or not at all: the chunks are
// staged under a version of their own, then one fenced script makes them the
// state and removes those before.
func (s *Store) Save(ctx context.Context, group string, partition int32, epoch int64, state []byte) error {
	slot := s.slot(group, partition)
	name := rand.Text() // never one that is in use
	keys := []string{string(slot)}
	for at := 0; at < len(state) || at == 0; at += chunkSize {
		key := slot.chunk(name, len(keys)-1)
		part := state[at:min(at+chunkSize, len(state))]
		if err := s.client.Set(ctx, key, part, stagedSeconds*1e9).Err(); err != nil {
			return s.explain("stage "+key, err)
		}
		keys = append(keys, key)
	}
	ok, err := flipScript.Run(ctx, s.client, keys, epoch, name).Int()
	switch {
	case err != nil:
		return s.explain("save "+string(slot), err)
	case ok == 0:
		return fmt.Errorf("redis: save %s with epoch %d: %w", slot, epoch, ErrFenced)
	case ok < 0:
		return fmt.Errorf("redis: save %s: a staged chunk is gone", slot)
	}
	return nil
}

// Load returns the slot's state; found is false where there is none.
func (s *Store) Load(ctx context.Context, group string, partition int32) (state []byte, found bool, err error) {
	slot := s.slot(group, partition)
	for range 3 { // a flip in between takes the chunks away: read the new head
		head, err := s.client.HMGet(ctx, string(slot), "version", "chunks").Result()
		if err != nil {
			return nil, false, s.explain("load "+string(slot), err)
		}
		version, ok := head[0].(string)
		if !ok {
			return nil, false, nil
		}
		count, _ := head[1].(string)
		n, err := strconv.Atoi(count)
		if err != nil {
			return nil, false, fmt.Errorf("redis: load %s: chunks %q: %w", slot, count, err)
		}
		state, found, err = s.chunks(ctx, slot, version, n)
		if err != nil || found {
			return state, found, err
		}
	}
	return nil, false, nil // chunks lost for good: as if there were no state
}

func (s *Store) chunks(ctx context.Context, slot slot, version string, n int) ([]byte, bool, error) {
	var state []byte
	for i := range n {
		part, err := s.client.Get(ctx, slot.chunk(version, i)).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("redis: load %s: %w", slot.chunk(version, i), err)
		}
		if n == 1 {
			return part, true, nil
		}
		state = append(state, part...)
	}
	return state, true, nil
}

// Drop removes the slot's state and claim.
func (s *Store) Drop(ctx context.Context, group string, partition int32) error {
	slot := s.slot(group, partition)
	version, err := s.client.HMGet(ctx, string(slot), "version", "chunks").Result()
	if err != nil {
		return s.explain("drop "+string(slot), err)
	}
	keys := []string{string(slot)}
	if name, ok := version[0].(string); ok {
		count, _ := version[1].(string)
		n, _ := strconv.Atoi(count)
		for i := range n {
			keys = append(keys, slot.chunk(name, i))
		}
	}
	if err := s.client.Unlink(ctx, keys...).Err(); err != nil {
		return s.explain("drop "+string(slot), err)
	}
	return nil
}
