package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// User is one Redis user with the least rights that a stage's state needs.
type User struct {
	Name     string
	Keys     string // the pattern of the keys it may touch
	Commands []string
}

// commands are what the store and the client below it send, and what the
// scripts call; cluster, command and readonly are for clusters only.
var commands = []string{"ping", "eval", "evalsha", "script|load", "set", "get",
	"hmget", "hget", "hset", "persist", "exists", "unlink", "cluster|slots", "cluster|shards", "command", "readonly", "asking"}

// UserOf returns the user of a stage in a deployment.
func UserOf(namespace, stage string) User {
	literal := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`)
	return User{Name: stage, Keys: "{drover:" + literal.Replace(namespace+":"+stage) + ":*", Commands: commands}
}

// Line returns the user as a line of an ACL file. The password is said as Redis
// wants it there: ">clear text" or "#" and its SHA-256 in hexadecimal.
func (u User) Line(password string) string {
	return "user " + u.Name + " on " + password + " resetkeys ~" + u.Keys + " resetchannels -@all +" + strings.Join(u.Commands, " +")
}

// explain wraps an error of Redis and says what to do about one that waiting
// won't mend.
func (s *Store) explain(doing string, err error) error {
	var refused redis.Error
	if !errors.As(err, &refused) {
		s.lookAgain()
		return fmt.Errorf("redis: %s: %w", doing, err)
	}
	user := s.user
	if user == "" {
		user = "default"
	}
	switch text := refused.Error(); {
	case strings.HasPrefix(text, "NOPERM"):
		return fmt.Errorf("redis: %s: %w (user %q lacks a right; `drover topics acls --for redis` lists what each service needs)", doing, err, user)
	case strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "NOAUTH"):
		return fmt.Errorf("redis: %s: %w (user %q: see redis.user and redis.password_file)", doing, err, user)
	}
	return fmt.Errorf("redis: %s: %w", doing, err)
}

// lookAgain asks a cluster who its masters are now: a node that doesn't answer may
// have been replaced, and the client would ask only once a minute.
func (s *Store) lookAgain() {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(context.Background())
	}
}
