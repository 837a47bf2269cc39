package store

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func open(t *testing.T) (*Store, *Embedded) {
	t.Helper()
	e, err := StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s, err := Open(Config{Addresses: []string{e.Address()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, e
}

func TestStateComesBack(t *testing.T) {
	s, e := open(t)
	ctx := context.Background()
	if _, found, err := s.Load(ctx, "g", 3); err != nil || found {
		t.Fatalf("an empty slot: found %v, %v", found, err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), chunkSize/16*2+1)
	for version, state := range [][]byte{[]byte("small"), large, nil, []byte("again")} {
		if err := s.Save(ctx, "g", 3, 5, state); err != nil {
			t.Fatal(err)
		}
		got, found, err := s.Load(ctx, "g", 3)
		if err != nil || !found || !bytes.Equal(got, state) {
			t.Fatalf("version %d: %d bytes, found %v, %v; want %d", version, len(got), found, err, len(state))
		}
	}
	if keys := e.server.Keys(); len(keys) != 2 {
		t.Errorf("keys %v, want the head and one chunk", keys)
	}
	if err := s.Drop(ctx, "g", 3); err != nil {
		t.Fatal(err)
	}
	if keys := e.server.Keys(); len(keys) != 0 {
		t.Errorf("keys %v after the drop", keys)
	}
}

func TestOlderOwnersAreRefused(t *testing.T) {
	s, _ := open(t)
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fenced := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrFenced) {
			t.Fatalf("error %v, want ErrFenced", err)
		}
	}
	must(s.Claim(ctx, "g", 3, 4, false))
	must(s.Save(ctx, "g", 3, 4, []byte("four")))
	must(s.Claim(ctx, "g", 3, 4, false)) // the owner itself, again
	must(s.Claim(ctx, "g", 3, 6, false))
	fenced(s.Save(ctx, "g", 3, 4, []byte("late")))
	fenced(s.Claim(ctx, "g", 3, 5, false))
	got, _, err := s.Load(ctx, "g", 3)
	if err != nil || string(got) != "four" {
		t.Errorf("state %q, %v; want what stood before the fenced write", got, err)
	}
	must(s.Claim(ctx, "g", 3, 1, true))
	must(s.Save(ctx, "g", 3, 1, []byte("one")))
}

func TestLostChunksAreNoState(t *testing.T) {
	s, e := open(t)
	ctx := context.Background()
	if err := s.Save(ctx, "g", 3, 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	slot := s.slot("g", 3)
	e.server.Del(slot.chunk(e.server.HGet(string(slot), "version"), 0))
	if _, found, err := s.Load(ctx, "g", 3); err != nil || found {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestErrorsNameTheServer(t *testing.T) {
	if _, err := Open(Config{}); err == nil {
		t.Error("opened without an address")
	}
	s, e := open(t)
	e.Close()
	if err := s.Ping(context.Background()); err == nil {
		t.Error("a dead server answered")
	}
}
