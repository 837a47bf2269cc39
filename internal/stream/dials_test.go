package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestLackOfTimeIsExplainedByTheNewestConnection(t *testing.T) {
	refused := errors.New("no such user")
	connect := func(d *dials, err error) { d.OnBrokerConnect(kgo.BrokerMetadata{}, 0, nil, err) }
	late := fmt.Errorf("publish: %w", context.DeadlineExceeded)
	cases := []struct {
		name  string
		dials []error
		err   error
		says  bool
	}{
		{"nothing failed", nil, late, false},
		{"refused", []error{refused}, late, true},
		{"refused, then let in", []error{refused, nil}, late, false},
		{"refused, then closed", []error{refused, context.Canceled}, late, true},
		{"another error", []error{refused}, errors.New("too large"), false},
	}
	for _, c := range cases {
		d := &dials{}
		for _, err := range c.dials {
			connect(d, err)
		}
		if got := d.explain(c.err); strings.Contains(got.Error(), "no such user") != c.says || !errors.Is(got, c.err) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
