package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config says how to reach Redis.
type Config struct {
	// Addresses are host:port; several stand for the nodes of a cluster.
	Addresses []string
	// Cluster is needed where a single address is a cluster's.
	Cluster  bool
	Username string // an ACL user; empty: the default user
	Password string
	TLS      *tls.Config // nil: plain
	// Namespace keeps deployments apart: the topics' prefix.
	Namespace string
}

// Store is a connection to Redis. It is safe for concurrent use.
type Store struct {
	client    redis.UniversalClient
	namespace string
	user      string
}

// Open returns a store. It does not connect: Ping does.
func Open(config Config) (*Store, error) {
	if len(config.Addresses) == 0 {
		return nil, errors.New("redis: no address: want host:port")
	}
	return &Store{namespace: config.Namespace, user: config.Username, client: redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:         config.Addresses,
		IsClusterMode: config.Cluster || len(config.Addresses) > 1,
		Username:      config.Username,
		Password:      config.Password,
		TLSConfig:     config.TLS,
		DialTimeout:   3 * time.Second,
		ReadTimeout:   10 * time.Second,
		WriteTimeout:  10 * time.Second,
		MaxRetries:    2,
		// Servers before 7.2 refuse what this sends, and whole ACL files that allow it.
		DisableIdentity: true,
	})}, nil
}

// Ping returns nil when Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return s.explain("ping", err)
	}
	return nil
}

// Close ends the connections.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}
