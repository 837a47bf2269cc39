package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// dials remembers why the newest connection to a broker failed: the client
// dials again and again, and a caller who runs out of time should hear the
// reason, such as a wrong password or an unknown authority.
type dials struct {
	mu   sync.Mutex
	last error
}

// OnBrokerConnect implements kgo.HookBrokerConnect. The error is that of
// dialling, of TLS or of logging in; nil forgets those before.
func (d *dials) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if errors.Is(err, context.Canceled) {
		return // a client that is closed dials no more
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = err
}

// explain adds the reason to an error that is a lack of time alone.
func (d *dials) explain(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w; the newest connection failed: %w", err, d.last)
}
