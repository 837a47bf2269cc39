package format

import (
	"fmt"
	"math"
	"net/netip"
	"strings"

	"drover/internal/model"
)

// Hops gathers a traceroute's answers, one entry for each distance and address,
// in the order they came.
type Hops struct {
	list []model.Hop
	// here counts the entries at the distance of the last one.
	here    int
	crowded bool
}

// Check refuses a trace in which more addresses answered at one hop than any
// route has.
func (h *Hops) Check() error {
	if h.crowded {
		return fmt.Errorf("more than %d addresses at one hop", MostAddresses)
	}
	return nil
}

// Answer adds one answer; a negative rttMillis means that none was measured.
func (h *Hops) Answer(ttl int, address string, rttMillis float64) {
	hop := h.at(ttl, CleanAddress(address))
	if rttMillis >= 0 && rttMillis < 1e9 {
		hop.RTTMicros = append(hop.RTTMicros, int64(math.Round(rttMillis*1000)))
	}
}

// Lose counts a probe without an answer: at the hop's first address where one
// answered, else at a silent hop.
func (h *Hops) Lose(ttl int) {
	for i := len(h.list) - 1; i >= 0 && h.list[i].TTL == ttl; i-- {
		if i == 0 || h.list[i-1].TTL != ttl {
			h.list[i].Lost++
			return
		}
	}
	h.at(ttl, "").Lost++
}

func (h *Hops) at(ttl int, address string) *model.Hop {
	if h.crowded {
		return &h.list[len(h.list)-1] // refused by Check
	}
	for i := len(h.list) - 1; i >= 0 && h.list[i].TTL == ttl; i-- {
		hop := &h.list[i]
		if hop.Address == address {
			return hop
		}
		if hop.Address == "" {
			hop.Address = address
			return hop
		}
	}
	if n := len(h.list); n > 0 && h.list[n-1].TTL == ttl {
		h.here++
	} else {
		h.here = 1
	}
	h.crowded = h.here > MostAddresses
	h.list = append(h.list, model.Hop{TTL: ttl, Address: address})
	return &h.list[len(h.list)-1]
}

// List returns the hops.
func (h *Hops) List() []model.Hop { return h.list }

// CleanAddress returns an address in its usual form: IPv4 within IPv6 as IPv4,
// no zone, lower case. What is no address is returned as it is.
func CleanAddress(s string) string {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return s
}
