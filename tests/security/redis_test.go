package security

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/authority"
	"drover/tests/stream/servers"
)

// TestRedisUsersReachTheirOwnStateOnly tries the store's users on a Redis with
// TLS.
func TestRedisUsersReachTheirOwnStateOnly(t *testing.T) {
	a := authority.New(t)
	const secret = "s3cret"
	address := servers.StartRedisTLS(t, a.Issue("redis"), store.UserOf("a.", stream.Planner).Line(">"+secret),
		store.UserOf("[a-z].", stream.Executor).Line(">"+secret), "user default off")
	open := func(config store.Config) *store.Store {
		t.Helper()
		config.Addresses = []string{address}
		s, err := store.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	own := open(store.Config{TLS: a.Client(), Username: stream.Planner, Password: secret, Namespace: "a."})
	if err := own.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	states := [][]byte{bytes.Repeat([]byte("large"), 2<<20), []byte("small"), nil}
	for n, state := range states {
		epoch := int64(n + 1)
		if err := own.Claim(t.Context(), stream.Planner, 3, epoch, false); err != nil {
			t.Fatal(err)
		}
		if err := own.Save(t.Context(), stream.Planner, 3, epoch, state); err != nil {
			t.Fatal(err)
		}
		got, found, err := own.Load(t.Context(), stream.Planner, 3)
		if err != nil || !found || !bytes.Equal(got, state) {
			t.Fatalf("%d bytes, found %v, %v; want %d", len(got), found, err, len(state))
		}
	}
	if err := own.Save(t.Context(), stream.Planner, 3, 1, nil); !errors.Is(err, store.ErrFenced) {
		t.Errorf("an older owner: %v", err)
	}
	if err := own.Drop(t.Context(), stream.Planner, 3); err != nil {
		t.Error(err)
	}
	lacks := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "lacks a right") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", what, err)
		}
	}
	lacks("another stage's state", own.Save(t.Context(), stream.Executor, 3, 1, nil))
	other := open(store.Config{TLS: a.Client(), Username: stream.Planner, Password: secret, Namespace: "b."})
	lacks("another deployment's state", other.Claim(t.Context(), stream.Planner, 3, 1, false))
	_, _, err := other.Load(t.Context(), stream.Planner, 3)
	lacks("reading another deployment's state", err)
	literal := open(store.Config{TLS: a.Client(), Username: stream.Executor, Password: secret, Namespace: "b."})
	lacks("a namespace that looks like a pattern", literal.Claim(t.Context(), stream.Executor, 3, 1, false))

	wrong := open(store.Config{TLS: a.Client(), Username: stream.Planner, Password: "not-" + secret})
	if err := wrong.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), `user "planner": see redis.user`) || strings.Contains(err.Error(), secret) {
		t.Errorf("a wrong password: %v", err)
	}
	if err := open(store.Config{TLS: authority.New(t).Client()}).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server of an unknown authority: %v", err)
	}
	if err := open(store.Config{}).Ping(t.Context()); err == nil {
		t.Error("Redis answered without TLS")
	}
}
