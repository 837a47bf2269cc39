package format

import (
	"math"
	"net/netip"
	"strings"

	"drover/internal/model"
)

// Hops gathers a traceroute's answers, one entry for each distance and address,
// in the order they came.
type Hops struct{ list []model.Hop }

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
