package store

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// Embedded is a Redis within the process, for `drover up` and tests. It keeps
// nothing when it ends.
type Embedded struct{ server *miniredis.Miniredis }

// StartEmbedded starts one on a free loopback port.
func StartEmbedded() (*Embedded, error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	return &Embedded{server: server}, nil
}

// Address returns host:port.
func (e *Embedded) Address() string { return e.server.Addr() }

// Close ends it.
func (e *Embedded) Close() { e.server.Close() }
