package store

import (
	"context"
	"time"
)

// Clock returns the server's time. The users of the stages may not ask for it.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	at, err := s.client.Time(ctx).Result()
	if err != nil {
		return time.Time{}, s.explain("time", err)
	}
	return at, nil
}

// Keeps tells whether the server writes what it holds to disk, and whether it
// throws keys away when memory is short.
func (s *Store) Keeps(ctx context.Context) (appends, evicts bool, err error) {
	first := func(key string) (string, error) {
		got, err := s.client.ConfigGet(ctx, key).Result()
		if err != nil {
			return "", s.explain("config get "+key, err)
		}
		return got[key], nil
	}
	only, err := first("appendonly")
	if err != nil {
		return false, false, err
	}
	policy, err := first("maxmemory-policy")
	return only == "yes", policy != "" && policy != "noeviction", err
}
