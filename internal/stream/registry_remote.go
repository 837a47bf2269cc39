package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/twmb/franz-go/pkg/sr"

	"drover/internal/codec"
)

// RemoteRegistry is a registry with Confluent's HTTP interface.
type RemoteRegistry struct {
	client *sr.Client
	prefix string
}

// RegistryLogin says how to log in to a registry; empty fields log in by nothing.
type RegistryLogin struct {
	User, Password string
	TLS            *tls.Config
}

// OpenRemoteRegistry returns a registry at a URL. The prefix is the topics'.
func OpenRemoteRegistry(url, prefix string, login RegistryLogin) (*RemoteRegistry, error) {
	opts := []sr.ClientOpt{sr.URLs(url)}
	if login.User != "" {
		opts = append(opts, sr.BasicAuth(login.User, login.Password))
	}
	if login.TLS != nil {
		opts = append(opts, sr.DialTLSConfig(login.TLS))
	}
	client, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("schema registry %s: %w", url, err)
	}
	return &RemoteRegistry{client: client, prefix: prefix}, nil
}

// Register implements codec.Registry. The subject's policy is set to
// FULL_TRANSITIVE before its first version.
func (r *RemoteRegistry) Register(ctx context.Context, topic, schema string) (int, error) {
	subject := r.prefix + topic + "-value"
	if there, err := r.client.LookupSchema(ctx, subject, sr.Schema{Schema: schema}); err == nil {
		return there.ID, nil
	}
	policy := r.client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject)
	for _, p := range policy {
		if p.Err != nil {
			return 0, fmt.Errorf("schema registry: policy of %s: %w", subject, p.Err)
		}
	}
	made, err := r.client.CreateSchema(ctx, subject, sr.Schema{Schema: schema})
	if err != nil {
		return 0, fmt.Errorf("schema registry: subject %s: %w", subject, err)
	}
	return made.ID, nil
}

// Schema implements codec.Registry.
func (r *RemoteRegistry) Schema(ctx context.Context, id int) (string, error) {
	schema, err := r.client.SchemaByID(ctx, id)
	var refused *sr.ResponseError
	if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return "", fmt.Errorf("id %d: %w", id, codec.ErrUnknownSchema)
	}
	if err != nil {
		return "", fmt.Errorf("schema registry: id %d: %w", id, err)
	}
	return schema.Schema, nil
}
